/// Lets one piece of work of a name run at a time; those that come meanwhile wait for their turn.
package final class KeyedSerialQueue {
    private struct Entry {
        let activity: Activity
        /// Nil for the first, which runs.
        var turn: CheckedContinuation<Void, Never>?
    }
    private var queues: [String: [Entry]] = [:]

    /// Makes a queue without work.
    package init() {}

    /// Runs a body as an activity when all that came before it has ended.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when what runs waits for the caller.
    package func inTurn<T>(_ name: String, _ activity: Activity, _ body: () async throws -> T) async throws -> T {
        try await activity.run {
            if let last = queues[name]?.last {
                try await last.activity.awaited {
                    await withCheckedContinuation { queues[name]?.append(Entry(activity: activity, turn: $0)) }
                }
            } else {
                queues[name] = [Entry(activity: activity)]
            }
            defer { passOn(name) }
            return try await body()
        }
    }

    private func passOn(_ name: String) {
        queues[name]?.removeFirst()
        guard let next = queues[name]?.first else { return queues[name] = nil }
        next.turn?.resume()
    }
}
