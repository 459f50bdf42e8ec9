import Glibc

/// A regular file below a folder, read whole.
struct StaticFile {
    let bytes: [UInt8]
    /// When the content was last changed, in seconds since 1970.
    let modified: Int

    /// Opens `path` below `root`; nil when there is no such regular file, or when it really lies elsewhere.
    ///
    /// Where it lies is asked of the open descriptor, so a link swapped in between changes nothing.
    init?(_ path: String, inside root: String) {
        guard let folder = realpath(root, nil) else { return nil }
        defer { free(folder) }
        let base = String(cString: folder)
        // Without O_NONBLOCK a FIFO in the folder would hold the server.
        let descriptor = open(base + "/" + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let place = Self.place(of: descriptor), place.hasPrefix(base == "/" ? base : base + "/"),
            let bytes = Self.read(descriptor, sizeHint: Int(status.st_size))
        else { return nil }
        self.bytes = bytes
        modified = status.st_mtim.tv_sec
    }

    /// A strong validator: the size and a hash (FNV-1a) of the content.
    ///
    /// Not of the time: two writes can share a time stamp, and a copy of the same bytes is no news.
    var entityTag: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"\(String(bytes.count, radix: 16))-\(String(hash, radix: 16))\""
    }

    private static func place(of descriptor: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let count = readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func read(_ descriptor: Int32, sizeHint: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var capacity = sizeHint + 1
        while true {
            var count = 0
            let part = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, used in
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            if bytes.isEmpty { bytes = part } else { bytes += part }
            capacity = 64 << 10
        }
    }
}
