internal import Glibc
internal import Posix

/// An address that a socket can be connected to, as the system has it.
package struct SocketAddress: Sendable, Equatable {
    let family: Int32
    let bytes: [UInt8]

    /// The address of a Unix socket; nil where the path is too long.
    package init?(unix path: String) {
        var name = sockaddr_un()
        guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path), !path.utf8.contains(0) else { return nil }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
        (family, bytes) = (AF_UNIX, withUnsafeBytes(of: &name) { Array($0) })
    }

    private init(_ info: addrinfo) {
        family = info.ai_family
        bytes = Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    }

    /// The addresses of a host; blocks.
    ///
    /// - Throws: ``NoSuchHost`` with the resolver's words.
    package static func addresses(of host: String, port: UInt16) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else { throw NoSuchHost(reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        var addresses: [SocketAddress] = []
        var next = found
        while let info = next {
            addresses.append(SocketAddress(info.pointee))
            next = info.pointee.ai_next
        }
        return addresses
    }

    /// Why a name has no address.
    package struct NoSuchHost: Error, Sendable {
        package let reason: String
    }
}

extension EventLoop {
    /// Connects a socket that does not block. On the loop only.
    ///
    /// - Parameter isDatagram: Whether it is one for UDP.
    /// - Returns: Its descriptor.
    /// - Throws: ``Errno``; `CancellationError`.
    package func connect(to address: SocketAddress, isDatagram: Bool = false) async throws -> Int32 {
        checkOnLoop()
        let type = isDatagram ? SOCK_DGRAM : SOCK_STREAM
        let flags = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.family, Int32(type.rawValue) | flags, 0)
        guard descriptor >= 0 else { throw Errno.last }
        let failure = address.bytes.withUnsafeBytes {
            Glibc.connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count)) == 0
                ? 0 : errno
        }
        do {
            if failure == EINPROGRESS {
                try await finishConnecting(descriptor)
            } else if failure != 0 {
                throw Errno(failure)
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func finishConnecting(_ descriptor: Int32) async throws {
        let first = FirstOutcome<Void>()
        watch(descriptor: descriptor, for: .write) { _ in
            var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            first.finish(code == 0 ? .success(()) : .failure(Errno(code)))
        }
        defer { unwatch(descriptor: descriptor) }
        try await first.value(cancelledOn: self)
    }
}
