/// The first of several outcomes of one piece of work: what it ends with, or what ends it early. One waits for it.
package final class FirstOutcome<T: Sendable>: @unchecked Sendable {
    // Written by the work, by timers and by whoever ends it early, all of which run on one loop.
    private var outcome: Result<T, any Error>?
    private var continuation: CheckedContinuation<T, any Error>?

    package init() {}

    /// Gives an outcome, unless there is one.
    package func finish(_ result: Result<T, any Error>) {
        guard outcome == nil else { return }
        outcome = result
        continuation?.resume(with: result)
        continuation = nil
    }

    /// Waits for the outcome.
    package func value() async throws -> T {
        if let outcome { return try outcome.get() }
        return try await withCheckedThrowingContinuation { continuation = $0 }
    }

    /// Waits for the outcome, or until the task is cancelled.
    ///
    /// - Parameter loop: The loop that everything runs on.
    package func value(cancelledOn loop: EventLoop) async throws -> T {
        try await withTaskCancellationHandler {
            try await value()
        } onCancel: {
            loop.runOnLoop { self.finish(.failure(CancellationError())) }
        }
    }
}

extension EventLoop {
    /// Runs work for at most a while: what is not done by then is cancelled, and waited for no longer. On the loop only.
    ///
    /// - Parameter late: The error then.
    /// - Throws: What the work throws; `late` when its time is up.
    package func within<T: Sendable>(
        _ time: Duration, late: @escaping @autoclosure @Sendable () -> any Error,
        _ work: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        checkOnLoop()
        let first = FirstOutcome<T>()
        let task = start {
            do { first.finish(.success(try await work())) } catch { first.finish(.failure(error)) }
        }
        let timer = schedule(after: time) {
            first.finish(.failure(late()))
            task.cancel()
        }
        defer { cancel(timer) }
        return try await withTaskCancellationHandler {
            try await first.value()
        } onCancel: {
            task.cancel()
        }
    }
}
