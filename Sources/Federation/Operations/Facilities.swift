import Diagnostics
import EventLoops
import Logging
import LuaBridge
import Synchronization

/// What the scripts of a runtime have asked for of the system, and what the runtime does for it at its end.
final class Facilities: @unchecked Sendable {
    // Used on `loop`, but for `shutdownTime`, whose number is an atomic, and `runShutdownHandlers`, which goes there.
    private let loop: EventLoop
    private let log: Logger
    /// How many handlers there are for `SIGHUP`.
    var hangUpHandlers = 0
    /// What `mf.watch` watches with; nil where files cannot be watched.
    var watchPath:
        (@Sendable (_ path: String, _ report: @escaping @Sendable ([String]) -> Void) throws -> any PathWatching)?
    /// The figures that scripts keep.
    let metrics = MetricsStore()
    /// Is told that the host is up, and what it does.
    var onReady: (@Sendable (_ status: String?) -> Void)?
    /// What `mf.serve` serves with; nil where there is no server.
    var webServing: WebServing?
    fileprivate var servers: [ObjectIdentifier: ServerView] = [:]

    private struct Handler {
        let number: Int
        let function: LuaFunction
        let timeout: Duration
    }
    private var handlers: [Handler] = []
    private var lastNumber = 0
    private let milliseconds = Atomic<Int>(0)
    /// The calling of the handlers, once it has begun.
    private var run: Task<Void, any Error>?

    init(loop: EventLoop, log: Logger) { (self.loop, self.log) = (loop, log) }

    /// How long the handlers may take, one after another.
    var shutdownTime: Duration { .milliseconds(milliseconds.load(ordering: .relaxed)) }

    /// Has a function called at the end.
    func addShutdownHandler(_ function: LuaFunction, timeout: Duration) -> Int {
        lastNumber += 1
        handlers.append(Handler(number: lastNumber, function: function, timeout: timeout))
        count()
        return lastNumber
    }

    func removeShutdownHandler(_ number: Int) {
        handlers.removeAll { $0.number == number }
        count()
    }

    fileprivate func count() {
        let grace = servers.isEmpty ? Duration.zero : ServerView.grace + .seconds(1)
        let time = handlers.reduce(grace) { $0 + $1.timeout }
        milliseconds.store(Int(min(time, .seconds(1 << 30)) / .milliseconds(1)), ordering: .relaxed)
    }

    /// Calls the functions, the last one first, and waits until all have ended. From any thread.
    func runShutdownHandlers() async {
        let time = shutdownTime
        guard time > .zero else { return }
        do {
            // The deadline ends what computes; each handler has its own for what it waits for.
            try await loop.perform(deadline: time) {
                // Who comes second waits for the same.
                let run = self.run ?? self.loop.start { await self.callHandlers() }
                self.run = run
                try await withTaskCancellationHandler {
                    try await run.value
                } onCancel: {
                    run.cancel()
                }
            }
        } catch MFError.Code.deadlineExceeded {
            log.error("the shutdown handlers took more than \(time)")
        } catch {}
    }

    private func callHandlers() async {
        for ending in servers.values.map({ $0.stop() }) { _ = try? await ending?.value }
        while !Task.isCancelled, let handler = handlers.popLast() {
            let name = "shutdown handler" + (handler.function.place.map { " (\($0))" } ?? "")
            let late = MFError(.deadlineExceeded, "it took more than \(handler.timeout)")
            do {
                _ = try await loop.within(handler.timeout, late: late) {
                    try await handler.function.state.callAsync(handler.function)
                }
            } catch {
                let reason = error is CancellationError ? "it computed for too long" : MFError.text(of: error)
                log.error("\(name) failed: \(reason)", metadata: ["part": "script"])
            }
        }
        handlers = []
        count()
    }
}

// MARK: - Servers

extension Facilities {
    /// Has a server listen. A new generation of a plugin may listen where the old one still does.
    func listen(
        _ address: String, for generation: (number: Int, files: Set<String>),
        _ start: (_ isSuccessor: Bool) throws -> any WebServer
    ) throws -> any WebServer {
        let (number, files) = generation
        return try start(
            number > 1 && servers.values.contains { $0.address == address && !$0.files.isDisjoint(with: files) })
    }

    /// The server that a new generation of the same plugin has begun at the same address.
    func successor(of server: ServerView) -> ServerView? {
        servers.values.first { $0.address == server.address && !$0.files.isDisjoint(with: server.files) }
    }

    func add(_ server: ServerView) {
        servers[ObjectIdentifier(server)] = server
        count()
    }

    func remove(_ server: ServerView) {
        servers[ObjectIdentifier(server)] = nil
        count()
    }
}

/// The watching of a path.
package protocol PathWatching: AnyObject {
    /// Ends it.
    func close()
}
