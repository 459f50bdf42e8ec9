import Glibc

/// A port of this machine that accepts every connection for as long as this object lives, and never answers.
public final class SilentPort: Sendable {
    /// The port's number.
    public let number: Int
    private let descriptor: Int32

    /// Takes a port and listens on it.
    public init() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                precondition(bind(descriptor, address, size) == 0, "no port to be had")
                getsockname(descriptor, address, &size)
            }
        }
        // The system accepts what nobody takes.
        precondition(listen(descriptor, 64) == 0, "cannot listen")
        self.descriptor = descriptor
        number = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
