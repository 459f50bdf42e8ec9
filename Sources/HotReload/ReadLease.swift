import Glibc

/// Keeps writers out of a file while it is read.
///
/// inotify tells of a write after its effect can be seen; of a file that is emptied to be written anew, on a journalling
/// file system, many milliseconds after. The kernel's lease knows it at once: it is refused while somebody has the file
/// open for writing, and who opens it then waits until the lease has ended.
enum ReadLease {
    /// Nobody writes to the file.
    case held
    /// Somebody may: what is read may be half of it.
    case refused
    /// It is not known: the file is not there, belongs to somebody else, or its file system gives no leases.
    case unavailable

    /// Runs a body with a lease on the file that a path leads to, if that can be had.
    static func hold<T>(_ path: String, _ body: (ReadLease) throws -> T) rethrows -> T {
        // Without O_NONBLOCK, a FIFO in the file's place would stop the thread.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return try body(.unavailable) }
        defer { close(descriptor) }  // which ends the lease
        // A writer who waits is told of by SIGIO, which ends a process, unless another signal is named. This one is
        // passed over where nobody handles it.
        _ = fcntl(descriptor, setSignal, SIGURG)
        if fcntl(descriptor, setLease, Int32(F_RDLCK)) == 0 { return try body(.held) }
        return try body(errno == EAGAIN ? .refused : .unavailable)
    }

    /// Linux's `F_SETSIG` and `F_SETLEASE`, which Glibc's module does not show.
    private static let setSignal: Int32 = 10
    private static let setLease: Int32 = 1024
}
