import EventLoop

/// A piece of work that is done once and awaited by many.
///
/// It goes on when one of those who wait is cancelled: the others still want it.
final class Flight<Value: Sendable>: Sendable {
    private let task: Task<Value, any Error>

    init(on loop: EventLoop, _ work: @escaping @Sendable () async throws -> Value) {
        task = loop.start(work)
    }

    /// Waits for the result.
    var value: Value {
        get async throws { try await task.value }
    }

    /// Gives the work up.
    func cancel() { task.cancel() }
}
