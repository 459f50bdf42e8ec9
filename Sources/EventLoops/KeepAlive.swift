/// The work that keeps a runtime alive: spawned tasks, timers, watches.
package final class KeepAlive: @unchecked Sendable {
    // Every member checks that it runs on `loop`; a cancelled wait goes there first.
    private var running: [Int: @Sendable () -> Void] = [:]
    private var nextID = 0
    private var idleWaiters: [Int: CheckedContinuation<Void, any Error>] = [:]
    private let loop: EventLoop

    package init(loop: EventLoop) { self.loop = loop }

    /// Notes work and how to cancel it.
    package func begin(cancel: @escaping @Sendable () -> Void) -> Int {
        loop.checkOnLoop("KeepAlive")
        nextID += 1
        running[nextID] = cancel
        return nextID
    }

    /// Work has ended.
    package func end(_ id: Int) {
        loop.checkOnLoop("KeepAlive")
        running[id] = nil
        guard running.isEmpty else { return }
        let waiters = idleWaiters
        idleWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    /// Waits until nothing is running.
    package func waitUntilIdle() async throws {
        loop.checkOnLoop("KeepAlive")
        guard !running.isEmpty else { return }
        nextID += 1
        let waiter = nextID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    idleWaiters[waiter] = continuation
                }
            }
        } onCancel: {
            loop.runOnLoop { self.idleWaiters.removeValue(forKey: waiter)?.resume(throwing: CancellationError()) }
        }
    }

    /// Cancels everything.
    package func cancelAll() {
        loop.checkOnLoop("KeepAlive")
        for cancel in running.values { cancel() }
    }
}
