import Diagnostics
import EventLoops
import Federation
import Fetch
import Glibc
import Logging
import LuaBridge
import LuaLibrary
import Posix
import Synchronization

/// Runs the tests of a file in a Lua state of their own.
struct SpecRun: Sendable {
    var file: String
    /// A Lua pattern that the names of tests match.
    var filter: String?
    var countsLines = false
    /// How long the file may take.
    var limit = Duration.seconds(60)

    /// What the tests have told so far.
    private final class Results: Sendable {
        let all = Mutex<[SpecResult]>([])

        func add(_ outcome: SpecResult.Outcome, _ name: String, _ message: String? = nil, _ milliseconds: Double = 0) {
            all.withLock {
                $0.append(SpecResult(outcome: outcome, name: name, message: message, milliseconds: milliseconds))
            }
        }
    }

    /// What came of them. What fails outside of a test counts as a test that failed.
    func run() async -> SpecFileResult {
        var result = SpecFileResult(file: file)
        let results = Results()
        do {
            let loop = try EventLoop.start(name: "mflua.test", clock: LoopClock())
            defer {
                loop.stop()
                loop.join()
            }
            let network = SpecNetwork(outside: CurlFetcher(loop: loop), loop: loop)
            let runtime = try Runtime(
                configuration: RuntimeConfiguration(
                    fetcher: network, loop: loop, logLevel: LogSettings.current.levels.lowest.rawValue,
                    logger: Logger(label: "mflua") { _ in ConsoleLog(.runtime) },
                    onUnhandledError: { results.add(.failed, "a task that nobody waited for", $0.rendered()) }))
            do {
                (result.lines, result.code) = try await loop.perform(deadline: limit) {
                    try await run(in: runtime, network, results)
                }
            } catch let error as MFError where error.code == .deadlineExceeded {
                results.add(.failed, file, "the file took longer than \(limit)")
            } catch {
                results.add(.failed, file, (error as? MFError)?.rendered() ?? "\(error)")
            }
            await runtime.shutdown()
        } catch {
            results.add(.failed, file, "\(error)")
        }
        result.results = results.all.withLock { $0 }
        return result
    }

    private func run(
        in runtime: Runtime, _ network: SpecNetwork, _ results: Results
    ) async throws -> (lines: [String: [Int: Int]], code: [String: [Int]]) {
        let state = runtime.state
        let counts = try state.makeTable()
        if countsLines { try state.countLines(in: counts) }
        _ = try state.call(state.load(Self.preparation, name: "=mflua test"))
        let (mark, revert) = try await federation(runtime, network)
        let native: LuaRecord = [
            "parts": .record([
                "assertions": .function(try part("assertions", state)), "spies": .function(try part("spies", state)),
            ]),
            "file": .string(file), "filter": filter.map { .string($0) } ?? .nil, "mark": mark, "revert": revert,
            "now": .callable(
                LuaCallable("now") { _ in
                    let time = Self.start.duration(to: .now).components
                    return [.number(Double(time.seconds) * 1e3 + Double(time.attoseconds) / 1e15)]
                }),
            "tell": .callable(
                LuaCallable("tell") { call in
                    let outcome = SpecResult.Outcome(rawValue: try call.string(0)) ?? .failed
                    results.add(
                        outcome, try call.string(1), call[2].stringValue ?? (call[2].isNil ? nil : "\(call[2])"),
                        call[3].doubleValue ?? 0)
                    return []
                }),
        ]
        let runner = try state.call(try part("runner", state), [.record(native)])
        guard case .function(let run)? = runner.first else { return ([:], [:]) }
        let chunk = try state.load(try File.read(file), name: "@" + file)
        _ = try await state.callAsync(run, [.function(chunk)])
        return countsLines ? try coverage(of: counts, state) : ([:], [:])
    }

    private static let start = ContinuousClock.now

    /// Where modules are looked for, as busted does it; and `os.exit` does not end the other files' tests.
    private static let preparation = """
        package.path = "./src/?.lua;./src/?/init.lua;./?.lua;./?/init.lua;" .. package.path
        function os.exit() error("os.exit was called in a test", 2) end
        """

    private func part(_ name: String, _ state: LuaState) throws -> LuaFunction {
        try state.load(LuaLibrary.source(of: "spec/\(name).lua"), name: "=mflua test")
    }

    /// Gives the spec's `mf` its `mf.test`.
    ///
    /// - Returns: The functions that mark where a test begins, and end what it has begun since.
    private func federation(_ runtime: Runtime, _ network: SpecNetwork) async throws -> (LuaValue, LuaValue) {
        let state = runtime.state
        let library = try state.call(state.load("return require('mf')", name: "=mflua test")).first?.tableValue
        let native: LuaRecord = [
            "hooks": .array(Lifecycle.all.map { .string($0.name) }),
            "serve": .callable(
                LuaCallable("serve") { call in
                    network.serve(try call.string(0), try call.string(1), call[2].bytesValue ?? [])
                    return []
                }),
            "fail": .callable(
                LuaCallable("fail") { call in
                    network.fail(try call.string(0), try Self.failure(call[1]))
                    return []
                }),
            "advance": .callable(
                LuaCallable(async: "advance") { [loop = runtime.loop] call in
                    guard let duration = call[0].stringValue.flatMap({ Duration(text: $0) }) else {
                        throw MFError(
                            .luaRuntime, "mf.test.clock:advance: a time is a text such as \"30s\", got \(call[0])")
                    }
                    await loop.advance(by: duration)
                    return []
                }),
        ]
        let parts = try state.call(
            try part("federation", state), [library.map { .table($0) } ?? .nil, .record(native)])
        guard parts.count == 4 else { throw MFError(.luaRuntime, "lua/spec/federation.lua did not return four values") }
        try library?.set("test", parts[0])
        try await runtime.provide("mf.test.exposes", parts[1])
        return (parts[2], parts[3])
    }

    private static func failure(_ value: LuaValue) throws -> SpecNetwork.Failure? {
        if let status = value.intValue { return .status(status) }
        guard let text = value.stringValue else { return nil }
        switch text {
        case "timeout": return .timeout
        case "corrupt": return .corrupt
        default:
            guard let delay = Duration(text: String(text.dropFirst("slow ".count))) else {
                throw MFError(.luaRuntime, "mf.test.net.fail: \"slow 2s\" names a time with its unit, got \"\(text)\"")
            }
            return .slow(delay)
        }
    }

    /// How often the lines of files below the working folder ran, and which hold code.
    private func coverage(
        of counts: LuaTable, _ state: LuaState
    ) throws -> (lines: [String: [Int: Int]], code: [String: [Int]]) {
        let linesOfCode = try state.call(try part("coverage", state)).first
        guard case .function(let linesOfCode)? = linesOfCode else { return ([:], [:]) }
        var (lines, code): ([String: [Int: Int]], [String: [Int]]) = ([:], [:])
        for (name, runs) in try counts.pairs() {
            guard let name = name.stringValue, let runs = runs.tableValue, name != file, !name.hasPrefix("/"),
                !name.hasSuffix("_spec.lua")
            else { continue }
            let path = name.hasPrefix("./") ? String(name.dropFirst(2)) : name
            let found = try state.call(linesOfCode, [.string(name)]).first?.tableValue
            code[path] = try found?.pairs().compactMap { $0.1.intValue } ?? []
            for (line, count) in try runs.pairs() {
                guard let line = line.intValue, let count = count.intValue else { continue }
                lines[path, default: [:]][line] = count
            }
        }
        return (lines, code)
    }
}
