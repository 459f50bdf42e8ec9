import Diagnostics
import Glibc

/// One inotify descriptor, and the few calls that are made on it.
struct INotify {
    /// What the kernel says about one name of one watched directory.
    struct Event {
        let watch: Int32
        let mask: Mask
        let name: String
    }

    /// The bits of an event, and of what is asked for.
    struct Mask: OptionSet {
        let rawValue: UInt32

        private init(bits: Int32) { rawValue = UInt32(bitPattern: bits) }
        init(rawValue: UInt32) { self.rawValue = rawValue }

        static let modified = Mask(bits: IN_MODIFY)
        static let attributes = Mask(bits: IN_ATTRIB)
        static let closedAfterWriting = Mask(bits: IN_CLOSE_WRITE)
        static let movedAway = Mask(bits: IN_MOVED_FROM)
        static let movedHere = Mask(bits: IN_MOVED_TO)
        static let created = Mask(bits: IN_CREATE)
        static let deleted = Mask(bits: IN_DELETE)
        static let directoryGone: Mask = [
            Mask(bits: IN_DELETE_SELF), Mask(bits: IN_MOVE_SELF), Mask(bits: IN_UNMOUNT), Mask(bits: IN_IGNORED),
        ]
        static let watchEnded = Mask(bits: IN_IGNORED)
        static let isDirectory = Mask(bits: IN_ISDIR)
        static let overflow = Mask(bits: IN_Q_OVERFLOW)

        /// A name was made, removed or moved: the path may lead elsewhere now.
        static let structure: Mask = [.created, .deleted, .movedAway, .movedHere]

        /// What is asked of a directory that a path only passes through.
        static let passage: Mask = [.structure, Mask(bits: IN_DELETE_SELF), Mask(bits: IN_MOVE_SELF)]

        /// What is asked of the directory that holds the file itself.
        static let residence: Mask = [.passage, .modified, .attributes, .closedAfterWriting]
    }

    let descriptor: Int32

    /// Opens a descriptor.
    ///
    /// - Throws: ``MFError`` with `RELOAD-004` if the system gives none.
    init() throws {
        descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor < 0 { throw MFError.cannotWatch(path: nil, errno: errno) }
    }

    /// Watches a directory, adding to what was asked of it before.
    ///
    /// - Returns: The watch, the same for the same directory by whatever path, or nothing if the directory is not there
    ///   or may not be read.
    /// - Throws: ``MFError`` with `RELOAD-004` if the system has no watch left.
    func watch(directory: String, for mask: Mask) throws -> Int32? {
        let bits = mask.rawValue | UInt32(bitPattern: IN_ONLYDIR | IN_MASK_ADD)
        let watch = inotify_add_watch(descriptor, directory, bits)
        if watch >= 0 { return watch }
        switch errno {
        case ENOSPC, ENOMEM: throw MFError.cannotWatch(path: directory, errno: errno)
        default: return nil
        }
    }

    /// Ends a watch.
    func unwatch(_ watch: Int32) {
        inotify_rm_watch(descriptor, watch)
    }

    /// Takes every event that is waiting.
    func drain(_ handle: (Event) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 16384, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return }
                var offset = 0
                while offset < count {
                    let start = buffer.baseAddress! + offset
                    let event = start.load(as: inotify_event.self)
                    let name = start + MemoryLayout<inotify_event>.size
                    handle(
                        Event(
                            watch: event.wd, mask: Mask(rawValue: event.mask),
                            name: event.len == 0 ? "" : String(cString: name.assumingMemoryBound(to: CChar.self))))
                    offset += MemoryLayout<inotify_event>.size + Int(event.len)
                }
            }
        }
    }
}
