internal import Glibc

/// A failed system call, by its `errno`.
package struct Errno: Error, Equatable, CustomStringConvertible {
    /// The number, such as `ENOENT`.
    package let code: Int32

    /// An error with a number that a call has returned.
    package init(_ code: Int32) { self.code = code }

    /// The error of this thread's last failed call.
    package static var last: Errno { Errno(errno) }

    /// The system's own words: `No such file or directory`.
    package var description: String { String(cString: strerror(code)) }
}

extension Errno {
    /// Whether there is no such file, or a part of its path is no folder.
    package var isOfAbsence: Bool { code == ENOENT || code == ENOTDIR }
    /// Whether the user has no right to it.
    package var isOfPermission: Bool { code == EACCES || code == EPERM }
    /// Whether descriptors, processes or memory have run out.
    package var isOfResources: Bool { [EMFILE, ENFILE, EAGAIN, ENOMEM].contains(code) }
}
