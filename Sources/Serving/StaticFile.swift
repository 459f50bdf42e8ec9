import Glibc
import Posix

/// A regular file below a folder, as a server answers with it: small ones are read whole, large ones stay open.
struct StaticFile {
    /// Why there is none.
    enum Failure: Error, Equatable {
        /// There is no such file, or it must not be seen.
        case missing
        /// It cannot be read at the moment: no descriptor or memory is left, or another process is writing to it.
        case unavailable(String)
    }

    /// What is answered with.
    enum Content {
        case bytes([UInt8])
        case open(descriptor: Int32, ServedFile.Version)
    }

    let content: Content
    let size: Int
    /// When the content was last changed, in seconds since 1970.
    let modified: Int
    /// A strong validator of the content.
    let entityTag: String

    /// Larger files are not read into memory.
    private static let largestWhole = 128 << 10
    /// The kernel's time stamps go in steps of some milliseconds: two writes closer than this may share one.
    private static let stampStep: useconds_t = 20_000
    private static let attempts = 5

    /// Opens `path` below `root`.
    ///
    /// Where it lies is asked of the open descriptor, so a link swapped in between changes nothing.
    ///
    /// - Throws: ``Failure``.
    init(_ path: String, inside root: String, showsHidden: Bool) throws(Failure) {
        guard let folder = realpath(root, nil) else { throw Self.failure(errno) }
        defer { free(folder) }
        let base = String(cString: folder)
        // Without O_NONBLOCK a FIFO in the folder would hold the server.
        let descriptor = open(base + "/" + path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure(errno) }
        var isKept = false
        defer { if !isKept { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let place = Self.place(of: descriptor) ?? Self.realPath(base + "/" + path)
        else { throw .missing }
        let prefix = base == "/" ? base : base + "/"
        guard place.hasPrefix(prefix), showsHidden || !Self.isHidden(place.dropFirst(prefix.count)) else {
            throw .missing
        }
        for _ in 0..<Self.attempts {
            let version = ServedFile.Version(status)
            if version.size <= Self.largestWhole {
                // As long as it is not read whole in one state, another try is cheap.
                let file = ServedFile.read(descriptor, at: 0, count: version.size)
                if let bytes = file, ServedFile.version(of: descriptor) == version {
                    (content, size, entityTag) = (.bytes(bytes), bytes.count, Self.tag(of: bytes))
                    modified = status.st_mtim.tv_sec
                    return
                }
            } else {
                // From here on a write is a new time stamp.
                if Self.isFresh(status.st_mtim) { usleep(Self.stampStep) }
                if ServedFile.version(of: descriptor) == version {
                    (content, size, entityTag) = (
                        .open(descriptor: descriptor, version), version.size, Self.tag(of: status)
                    )
                    modified = status.st_mtim.tv_sec
                    isKept = true
                    return
                }
            }
            guard fstat(descriptor, &status) == 0 else { throw .missing }
        }
        throw .unavailable("another process is writing to it")
    }

    /// Whether a path has a part that begins with a dot.
    static func isHidden(_ path: some StringProtocol) -> Bool {
        path.split(separator: "/").contains { $0.first == "." }
    }

    private static func failure(_ code: Int32) -> Failure {
        switch code {
        case EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, EIO, ENOBUFS:
            .unavailable(Errno(code).description)
        default: .missing
        }
    }

    /// The size and a hash (FNV-1a) of the content: two writes can share a time stamp, and a copy of the same bytes is no
    /// news.
    private static func tag(of bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"\(String(bytes.count, radix: 16))-\(String(hash, radix: 16))\""
    }

    /// Of a large file: which it is, its size, and when it was changed.
    private static func tag(of status: stat) -> String {
        let numbers = [
            Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(bitPattern: UInt(status.st_ino)),
        ]
        return "\"\(numbers.map { String(UInt(bitPattern: $0), radix: 16) }.joined(separator: "-"))\""
    }

    private static func isFresh(_ time: timespec) -> Bool {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let passed = (now.tv_sec - time.tv_sec) * 1_000_000 + (now.tv_nsec - time.tv_nsec) / 1000
        return passed < Int(stampStep)
    }

    /// Where there is no /proc to ask.
    private static func realPath(_ path: String) -> String? {
        guard let place = realpath(path, nil) else { return nil }
        defer { free(place) }
        return String(cString: place)
    }

    private static func place(of descriptor: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let count = readlink("/proc/self/fd/\(descriptor)", buffer.baseAddress!, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(validating: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
