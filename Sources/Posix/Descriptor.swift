package import Glibc

/// An open file that is closed with the last reference to it.
package final class Descriptor: Sendable {
    /// The number.
    package let number: Int32

    /// Takes over an open descriptor.
    package init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// Opens a name in a folder; symbolic links are not followed, and programs that are started do not inherit it.
    package convenience init(_ name: String, in folder: Descriptor, _ flags: Int32, mode: mode_t = 0o600) throws(Errno)
    {
        let number = openat(folder.number, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode)
        guard number >= 0 else { throw .last }
        self.init(number)
    }

    /// Opens what a path names for reading, without waiting for a pipe's other end; nil where it names nothing.
    package convenience init?(following path: String) throws(Errno) {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        if number < 0 {
            let problem = Errno.last
            if problem.isOfAbsence { return nil }
            throw problem
        }
        self.init(number)
    }

    /// What the system tells of it.
    package func status() throws(Errno) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw .last }
        return status
    }

    /// A part from a position on; nothing behind the end.
    package func read(from start: Int, upTo most: Int) throws(Errno) -> [UInt8] {
        var count = 0
        let part = [UInt8](unsafeUninitializedCapacity: most) { buffer, used in
            repeat {
                count = pread(number, buffer.baseAddress!, most, start)
            } while count < 0 && errno == EINTR
            used = max(count, 0)
        }
        if count < 0 { throw .last }
        return part
    }

    /// Everything from a position to the end.
    package func read(from start: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try read(from: start + bytes.count, upTo: 64 << 10)
            if part.isEmpty { return bytes }
            if bytes.isEmpty { bytes = part } else { bytes += part }
        }
    }

    /// Writes bytes at a position.
    package func write(_ bytes: [UInt8], at start: Int) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(number, buffer.baseAddress! + written, buffer.count - written, start + written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            written += count
        }
    }

    /// Copies a range of the file into another one, piece by piece.
    package func copy(_ range: Range<Int>, to other: Descriptor, at start: Int) throws(Errno) {
        var position = range.lowerBound
        while position < range.upperBound {
            let part = try read(from: position, upTo: min(range.upperBound - position, 64 << 10))
            if part.isEmpty { throw Errno(EIO) }
            try other.write(part, at: start + position - range.lowerBound)
            position += part.count
        }
    }

    /// Cuts the file off at a length.
    package func truncate(to length: Int) throws(Errno) {
        guard ftruncate(number, length) == 0 else { throw .last }
    }

    /// Waits until what was written, or the names in a folder, would outlast a power failure.
    package func synchronize() throws(Errno) {
        while fsync(number) != 0 {
            if errno == EINTR { continue }
            throw .last
        }
    }
}
