import NIOCore

/// The connections of a server, so that there are never more than it has descriptors for. On its event loop only.
final class ConnectionRegistry {
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private let limit: Int
    private let stall: TimeAmount
    /// Whether connections end with the answer that is under way.
    private(set) var isFinishing = false
    private var onEmpty: (() -> Void)?
    /// How many connections were accepted and are being set up.
    var arriving = 0

    init(_ limits: ServerLimits) { (limit, stall) = (limits.connections, TimeAmount(limits.stall)) }

    /// Takes a connection in, for which another may have to go.
    ///
    /// - Returns: Whether there is a place for it.
    func add(_ connection: ConnectionHandler) -> Bool {
        if connections.count >= limit {
            guard let spare = oldest(\.idleSince) ?? stalled() else { return false }
            remove(spare)
            spare.closeIdle()
        }
        connections[ObjectIdentifier(connection)] = connection
        return true
    }

    private func oldest(_ since: (ConnectionHandler) -> NIODeadline?) -> ConnectionHandler? {
        connections.values.compactMap { connection in since(connection).map { (since: $0, connection: connection) } }
            .min { $0.since < $1.since }?.connection
    }

    /// The client that has taken nothing of its answer for longest, and for too long to keep others out.
    private func stalled() -> ConnectionHandler? {
        guard let connection = oldest(\.stalledSince), let since = connection.stalledSince, since + stall <= .now()
        else {
            return nil
        }
        return connection
    }

    func remove(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = nil
        if isFinishing, connections.isEmpty { onEmpty.take()?() }
    }

    /// From now on connections end with the answer that is under way, or with that of their next request.
    func beginFinishing() { isFinishing = true }

    /// Has an action run once, when there are no connections.
    func whenEmpty(_ action: @escaping () -> Void) {
        onEmpty = action
        if connections.isEmpty { onEmpty.take()?() }
    }

    /// Closes the connections that wait for a request.
    func closeIdle() {
        for connection in Array(connections.values) where connection.phase == .idle { connection.closeIdle() }
    }
}

/// Counts the connections that a server accepts: they are set up in several steps.
final class ArrivalCounter: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    private let registry: ConnectionRegistry

    init(_ registry: ConnectionRegistry) { self.registry = registry }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        registry.arriving += 1
        context.fireChannelRead(data)
    }
}
