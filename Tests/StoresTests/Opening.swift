import Glibc
import TestSupport

/// A descriptor for writing to a file that is there.
func openForWriting(_ path: String) throws -> Int32 {
    let number = open(path, O_RDWR | O_CLOEXEC)
    guard number >= 0 else { throw SystemError("open \(path)") }
    return number
}

/// The permissions of a file or folder.
func mode(of path: String) throws -> mode_t {
    var status = stat()
    guard lstat(path, &status) == 0 else { throw SystemError("lstat \(path)") }
    return status.st_mode & 0o777
}

/// Sets the permissions of a file or folder.
func setMode(_ mode: mode_t, of path: String) throws {
    guard chmod(path, mode) == 0 else { throw SystemError("chmod \(path)") }
}
