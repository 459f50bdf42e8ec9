internal import Diagnostics

/// Work that is done once and awaited by many.
///
/// It goes on when one of those who wait is cancelled: the others still want it. Those who wait resume in the order in
/// which they came. A wait that would close a circle throws `LOAD-001`.
public final class SingleFlight<Value: Sendable>: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private typealias Waiter = CheckedContinuation<Value, any Error>
    private let loop: EventLoop
    /// The work, as those who wait for it see it.
    public let activity: Activity
    private var result: Result<Value, any Error>?
    private var waiters: [(number: Int, waiter: Waiter)] = []
    private var lastNumber = 0

    /// Starts work. What it waits for, it waits for as `activity`. On the loop only.
    ///
    /// - Parameter atOnce: Whether the first part of the work, up to where it first waits, is done when this returns.
    public init(
        on loop: EventLoop, _ activity: Activity, atOnce: Bool = false,
        _ work: @escaping @Sendable () async throws -> Value
    ) {
        self.loop = loop
        self.activity = activity
        let landing: @Sendable () async throws -> Void = { [self] in
            do { land(.success(try await work())) } catch { land(.failure(error)) }
        }
        Activity.$current.withValue(activity) {
            _ = atOnce ? loop.startNow(landing) : loop.start(landing)
        }
    }

    /// Work that is done already.
    public init(on loop: EventLoop, _ value: Value) {
        self.loop = loop
        activity = Activity("")
        result = .success(value)
    }

    private func land(_ result: Result<Value, any Error>) {
        self.result = result
        let waiters = waiters
        self.waiters = []
        for (_, waiter) in waiters { waiter.resume(with: result) }
    }

    /// The result, waited for.
    ///
    /// - Throws: what the work throws; ``MFError`` with `LOAD-001` when the work waits for the caller.
    public var value: Value {
        get async throws {
            if let result { return try result.get() }
            return try await activity.awaited { try await landing() }
        }
    }

    private func landing() async throws -> Value {
        if let result { return try result.get() }
        lastNumber += 1
        let number = lastNumber
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters.append((number, continuation))
                }
            }
        } onCancel: {
            loop.runOnLoop { self.leave(number) }
        }
    }

    /// Cancels one waiter.
    private func leave(_ number: Int) {
        guard let position = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: position).waiter.resume(throwing: CancellationError())
    }
}
