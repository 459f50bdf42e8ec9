internal import Glibc
import Diagnostics
import Posix
import Synchronization

/// The log of one store, and what it says.
///
/// Changes are appended. Where another process writes, what it appends is read before each answer. All members may be
/// called from any thread, and block for as long as the disk takes.
final class StoreFile: Sendable {
    struct State {
        var contents = StoreContents()
        /// The log; nil where there is none yet.
        var log: Descriptor?
        /// The log's inode: another one is another log.
        var inode: ino_t = 0
        /// Where the last whole record ends.
        var end = 0
        /// Whether this process writes it, and has read all of it.
        var isWriting = false
        /// Whether something was appended that a power failure would take.
        var isDirty = false
        /// The same for the log's name.
        var isNameDirty = false
        /// Whether the log cannot be relied on and is to be written anew.
        var isBroken = false
        /// Counts the logs that replaced others.
        var rewrites = 0

        init() {}

        /// Nothing is known of the log, but that its revisions are not those of another.
        init(after other: State) { contents.follow(other.contents) }
    }

    let identity: StoreIdentity
    let folder: StoreFolder
    let path: String
    private let clock: @Sendable () -> Int64
    private let report: @Sendable (String) -> Void
    let state = Mutex(State())

    /// How much more than its contents a log may have before it is written anew beside the loop, and at once.
    static let slack = 64 << 10
    static let greatestSlack = 4 << 20
    /// No log is longer: more is not ours.
    private static let longest = 1 << 30

    init(
        _ identity: StoreIdentity, in folder: StoreFolder, clock: @escaping @Sendable () -> Int64,
        report: @escaping @Sendable (String) -> Void
    ) {
        (self.identity, self.folder, self.clock, self.report) = (identity, folder, clock, report)
        path = "\(folder.path)/\(identity.fileName)"
    }

    // MARK: - Reading

    func entry(_ key: [UInt8]) throws -> StoreContents.Entry? {
        try state.withLock { state in
            try refresh(&state)
            return state.contents.entry(key, at: clock())
        }
    }

    func keys(prefix: [UInt8]) throws -> [[UInt8]] {
        try state.withLock { state in
            try refresh(&state)
            return state.contents.keys(prefix: prefix, at: clock())
        }
    }

    /// All of it.
    func contents() throws -> StoreContents {
        try state.withLock { state in
            try refresh(&state)
            return state.contents
        }
    }

    /// Reads what another process has written since.
    private func refresh(_ state: inout State) throws {
        if state.isWriting { return }
        guard let folder = try folder.opened() else { return }
        var status = stat()
        guard fstatat(folder.number, identity.fileName, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            let error = Errno.last
            guard error == Errno(ENOENT) else { throw MFError.storeFolder(path, error.description) }
            if state.log != nil { state = State(after: state) }
            return
        }
        if state.log == nil || status.st_ino != state.inode {
            state = State(after: state)
            try open(&state, in: folder)
        } else if Int(status.st_size) == state.end {
            return
        }
        try readOn(&state)
    }

    private func open(_ state: inout State, in folder: Descriptor) throws {
        let log: Descriptor
        do throws(Errno) {
            do throws(Errno) {
                log = try Descriptor(identity.fileName, in: folder, O_RDWR)
            } catch {
                // Reading works also where nothing can be written.
                guard error == Errno(EROFS) || error == Errno(EACCES) else { throw error }
                log = try Descriptor(identity.fileName, in: folder, O_RDONLY)
            }
        } catch {
            guard error != Errno(ENOENT) else { return }
            throw MFError.storeFolder(path, error == Errno(ELOOP) ? "it is a symbolic link" : error.description)
        }
        try self.folder.expectOwn(log, path, S_IFREG)
        (state.log, state.inode) = (log, try io { () throws(Errno) in try log.status() }.st_ino)
    }

