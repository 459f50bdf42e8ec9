import Diagnostics
import EventLoops
import Federation
import Glibc
import HotReload
import Logging
import LuaBridge
import Synchronization

/// A runtime with what the command line gives it to do.
struct Session: Sendable {
    let runtime: Runtime
    private let invocation: Invocation
    private let reloader: HotReloader
    private let failures = Failures()

    /// Whether a task has failed that nobody waited for.
    var hasFailed: Bool { failures.count.load(ordering: .relaxed) > 0 }

    /// Starts a runtime.
    ///
    /// - Parameters:
    ///   - invocation: The script and its arguments.
    ///   - watches: Whether plugin files are watched, whatever the script says.
    ///   - ignoresEnvironment: Whether `LUA_PATH` and `LUA_CPATH` are passed over.
    ///   - plugins: Which plugins are attached.
    init(
        invocation: Invocation, watches: Bool = false, ignoresEnvironment: Bool = false, plugins: PluginChoice
    ) async throws {
        var configuration = RuntimeConfiguration(
            logLevel: LogSettings.current.levels.lowest.rawValue, watchesFiles: watches,
            logger: Logger(label: "mflua") { _ in ConsoleLog(.runtime) },
            onUnhandledError: { [failures] error in
                failures.count.add(1, ordering: .relaxed)
                Terminal.report(error)
            })
        configuration.failsWithNothingLeft = true
        configuration.ignoresEnvironment = ignoresEnvironment
        plugins.apply(to: &configuration, script: invocation.script)
        runtime = try Runtime(configuration: configuration)
        self.invocation = invocation
        let script = invocation.script.flatMap { $0 == "-" ? nil : $0 }
        reloader = try await HotReloader.start(for: runtime, script: watches ? script : nil) { event in
            if case .reload = event { ServiceManager.reloaded() }
            Terminal.note(event.line)
        }
        try await runtime.loop.perform { [runtime] in
            runtime.webServing = { try HostServer($0) }
            runtime.onReady = { ServiceManager.ready($0) }
        }
        try await ServiceManager.watch(runtime)
        Signals.install(for: runtime)
    }

    /// Sets `arg` as `lua` does: the script at 0, its arguments after it, the words before it at negative indices.
    func setArguments() async throws {
        let words = ProcessArguments.all
        let first = invocation.script == nil ? 0 : words.count - invocation.arguments.count - 1
        let entries = words.indices.map { LuaRecord.Entry(key: .integer(Int64($0 - first)), value: .string(words[$0])) }
        try await runtime.loop.perform { [runtime] in
            try runtime.state.globals.set("arg", .record(LuaRecord(entries)))
        }
    }

    /// Has `os.exit` end the script and not the process.
    ///
    /// - Returns: Set when the script has called it.
    func keepFromLeaving() async throws -> LeavingFlag {
        let flag = LeavingFlag()
        let exit = LuaCallable("exit") { _ in
            flag.value.store(true, ordering: .relaxed)
            throw MFError(.luaRuntime, "the script has ended itself by `os.exit`")
        }
        try await runtime.loop.perform { [runtime] in
            try runtime.state.globals.get("os").tableValue?.set("exit", .callable(exit))
        }
        return flag
    }

    /// Has `warn` write, as `lua -W` does.
    func turnWarningsOn() async throws { _ = try await runtime.evaluate("warn('@on')", name: "=(command line)") }

    /// Evaluates `LUA_INIT`, or the file it names behind an `@`, before anything else, as `lua` does.
    func runInit() async throws {
        for name in ["LUA_INIT_5_4", "LUA_INIT"] {
            guard let value = Environment[name] else { continue }
            if value.hasPrefix("@") {
                _ = try await run(Input.read(file: String(value.dropFirst())), chunk: value)
            } else {
                _ = try await run(Array(value.utf8), chunk: "=" + name)
            }
            return
        }
    }

    /// One `-e` or `-l`.
    func perform(_ step: Step) async throws {
        switch step.kind {
        case .code:
            _ = try await run(Array(step.text.utf8), chunk: "=(command line)")
        case .module:
            let parts = step.text.split(separator: "=", maxSplits: 1).map(String.init)
            let module = parts.last ?? step.text
            let global = LuaLiteral.quoted(parts.first ?? module)
            let code = "_G[\(global)] = require(\(LuaLiteral.quoted(module)))"
            _ = try await runtime.evaluate(code, name: "=(command line)")
        }
    }

    /// The host script.
    func run(_ script: Script) async throws {
        _ = try await run(script.source(), chunk: script.chunk)
        ServiceManager.ready()
    }

    /// Cancels what is still running and gives everything back.
    func end() async {
        ServiceManager.stopping()
        await reloader.stop()
        await runtime.shutdown()
    }

    private func run(_ source: [UInt8], chunk: String) async throws {
        _ = try await runtime.run(
            script: source, name: chunk, arguments: invocation.arguments, scriptName: invocation.script ?? "mflua")
    }
}

/// Whether a script has called `os.exit`.
final class LeavingFlag: Sendable {
    fileprivate let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }
}

/// How many tasks have failed that nobody waited for.
private final class Failures: Sendable {
    let count = Atomic<Int>(0)
}
