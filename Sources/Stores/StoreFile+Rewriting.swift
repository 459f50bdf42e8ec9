internal import Glibc
import Diagnostics
import Posix
import Synchronization

// A log that is written anew: beside the old one, which it replaces when it is whole.
extension StoreFile {
    /// What is written with the lock, and what is written beside it: one may not take the other's file.
    private var newName: String { identity.fileName + ".new" }
    private var compactName: String { identity.fileName + ".compact" }

    /// Writes a log with these contents in place of the one there is.
    ///
    /// - Parameter synchronizing: Whether it has to be on the disk before it takes the place of the old one.
    func rewrite(_ state: inout State, _ contents: StoreContents, synchronizing: Bool) throws {
        guard let folder = try folder.opened(creating: true) else { return }
        let bytes = contents.log(of: identity)
        let log = try temporary(newName, in: folder, bytes, synchronizing: synchronizing)
        try replace(by: log, newName, in: folder, &state, end: bytes.count)
        state.contents = contents
        state.isDirty = !synchronizing
        state.isNameDirty = true
        if synchronizing {
            try io { () throws(Errno) in try folder.synchronize() }
            state.isNameDirty = false
        }
    }

    private func temporary(
        _ name: String, in folder: Descriptor, _ bytes: [UInt8], synchronizing: Bool
    ) throws -> Descriptor {
        unlinkat(folder.number, name, 0)
        do throws(Errno) {
            let log = try Descriptor(name, in: folder, O_RDWR | O_CREAT | O_EXCL)
            try log.write(bytes, at: 0)
            if synchronizing { try log.synchronize() }
            return log
        } catch {
            unlinkat(folder.number, name, 0)
            throw MFError.storeWrite(path, error)
        }
    }

    private func replace(
        by log: Descriptor, _ name: String, in folder: Descriptor, _ state: inout State, end: Int
    ) throws {
        let inode = try io { () throws(Errno) in try log.status() }.st_ino
        guard renameat(folder.number, name, folder.number, identity.fileName) == 0 else {
            throw MFError.storeWrite(path, .last)
        }
        (state.log, state.inode, state.end) = (log, inode, end)
        state.isBroken = false
        state.rewrites += 1
    }

    // MARK: - Beside the loop

    /// Waits until what was written would outlast a power failure.
    ///
    /// - Throws: ``MFError`` with `STORE-007`.
    func synchronize() throws {
        let work: (log: Descriptor, isNameDirty: Bool)? = try state.withLock { state in
            if state.isBroken {
                try rewrite(&state, state.contents, synchronizing: true)
                return nil
            }
            guard let log = state.log, state.isDirty || state.isNameDirty else { return nil }
            defer { (state.isDirty, state.isNameDirty) = (false, false) }
            return (log, state.isNameDirty)
        }
        guard let work else { return }
        do {
            try work.log.synchronize()
            if work.isNameDirty { try folder.opened()?.synchronize() }
            if try work.log.status().st_nlink == 0 { try restore(work.log) }
        } catch let error as Errno {
            // What the system has not written it may have forgotten.
            state.withLock { $0.isBroken = true }
            throw MFError.storeWrite(path, error)
        }
    }

    /// Writes a log anew that somebody has deleted.
    private func restore(_ log: Descriptor) throws {
        try state.withLock { state in
            guard state.log === log else { return }
            try rewrite(&state, state.contents, synchronizing: true)
        }
    }

    /// Whether the log has become much longer than what it says.
    var isLong: Bool { state.withLock { $0.isWriting && $0.end > 2 * $0.contents.size + Self.slack } }

    /// Writes the log anew without what no longer counts. Others can write meanwhile, but for the last moment.
    func compact() throws {
        guard let folder = try folder.opened() else { return }
        let (contents, end, rewrites) = state.withLock { ($0.contents, $0.end, $0.rewrites) }
        let bytes = contents.log(of: identity)
        let log = try temporary(compactName, in: folder, bytes, synchronizing: true)
        try state.withLock { state in
            guard state.rewrites == rewrites, let old = state.log else {
                unlinkat(folder.number, compactName, 0)
                return
            }
            let since = state.end - end
            if since > 0 {
                try io { () throws(Errno) in
                    try old.copy(end..<state.end, to: log, at: bytes.count)
                    try log.synchronize()
                }
            }
            try replace(by: log, compactName, in: folder, &state, end: bytes.count + since)
            state.isDirty = false
            try io { () throws(Errno) in try folder.synchronize() }
        }
    }
}
