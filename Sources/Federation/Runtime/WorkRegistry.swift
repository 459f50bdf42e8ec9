/// The work that keeps a runtime alive: spawned tasks, timers, watches.
final class WorkRegistry: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var running: [Int: @Sendable () -> Void] = [:]
    private var nextID = 0
    private var idleWaiters: [CheckedContinuation<Void, any Error>] = []

    /// Notes work and how to cancel it.
    func begin(cancel: @escaping @Sendable () -> Void) -> Int {
        nextID += 1
        running[nextID] = cancel
        return nextID
    }

    /// Work has ended.
    func end(_ id: Int) {
        running[id] = nil
        guard running.isEmpty else { return }
        let waiters = idleWaiters
        idleWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until nothing is running.
    func waitUntilIdle() async throws {
        guard !running.isEmpty else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { idleWaiters.append($0) }
        } onCancel: {
        }
    }

    /// Cancels everything.
    func cancelAll() {
        for cancel in running.values { cancel() }
    }
}
