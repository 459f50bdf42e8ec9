import Glibc

/// A port of this machine that accepts every connection for as long as this object lives, and never answers.
public final class SilentPort: Sendable {
    /// The port's number.
    public let number: Int
    private let descriptor: Int32

    /// Takes a port and listens on it.
    public init() {
        (descriptor, number) = LoopbackPort.take()
        // The system accepts what nobody takes.
        precondition(listen(descriptor, 64) == 0, "cannot listen")
    }

    deinit { close(descriptor) }
}
