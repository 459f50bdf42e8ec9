import EventLoop

/// A piece of work that is done once and awaited by many.
///
/// It goes on when one of those who wait is cancelled: the others still want it. Those who wait go on in the order in
/// which they came.
final class Flight<Value: Sendable>: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private typealias Waiter = CheckedContinuation<Value, any Error>
    private let loop: EventLoop
    private var result: Result<Value, any Error>?
    private var waiters: [(number: Int, waiter: Waiter)] = []
    private var lastNumber = 0

    init(on loop: EventLoop, _ work: @escaping @Sendable () async throws -> Value) {
        self.loop = loop
        loop.start {
            do { self.land(.success(try await work())) } catch { self.land(.failure(error)) }
        }
    }

    private func land(_ result: Result<Value, any Error>) {
        self.result = result
        let waiters = waiters
        self.waiters = []
        for (_, waiter) in waiters { waiter.resume(with: result) }
    }

    /// Waits for the result.
    var value: Value {
        get async throws {
            if let result { return try result.get() }
            lastNumber += 1
            let number = lastNumber
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { waiters.append((number, $0)) }
            } onCancel: {
                loop.submit { self.leave(number) }
            }
        }
    }

    /// Somebody does not want to wait any more.
    private func leave(_ number: Int) {
        guard let position = waiters.firstIndex(where: { $0.number == number }) else { return }
        waiters.remove(at: position).waiter.resume(throwing: CancellationError())
    }
}
