import NIOCore

/// The connections of a server, so that there are never more than it has descriptors for. On its event loop only.
final class ConnectionRegistry {
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes a connection in, for which another may have to go.
    ///
    /// - Returns: Whether there is a place for it.
    func add(_ connection: ConnectionHandler) -> Bool {
        if connections.count >= limit {
            let idle = connections.values.filter { $0.idleSince != nil }
            guard let oldest = idle.min(by: { $0.idleSince! < $1.idleSince! }) else { return false }
            remove(oldest)
            oldest.closeIdle()
        }
        connections[ObjectIdentifier(connection)] = connection
        return true
    }

    func remove(_ connection: ConnectionHandler) { connections[ObjectIdentifier(connection)] = nil }
}
