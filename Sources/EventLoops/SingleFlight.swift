internal import Diagnostics

/// Work that is done once and awaited by many.
///
/// It goes on when one of those who wait is cancelled: the others still want it. Those who wait resume in the order in
/// which they came. A wait that would close a circle throws `LOAD-001`. When nobody waits any more it goes on, too, unless
/// it is made to end then, or computes: code that computes is stopped when the loop is interrupted.
package final class SingleFlight<Value: Sendable>: @unchecked Sendable {
    // Making one and waiting for it check that they run on `loop`; its work and cancelled waits are brought there.
    private typealias Waiter = CheckedContinuation<Value, any Error>
    private let loop: EventLoop
    /// The work, as those who wait for it see it.
    package let activity: Activity
    private var result: Result<Value, any Error>?
    private var waiters: [(number: Int, waiter: Waiter)] = []
    private var lastNumber = 0
    private let audience = Audience()
    private let endsUnawaited: Bool
    private var task: Task<Void, any Error>?
    /// Whether it was cancelled because nobody waited any more.
    package private(set) var isAbandoned = false

    /// Starts work. What it waits for, it waits for as `activity`. On the loop only.
    ///
    /// - Parameters:
    ///   - atOnce: Whether the first part of the work, up to where it first waits, is done when this returns.
    ///   - endsUnawaited: Whether the work is cancelled when the last one who waits is.
    package init(
        on loop: EventLoop, _ activity: Activity, atOnce: Bool = false, endsUnawaited: Bool = false,
        _ work: @escaping @Sendable () async throws -> Value
    ) {
        loop.checkOnLoop("SingleFlight")
        self.loop = loop
        self.activity = activity
        self.endsUnawaited = endsUnawaited
        let landing: @Sendable () async throws -> Void = { [self] in
            do { land(.success(try await work())) } catch { land(.failure(error)) }
        }
        Activity.$running.withValue(activity) {
            Audience.$current.withValue(audience) {
                let task = atOnce ? loop.startNow(landing) : loop.start(landing)
                if result == nil { self.task = task }
            }
        }
    }

    /// Work that is done already.
    package init(on loop: EventLoop, _ value: Value) {
        self.loop = loop
        activity = Activity("")
        endsUnawaited = false
        result = .success(value)
    }

    private func land(_ result: Result<Value, any Error>) {
        self.result = result
        audience.end()
        task = nil
        let waiters = waiters
        self.waiters = []
        for (_, waiter) in waiters { waiter.resume(with: result) }
    }

    /// The result, waited for.
    ///
    /// - Throws: what the work throws; ``MFError`` with `LOAD-001` when the work waits for the caller.
    package var value: Value {
        get async throws {
            loop.checkOnLoop("SingleFlight")
            if let result { return try result.get() }
            return try await activity.awaited { try await landing() }
        }
    }

    /// Waits until the work has ended, one way or the other.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when the work waits for the caller.
    package func ending() async throws {
        loop.checkOnLoop("SingleFlight")
        if result == nil { try await activity.awaited { _ = try? await landing() } }
    }

    private func landing() async throws -> Value {
        if let result { return try result.get() }
        lastNumber += 1
        let number = lastNumber
        audience.join(number)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters.append((number, continuation))
                }
            }
        } onCancel: {
            // The work may come to compute much later, when nobody looks after it.
            if audience.leave(number) { loop.interrupt(until: audience.isOver) }
            loop.runOnLoop { self.leave(number) }
        }
    }

    /// Cancels one waiter.
    private func leave(_ number: Int) {
        guard let position = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: position).waiter.resume(throwing: CancellationError())
        guard endsUnawaited, waiters.isEmpty, let task else { return }
        isAbandoned = true
        task.cancel()
    }
}
