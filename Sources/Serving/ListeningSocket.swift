import Glibc
import Posix

/// A socket that connections wait at until a server takes them.
public struct ListeningSocket: Sendable {
    /// Where clients connect.
    public enum Address: Sendable, Equatable {
        /// A numeric address, or `localhost`, and a port; 0 lets the system choose.
        case tcp(host: String, port: Int)
        /// The path of a Unix socket.
        case unix(path: String)

        /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:0` or `unix:/run/agent.sock`; nil for other texts.
        public init?(_ text: String) {
            if text.hasPrefix("unix:") {
                let path = text.dropFirst(5)
                guard !path.isEmpty, path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
                self = .unix(path: String(path))
                return
            }
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                return nil
            }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                return nil
            }
            guard !host.isEmpty, !host.utf8.contains(0) else { return nil }
            self = .tcp(host: String(host), port: Int(port))
        }
    }

    let descriptor: Int32
    /// Where it listens; with the port that the system chose.
    public let address: Address
    /// Tells the file of a Unix socket from its successor.
    private let identity: [UInt64]

    /// Starts to listen.
    ///
    /// - Parameter isSuccessor: Whether another socket of this process may listen there still.
    /// - Throws: ``Errno``'s number in a ``Failure`` when the system refuses.
    public init(_ address: Address, isSuccessor: Bool = false) throws(Failure) {
        switch address {
        case .tcp(let host, let port):
            if !isSuccessor, port != 0 {
                // Sockets that share a port would share it with other programs of this user, too: this one finds out.
                close(try Self.bound(host, port, isShared: false).descriptor)
            }
            let (descriptor, chosen) = try Self.bound(host, port, isShared: true)
            (self.descriptor, self.address, identity) = (descriptor, .tcp(host: host, port: chosen), [])
        case .unix(let path):
            descriptor = try Self.bound(path, isSuccessor: isSuccessor)
            self.address = address
            identity = (try? FileTree.status(of: path, followsLinks: false))?.identity ?? []
        }
        guard listen(descriptor, 1024) == 0 else {
            let failure = Failure(errno)
            close(descriptor)
            throw failure
        }
    }

    /// Why there is no socket.
    public struct Failure: Error, Sendable {
        /// The system's number; 0 where there is no such address.
        public let errno: Int32
        init(_ errno: Int32) { self.errno = errno }
    }

    /// Removes the file of a Unix socket, unless another has taken its place.
    func removeFile() {
        guard case .unix(let path) = address,
            (try? FileTree.status(of: path, followsLinks: false))?.identity == identity
        else { return }
        unlink(path)
    }

    private static func bound(_ host: String, _ port: Int, isShared: Bool) throws(Failure) -> (
        descriptor: Int32, port: Int
    ) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | (host == "localhost" ? 0 : AI_NUMERICHOST)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &found) == 0, let found else { throw Failure(0) }
        defer { freeaddrinfo(found) }
        let descriptor = socket(found.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(Glibc.errno) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout.size(ofValue: on)))
        if isShared { setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout.size(ofValue: on))) }
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
            let failure = Failure(Glibc.errno)
            close(descriptor)
            throw failure
        }
        var name = sockaddr_storage()
        var size = socklen_t(MemoryLayout.size(ofValue: name))
        _ = withUnsafeMutableBytes(of: &name) {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        // The port stands at the same place in addresses of both families.
        let chosen = withUnsafeBytes(of: &name) { Int($0[2]) << 8 | Int($0[3]) }
        return (descriptor, chosen)
    }

    private static func bound(_ path: String, isSuccessor: Bool) throws(Failure) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(Glibc.errno) }
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        let isDone = withUnsafeBytes(of: &name) { bytes in
            let address = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            let size = socklen_t(bytes.count)
            if bind(descriptor, address, size) == 0 { return true }
            guard Glibc.errno == EADDRINUSE, isSuccessor || isLeft(address, size) else { return false }
            unlink(path)
            return bind(descriptor, address, size) == 0
        }
        if isDone { return descriptor }
        let failure = Failure(Glibc.errno)
        close(descriptor)
        throw failure
    }

    /// Whether nobody listens at a socket that is there: a program has ended without removing it.
    private static func isLeft(_ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Bool {
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        let isLeft = connect(probe, address, size) != 0 && Glibc.errno == ECONNREFUSED
        if !isLeft { Glibc.errno = EADDRINUSE }
        return isLeft
    }
}
