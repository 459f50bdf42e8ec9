import Glibc

/// A port of this machine that refuses every connection for as long as this object lives: nobody else can get it.
public final class DeadPort: Sendable {
    /// The port's number.
    public let number: Int
    private let descriptor: Int32

    /// Takes a port and does not listen on it.
    public init() {
        (descriptor, number) = LoopbackPort.take()
    }

    deinit { close(descriptor) }
}
