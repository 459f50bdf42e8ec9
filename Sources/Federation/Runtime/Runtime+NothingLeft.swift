import Diagnostics
import EventLoops

extension Runtime {
    /// Runs a body, and fails in its place when it waits and nothing is left that could end that wait.
    ///
    /// - Parameter waits: What waits for what, for the message.
    func failingWithNothingLeft<T: Sendable>(
        _ waits: @escaping @Sendable () -> [String], _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        guard configuration.failsWithNothingLeft else { return try await body() }
        let race = Race<T>()
        let task = loop.start { race.finish(await Result { try await body() }) }
        awaitStarving(of: race, waits)
        defer { loop.onStarved = nil }
        return try await withTaskCancellationHandler {
            try await race.value()
        } onCancel: {
            task.cancel()
        }
    }

    /// Ends a race when neither this process nor a worker has anything left to do.
    private func awaitStarving<T: Sendable>(of race: Race<T>, _ waits: @escaping @Sendable () -> [String]) {
        loop.onStarved = { [unowned self] in
            let workers = registry.hosts.flatMap(\.tenants.busyWorkers)
            if workers.isEmpty { return race.finish(.failure(MFError.nothingLeft(waits()))) }
            loop.start {
                for worker in workers { await worker.peer.untilIdle() }
                if !race.isOver { self.awaitStarving(of: race, waits) }
            }
        }
    }
}

/// The first of two outcomes.
private final class Race<T: Sendable>: @unchecked Sendable {
    // Settled by the wait and by `onStarved`, both of the runtime's loop.
    private var outcome: Result<T, any Error>?
    var isOver: Bool { outcome != nil }
    private var continuation: CheckedContinuation<T, any Error>?

    func finish(_ result: Result<T, any Error>) {
        guard outcome == nil else { return }
        outcome = result
        continuation?.resume(with: result)
    }

    func value() async throws -> T {
        if let outcome { return try outcome.get() }
        return try await withCheckedThrowingContinuation { continuation = $0 }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension MFError {
    /// The script, or the last tasks, wait for what cannot come.
    static func nothingLeft(_ waits: [String]) -> MFError {
        MFError(
            .nothingLeft, "nothing is left that could end the wait of \(waits.joined(separator: ", of "))",
            hint: "end the wait where it begins: `mflua explain LOAD-003` says more")
    }
}
