import Glibc

/// A part of an open file, to be sent in pieces; closed when nobody holds it any more.
public final class ServedFile: Sendable {
    private let descriptor: Int32
    /// The bytes that are sent.
    let range: Range<Int>
    private let version: Version

    /// How many bytes are sent.
    public var count: Int { range.count }

    /// Tells versions of a file apart that is written in place.
    struct Version: Equatable {
        let size: Int
        let modified: timespec
        let changed: timespec
        let links: Int

        init(_ status: stat) {
            size = Int(status.st_size)
            (modified, changed, links) = (status.st_mtim, status.st_ctim, Int(status.st_nlink))
        }

        /// Whether the content is the same, as far as the kernel's time stamps tell. A link that comes or goes (the file is
        /// replaced or deleted) changes a time stamp, too.
        static func == (a: Version, b: Version) -> Bool {
            a.size == b.size && same(a.modified, b.modified) && (same(a.changed, b.changed) || a.links != b.links)
        }

        private static func same(_ a: timespec, _ b: timespec) -> Bool {
            a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec
        }
    }

    /// Takes over a descriptor.
    init(_ descriptor: Int32, _ range: Range<Int>, _ version: Version) {
        (self.descriptor, self.range, self.version) = (descriptor, range, version)
    }

    deinit { close(descriptor) }

    /// A piece of the range; nil when the file is no longer what it was.
    func read(at offset: Int, count: Int) -> [UInt8]? {
        let bytes = Self.read(descriptor, at: range.lowerBound + offset, count: count)
        return Self.version(of: descriptor) == version ? bytes : nil
    }

    /// So many bytes; nil when there are fewer, or they cannot be read.
    static func read(_ descriptor: Int32, at start: Int, count: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            while used < count {
                let got = pread(descriptor, buffer.baseAddress! + used, count - used, off_t(start + used))
                if got < 0, errno == EINTR { continue }
                if got <= 0 { return }
                used += got
            }
        }
        return bytes.count == count ? bytes : nil
    }

    /// What a descriptor's file is now.
    static func version(of descriptor: Int32) -> Version? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Version(status) : nil
    }
}
