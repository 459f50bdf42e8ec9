internal import Diagnostics
internal import Glibc
internal import Synchronization

extension EventLoop {
    /// Signals the loop's thread (`SIGURG`), so that code that computes there looks whether its task was cancelled. From
    /// anywhere; nothing happens where nothing computes.
    package func interrupt() {
        inbox.whileRunning {
            let thread = threadID.load(ordering: .acquiring)
            if thread != 0 { pthread_kill(pthread_t(thread), SIGURG) }
        }
    }

    /// Interrupts the loop now, and again and again until something has ended: a signal can come too early, or be spent
    /// on other code.
    package func interrupt(until ended: OnceFlag) {
        interrupt()
        Task.detached {
            var gap = Duration.milliseconds(2)
            while true {
                try? await pause(for: gap)
                if ended.isSet { return }
                self.interrupt()
                gap = min(gap * 2, .milliseconds(50))
            }
        }
    }

    /// Runs a closure on the loop and waits for its result, at most for a while. From anywhere.
    ///
    /// When the time is up the closure's task is cancelled, which also stops Lua code that computes in it. A closure that
    /// goes on all the same, or another one that keeps the loop's thread busy, is waited for no longer.
    ///
    /// ```swift
    /// let answer = try await loop.perform(deadline: .seconds(2)) { try await state.callAsync(function) }
    /// ```
    ///
    /// - Parameter deadline: How long it may take, counted from the call; nil: any time.
    /// - Throws: What the closure throws; ``MFError`` with `LUA-013` when the time is up, `LUA-010` when the loop has
    ///   stopped; `CancellationError` when the caller is cancelled.
    public func perform<T: Sendable>(
        deadline: Duration?, _ body: @Sendable @escaping () async throws -> T
    ) async throws -> T {
        guard let deadline else { return try await perform(body) }
        if inbox.stopRequested { throw MFError.loopStopped(name) }
        let race = Race<T>()
        let task = start { [race] in
            do { race.settle(.success(try await body())) } catch {
                race.settle(.failure(race.isLate.isSet ? MFError.deadlineExceeded(deadline, cause: error) : error))
            }
        }
        // Clamped: the clock traps where a time cannot be counted in nanoseconds.
        let wait = min(max(deadline, .zero), .seconds(1 << 30))
        let timer = Task.detached { [race] in
            try await pause(for: wait)
            race.isLate.set()
            task.cancel()
            self.interrupt(until: race.isOver)
            try await pause(for: Self.patience)
            race.giveUp(MFError.deadlineExceeded(deadline, cause: nil))
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await race.value
        } onCancel: {
            task.cancel()
            self.interrupt(until: race.isOver)
        }
    }

    /// How long a cancelled closure is given to end before it is waited for no longer.
    private static let patience = Duration.milliseconds(250)
}

/// Something that happens once, and can be asked about on any thread.
package final class OnceFlag: Sendable {
    private let value = Atomic<Bool>(false)
    package init() {}
    var isSet: Bool { value.load(ordering: .acquiring) }
    package func set() { value.store(true, ordering: .releasing) }
}

/// A result that one waits for and several may give: the first counts.
private final class Race<T: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<T, any Error>)
        case settled(Result<T, any Error>)
        case taken
    }

    private let state = Mutex(State.open)
    /// Set when the deadline has passed.
    let isLate = OnceFlag()
    /// Set when the work has ended, waited for or not.
    let isOver = OnceFlag()

    /// The work has ended.
    func settle(_ result: Result<T, any Error>) {
        isOver.set()
        give(result)
    }

    /// The work is not waited for any longer.
    func giveUp(_ error: any Error) { give(.failure(error)) }

    private func give(_ result: Result<T, any Error>) {
        let waiter: CheckedContinuation<T, any Error>? = state.withLock { state in
            switch state {
            case .open: state = .settled(result)
            case .waiting(let waiter):
                state = .taken
                return waiter
            case .settled, .taken: break
            }
            return nil
        }
        waiter?.resume(with: result)
    }

    /// The result, waited for once.
    var value: T {
        get async throws {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<T, any Error>? = state.withLock { state in
                    if case .settled(let result) = state {
                        state = .taken
                        return result
                    }
                    state = .waiting(continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        }
    }
}

extension MFError {
    /// A call took longer than its caller allowed.
    static func deadlineExceeded(_ deadline: Duration, cause: (any Error)?) -> MFError {
        MFError(
            .deadlineExceeded, "the deadline of \(deadline) has passed", context: [("deadline", "\(deadline)")],
            hint: "allow more time, or look for a loop that does not end",
            cause: cause is CancellationError ? nil : cause)
    }
}
