internal import Diagnostics

extension EventLoop {
    /// Starts a task that runs on the loop. From anywhere.
    @discardableResult
    public func start<T: Sendable>(_ body: @Sendable @escaping () async throws -> T) -> Task<T, any Error> {
        Task(executorPreference: self) { try await body() }
    }

    /// Starts a task whose first part, up to where it first waits, is done when this returns. On the loop only.
    @discardableResult
    public func startNow<T: Sendable>(_ body: @Sendable @escaping () async throws -> T) -> Task<T, any Error> {
        checkOnLoop()
        return Task.immediate(executorPreference: self) { try await body() }
    }

    /// Runs a closure on the loop and waits for its result. From anywhere; on the loop it is called straight through.
    ///
    /// Cancelling the caller cancels the closure, and stops Lua code that computes in it.
    ///
    /// - Throws: What the closure throws, or an `MFError` with `LUA-010` when the loop has stopped.
    public func perform<T: Sendable>(_ body: @Sendable @escaping () async throws -> T) async throws -> T {
        if isOnLoop { return try await body() }
        if inbox.stopRequested { throw MFError.loopStopped(name) }
        let isCancelled = Task.isCancelled
        let isOver = OnceFlag()
        let task = start {
            defer { isOver.set() }
            // A cancelled caller's closure sees that from its first line on.
            if isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
            return try await body()
        }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
            self.interrupt(until: isOver)
        }
    }

    /// Waits for a while without keeping the loop from other work.
    ///
    /// - Throws: `CancellationError` when the task is cancelled or the loop stops.
    public func sleep(for duration: Duration) async throws {
        guard isOnLoop else {
            return try await perform { try await self.sleep(for: duration) }
        }
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
                if sleeper.isCancelled || isStopping {
                    continuation.resume(throwing: CancellationError())
                } else {
                    sleeper.timer = timers.add(deadline: deadline(after: duration), .resume(continuation))
                }
            }
        } onCancel: {
            runOnLoop { self.cancel(sleeper) }
        }
    }

    /// Lets descriptors, timers and queued jobs run before the task goes on. On the loop only.
    public func yieldToIO() async {
        checkOnLoop()
        await withUnsafeContinuation { yielded.append($0) }
    }

    /// Lets what is queued run before the task goes on. On the loop only.
    public func yieldToQueue() async {
        checkOnLoop()
        await Task.yield()
    }

    /// Lets everything else go first, and of what has given way one owner after another. On the loop only.
    ///
    /// Between two tasks that give way, descriptors, timers and queued jobs run. An owner with many such tasks has no more
    /// turns than one with a single task.
    public func yieldFairly(_ owner: AnyObject) async {
        checkOnLoop()
        await withUnsafeContinuation { turns.append($0, of: ObjectIdentifier(owner)) }
    }

    /// Whether tasks of an owner wait for their turn. On the loop only.
    public func hasTurnsWaiting(_ owner: AnyObject) -> Bool { turns.contains(ObjectIdentifier(owner)) }

    /// Runs an action now when on the loop, else as soon as the loop gets to it.
    public func runOnLoop(_ action: @escaping @Sendable () -> Void) {
        if isOnLoop { action() } else { submit(action) }
    }

    private func cancel(_ sleeper: Sleeper) {
        sleeper.isCancelled = true
        guard let timer = sleeper.timer, case .resume(let continuation) = timers.remove(timer) else { return }
        continuation.resume(throwing: CancellationError())
    }
}

/// One `sleep`.
private final class Sleeper: @unchecked Sendable {
    // Read and written by `sleep`, once on the loop, and by `cancel`, which `runOnLoop` brings there.
    var timer: TimerID?
    var isCancelled = false
}

extension MFError {
    static func loopStopped(_ name: String) -> MFError {
        MFError(.loopStopped, "the event loop `\(name)` has stopped")
    }
}
