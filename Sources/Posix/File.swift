internal import Glibc

/// Whole files, read and written without Foundation. The calls block.
package enum File {
    /// The content of a file.
    package static func read(_ path: String) throws(Errno) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        return try read(descriptor)
    }

    /// The content of a file as text; bytes that are not UTF-8 become U+FFFD.
    package static func text(of path: String) throws(Errno) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Everything that a descriptor yields until its end. The descriptor stays open.
    package static func read(_ descriptor: Int32) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var count = 0
            let part = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, used in
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            if bytes.isEmpty { bytes = part } else { bytes += part }
        }
    }

    /// The content of a regular file, at most its beginning. Pipes, devices and folders are refused, without waiting.
    package static func readRegular(_ path: String, upTo limit: Int) throws(Refusal) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw Refusal(Errno.last.description) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Refusal(Errno.last.description) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Refusal("it is not a regular file") }
        var bytes: [UInt8] = []
        while bytes.count < limit {
            var count = 0
            let rest = limit - bytes.count
            let part = [UInt8](unsafeUninitializedCapacity: min(rest, 64 << 10)) { buffer, used in
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count == 0 { break }
            if count < 0, errno != EINTR { throw Refusal(Errno.last.description) }
            bytes += part
        }
        return bytes
    }

    /// Why a file is not read.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// The content of a file that is no folder; nil where there is more than `limit`. Pipes are read to their end.
    package static func readOrdinary(_ path: String, upTo limit: Int) throws(Errno) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            let part = try read(descriptor, upTo: 64 << 10)
            if part.isEmpty { return bytes }
            bytes += part
        }
        return nil
    }

    /// What one call reads; nothing at the end.
    private static func read(_ descriptor: Int32, upTo most: Int) throws(Errno) -> [UInt8] {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, used in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
            } while count < 0 && errno == EINTR
            used = max(count, 0)
        }
        if count < 0 { throw .last }
        return bytes
    }

    /// Replaces the content of a file, or makes the file.
    package static func write(_ text: String, to path: String) throws(Errno) {
        try write(Array(text.utf8), to: path)
    }

    /// Replaces the content of a file, or makes the file.
    ///
    /// - Parameter mode: The permissions of the file, whatever the umask; nil: those that the umask leaves a new file.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32? = nil) throws(Errno) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .last }
        defer { close(descriptor) }
        if let mode, fchmod(descriptor, mode) != 0 { throw .last }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Gives a file or folder another name, in one step; a file of that name is replaced.
    package static func move(_ path: String, to other: String) throws(Errno) {
        guard rename(path, other) == 0 else { throw .last }
    }

    /// Whether a path names something.
    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Whether a path names something that this process may read.
    package static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
