import Glibc

/// How long a server waits for its clients, and how much it takes from them.
public struct ServerLimits: Sendable {
    /// For a request's head, from its first byte on. After that: 408.
    public var head = Duration.seconds(5)
    /// For a request's body, from its head on. After that: 408.
    public var body = Duration.seconds(30)
    /// For the first or next request on a connection. After that it is closed.
    public var idle = Duration.seconds(60)
    /// For a client to take 64 KiB of an answer. After that the connection is closed.
    public var write = Duration.seconds(30)
    /// For a client to take 64 KiB of an answer while others find no place. After that it is closed for one of them.
    public var stall = Duration.seconds(2)
    /// For a client to take notice of a last answer, while what it still sends is thrown away.
    public var linger = Duration.seconds(2)

    /// Bytes of a request's target. Beyond: 414.
    public var targetBytes = 8 << 10
    /// Bytes of a request's header fields. Beyond: 431.
    public var headBytes = 64 << 10
    /// Bytes of a request's body; 0: requests with a body are refused by their head. Beyond: 413.
    public var bodyBytes = 16 << 20

    /// How many connections there are at once. With one more, the one that has been idle longest is closed, or the one
    /// that has stalled longest; if there is none, the new one is answered with 503.
    public var connections: Int

    /// The usual limits; as many connections as there are descriptors for, an open file for each of them included.
    public init() { connections = Self.connectionsThatFit() }

    /// Descriptors that are kept in hand beside connections and their files.
    private static let reserve = 8
    private static let most = 10_000

    private static func connectionsThatFit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
        let descriptors = Int(min(limit.rlim_cur, UInt(2 * most + 1024)))
        let open = (0..<Int32(min(descriptors, 1024))).count { fcntl($0, F_GETFD) >= 0 }
        return max(1, min(most, (descriptors - open - reserve) / 2))
    }
}
