/// Which `file:` URLs a request may read.
public enum FileAccess: Sendable, Equatable {
    /// None.
    case none
    /// Any: for what the host's owner wrote.
    case any
    /// Files below a folder, and nothing that symbolic links lead to outside of it.
    case below(String)
}

/// What a request may reach.
///
/// ```swift
/// request.policy = FetchPolicy(
///     allows: { $0.host == "api.acme.example" }, allowsAddress: { _, address in address != [127, 0, 0, 1] })
/// ```
public struct FetchPolicy: Sendable {
    /// Whether a URL may be asked for: the request's own, and each that a redirect leads to.
    public var allows: @Sendable (_ url: URLParts) -> Bool
    /// Whether an address (4 or 16 bytes) may be connected to for a URL. It is asked about every address that is
    /// connected to, those of redirects and of kept connections included.
    public var allowsAddress: @Sendable (_ url: URLParts, _ address: [UInt8]) -> Bool

    /// Makes a policy.
    public init(
        allows: @escaping @Sendable (_ url: URLParts) -> Bool = { _ in true },
        allowsAddress: @escaping @Sendable (_ url: URLParts, _ address: [UInt8]) -> Bool
    ) {
        (self.allows, self.allowsAddress) = (allows, allowsAddress)
    }
}

/// How much a fetcher may use at a time.
public struct FetchLimits: Sendable, Equatable {
    /// Transfers that run at a time to one server; the rest waits.
    public var transfersPerServer: Int
    /// Transfers that run at a time in all; the rest waits.
    public var transfers: Int
    /// Connections that are kept when nothing uses them.
    public var keptConnections: Int
    /// Bytes of the bodies that are under way, all together; a transfer that needs more fails with `FETCH-006`.
    public var bytesUnderWay: Int
    /// After how long without a transfer all connections are closed; never when nil.
    public var idleTime: Duration?

    /// Makes limits; the defaults are those of a host.
    public init(
        transfersPerServer: Int = 32, transfers: Int = 256, keptConnections: Int = 128, bytesUnderWay: Int = .max,
        idleTime: Duration? = nil
    ) {
        (self.transfersPerServer, self.transfers) = (transfersPerServer, transfers)
        (self.keptConnections, self.bytesUnderWay, self.idleTime) = (keptConnections, bytesUnderWay, idleTime)
    }
}
