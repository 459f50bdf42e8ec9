import Glibc
import Synchronization

/// Ctrl-C at the prompt: ends what a line has begun, or the line that is being typed, and never the session.
final class PromptInterrupt: Sendable {
    private struct State {
        /// Ends the evaluation that is under way.
        var cancel: (@Sendable () -> Void)?
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let pipe = SignalPipe(nonblocking: true)
    /// Has something to read when Ctrl-C came and nothing was being evaluated.
    var descriptor: Int32 { pipe.readEnd }

    /// Ctrl-C was pressed. On the thread that listens for signals.
    ///
    /// - Returns: Whether that was all: code that goes on after it was interrupted is ended with the process.
    func take() -> Bool {
        state.withLock { state in
            guard let cancel = state.cancel else {
                pipe.write(UInt8(SIGINT))
                return true
            }
            guard !state.isCancelled else { return false }
            state.isCancelled = true
            cancel()
            return true
        }
    }

    /// Whether Ctrl-C came while a line was being read; asked once for each time.
    func takeFromReading() -> Bool {
        var isTaken = false
        while pipe.read() != nil { isTaken = true }
        return isTaken
    }

    /// Runs an evaluation that Ctrl-C can end.
    ///
    /// - Throws: What the evaluation throws; ``Interrupted`` when it was ended.
    func evaluating<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        // Under the lock: Ctrl-C may come before this goes on.
        let task = state.withLock { state in
            let task = Task { try await body() }
            state = State(cancel: { task.cancel() })
            return task
        }
        let result = await task.result
        state.withLock { $0 = State() }
        do { return try result.get() } catch is CancellationError { throw Interrupted() }
    }

    /// Ctrl-C ended it.
    struct Interrupted: Error, CustomStringConvertible {
        var description: String { "interrupted!" }
    }
}
