import Diagnostics
import Federation
import LuaBridge
import Serving
import Synchronization

/// One scenario being run: a server of its own, a runtime of its own, and the lines they write.
final class ScenarioRun: Sendable {
    /// How long a scenario may take altogether; each of its steps has a limit of its own.
    static let limit = Duration.seconds(60)

    private let scenario: Scenario
    private let served: ServedKeys
    private let lines = Mutex<[String]>([])

    init(_ scenario: Scenario) {
        self.scenario = scenario
        served = ServedKeys(scenario.served)
    }

    /// Runs the scenario and gives its trace, one JSON object a line.
    func trace() async throws -> String {
        let server = try await HTTPServer.start { [served] in served.reply(to: $0) }
        served.start(base: server.baseURL)
        do {
            try await interpret(base: server.baseURL)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        let written = lines.withLock { $0 } + [JSON.make(("requests", served.requests)).description]
        return written.joined(separator: "\n") + "\n"
    }

    /// What was written so far, for a scenario that failed halfway.
    var partialTrace: String {
        lines.withLock { $0 }.joined(separator: "\n")
    }

    private func interpret(base: String) async throws {
        let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical"))
        do {
            try await Interpreter.run(on: runtime, native: native(base: base, runtime: runtime))
        } catch {
            await runtime.shutdown()
            throw error
        }
        await runtime.shutdown()
    }

    /// What the interpreter cannot do in Lua: the server's control, and the sink of the trace.
    private func native(base: String, runtime: Runtime) -> LuaRecord {
        LuaRecord([
            ("base", .string(base)),
            ("scenario", .string(scenario.text.replacingBase(with: base))),
            (
                "write",
                .callable(
                    LuaCallable("write") { [self] call in
                        let line = try call.string(0)
                        lines.withLock { $0.append(line) }
                        return []
                    })
            ),
            (
                "set_served",
                .callable(
                    LuaCallable("set_served") { [served] call in
                        served.patch(try call.string(0), with: try JSON.parse(call.string(1)).members)
                        return []
                    })
            ),
            (
                "manifest",
                .callable(
                    LuaCallable("manifest") { [served] call in
                        let key = try call.string(0)
                        guard let manifest = served.manifest(of: key) else { throw MFError.notServed(key) }
                        return [.string(manifest.description)]
                    })
            ),
            (
                "publish",
                .callable(
                    LuaCallable(async: "publish") { call in
                        try await runtime.provide("conformance", call[0])
                        return []
                    })
            ),
        ])
    }
}

extension MFError {
    /// A scenario names a key that its server does not serve.
    static func notServed(_ key: String) -> MFError {
        MFError(.badArgument, "nothing is served as `\(key)`")
    }
}

extension ScenarioRun {
    /// Why a scenario was given up.
    struct TookTooLong: Error, CustomStringConvertible {
        var description: String { "it had not ended after \(ScenarioRun.limit)" }
    }

    /// The trace, unless the scenario takes too long; then what still runs is left behind.
    func traceWithinLimit() async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(continuation)
            let watch = Task {
                try await Task.sleep(for: Self.limit)
                waiting.finish(.failure(TookTooLong()))
            }
            Task {
                do {
                    waiting.finish(.success(try await trace()))
                } catch {
                    waiting.finish(.failure(error))
                }
                watch.cancel()
            }
        }
    }

    /// Somebody who waits for the first of several ends.
    private final class Waiting: Sendable {
        private let continuation: Mutex<CheckedContinuation<String, any Error>?>

        init(_ continuation: CheckedContinuation<String, any Error>) {
            self.continuation = Mutex(continuation)
        }

        func finish(_ result: Result<String, any Error>) {
            let waiting = continuation.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            waiting?.resume(with: result)
        }
    }
}
