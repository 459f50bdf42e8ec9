import Glibc

/// What a file system says of a file: another content comes with another status, but for what was written in one tick of
/// its clock.
struct FileStatus: Equatable {
    private let device, inode, size: Int
    private let modified, changed: [Int]

    /// Asks for the status of the file that a path leads to.
    ///
    /// - Returns: Nothing if there is none.
    static func read(_ path: String) -> FileStatus? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStatus(
            device: Int(truncatingIfNeeded: status.st_dev), inode: Int(truncatingIfNeeded: status.st_ino),
            size: Int(status.st_size), modified: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec],
            changed: [status.st_ctim.tv_sec, status.st_ctim.tv_nsec])
    }
}

/// What a file contains, boiled down: two reads of the same bytes have the same fingerprint.
struct FileFingerprint: Equatable {
    private let size: Int
    private let hash: Int

    /// Whether the file has no bytes.
    var isEmpty: Bool { size == 0 }

    /// Reads the file that a path leads to.
    ///
    /// - Returns: Nothing if there is no regular file or it cannot be read.
    static func read(_ path: String) -> FileFingerprint? {
        // Without O_NONBLOCK, a FIFO in the file's place would stop the loop.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 65536, alignment: 16) { buffer in
            var hasher = Hasher()
            var size = 0
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { return nil }
                if count == 0 { break }
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                size += count
            }
            return FileFingerprint(size: size, hash: hasher.finalize())
        }
    }
}
