import Glibc

/// A pipe between a signal handler, which may do next to nothing, and who acts on the signal. It is never closed: a
/// handler may run at any time.
struct SignalPipe: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32
    var isOpen: Bool { readEnd >= 0 }

    /// - Parameter nonblocking: Whether `read` gives nil where it would wait.
    init(nonblocking: Bool = false) {
        var ends: [Int32] = [-1, -1]
        let failed = pipe(&ends) != 0
        for end in ends where !failed {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            if nonblocking { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK) }
        }
        readEnd = failed ? -1 : ends[0]
        writeEnd = failed ? -1 : ends[1]
    }

    /// Safe in a signal handler, but for `errno`.
    func write(_ byte: UInt8) {
        var byte = byte
        _ = Glibc.write(writeEnd, &byte, 1)
    }

    /// The next byte; nil when there is none, or a signal came in between.
    func read() -> UInt8? {
        var byte: UInt8 = 0
        return Glibc.read(readEnd, &byte, 1) == 1 ? byte : nil
    }
}
