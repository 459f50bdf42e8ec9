/// Lets one piece of work of a name run at a time; those that come meanwhile wait for their turn.
final class Turns: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// Runs a body when all that came before it has ended.
    func inTurn<T>(_ name: String, _ body: () async throws -> T) async rethrows -> T {
        if waiting[name] == nil {
            waiting[name] = []
        } else {
            await withCheckedContinuation { waiting[name]?.append($0) }
        }
        defer { passOn(name) }
        return try await body()
    }

    private func passOn(_ name: String) {
        guard var queue = waiting[name], !queue.isEmpty else { return waiting[name] = nil }
        let next = queue.removeFirst()
        waiting[name] = queue
        next.resume()
    }
}