    /// Reads the records behind those that are known.
    private func readOn(_ state: inout State) throws {
        guard let log = state.log else { return }
        let size = Int(try io { () throws(Errno) in try log.status() }.st_size)
        guard size <= Self.longest else { throw MFError.storeDamaged(path, "it has \(size) bytes") }
        let bytes = try io { [end = state.end] () throws(Errno) in try log.read(from: end) }
        var start = 0
        if state.end == 0 {
            let magic = StoreRecord.magic
            guard bytes.prefix(magic.count).elementsEqual(magic) else {
                if bytes.prefix(magic.count - 1).elementsEqual(magic.dropLast()), bytes.count >= magic.count {
                    throw MFError.storeDamaged(path, "a later version of mflua has written it")
                }
                return
            }
            start = magic.count
        }
        var owner: [UInt8]?
        let isFirst = state.end == 0
        var contents = state.contents
        let end = StoreRecord.read(bytes, from: start) { record in
            if record.kind == .identity, owner == nil { owner = record.key }
            contents.apply(record)
        }
        if isFirst {
            // A log without its beginning is one that a power failure has kept from the disk.
            guard let owner else { return }
            guard owner == identity.bytes else { throw MFError.storeDamaged(path, "it belongs to another store") }
        }
        state.contents = contents
        state.end += end
    }

    // MARK: - Writing

    /// Changes a value.
    ///
    /// - Throws: ``MFError`` with `STORE-001` over the quota, `STORE-003` when another process writes, `STORE-005`,
    ///   `STORE-007`, `STORE-010`; nothing is changed.
    func write(_ write: StoreWrite, quota: Int, version: Int?) throws -> StoreWrite.Outcome {
        try state.withLock { state in
            try take(&state)
            // Contents that nobody has noted a version for are of version 1.
            if let stored = state.contents.version, stored != version ?? 1 {
                throw MFError.storeTakenOver(identity, stored)
            }
            let (record, outcome) = try state.contents.record(for: write, at: clock(), quota: quota, of: identity)
            if let record { try append(record, version, &state) }
            return outcome
        }
    }

    private func append(_ record: StoreRecord, _ version: Int?, _ state: inout State) throws {
        guard let log = state.log, state.end > 0, !state.isBroken,
            state.end < state.contents.size + Self.greatestSlack, version == nil || version == state.contents.version
        else {
            var contents = state.contents
            contents.removeExpired(at: clock())
            contents.apply(record)
            contents.version = version ?? contents.version
            // Where there was nothing before, there is nothing that has to outlast a power failure yet.
            return try rewrite(&state, contents, synchronizing: state.end > 0)
        }
        let bytes = record.bytes
        do throws(Errno) {
            try log.write(bytes, at: state.end)
        } catch {
            do { try log.truncate(to: state.end) } catch { state.isBroken = true }
            throw MFError.storeWrite(path, error)
        }
        state.end += bytes.count
        state.isDirty = true
        state.contents.apply(record)
    }

    /// Makes this process the one that writes, with all that was written before.
    private func take(_ state: inout State) throws {
        if state.isWriting { return }
        try folder.lock(for: identity)
        try refresh(&state)
        if let log = state.log {
            let size = Int(try io { () throws(Errno) in try log.status() }.st_size)
            if size > state.end { try cut(log, &state, size - state.end) }
        }
        state.isWriting = true
    }

    /// Drops what follows the last whole record, and keeps it beside the log.
    private func cut(_ log: Descriptor, _ state: inout State, _ count: Int) throws {
        let end = state.end
        let rest = try io { () throws(Errno) in try log.read(from: end) }
        let name = identity.fileName + ".torn"
        if let folder = try folder.opened(), rest.contains(where: { $0 != 0 }) {
            unlinkat(folder.number, name, 0)
            if let kept = try? Descriptor(name, in: folder, O_WRONLY | O_CREAT | O_EXCL) {
                try? kept.write(rest, at: 0)
            }
        }
        try io { () throws(Errno) in try log.truncate(to: end) }
        state.isDirty = true
        report(
            "the last \(count) bytes of `\(path)` were not written completely: they are dropped, and kept in `\(name)`; \(identity.description) has its store as it was before them"
        )
    }

    /// Has the log say something else, whole, or leaves it as it is.
    ///
    /// - Parameter revision: The state that the contents were made from; when it is no longer that, nothing is done.
    /// - Returns: Whether it was.
    func replace(_ contents: StoreContents, madeFrom revision: UInt64) throws -> Bool {
        try state.withLock { state in
            try take(&state)
            guard state.contents.revision == revision else { return false }
            var contents = contents
            contents.follow(state.contents)
            try rewrite(&state, contents, synchronizing: true)
            return true
        }
    }

    /// Runs a system call; what fails is about the file.
    func io<T>(_ body: () throws(Errno) -> T) throws -> T {
        do { return try body() } catch { throw MFError.storeWrite(path, error) }
    }
}
