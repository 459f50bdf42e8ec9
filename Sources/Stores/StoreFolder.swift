internal import Glibc
import Diagnostics
import Posix
import Synchronization

/// The folder of one host's stores, and the lock that says which process writes there.
///
/// It is made at the first write. Folder and files belong to the user that runs the program, and are closed to others.
final class StoreFolder: Sendable {
    private struct State {
        var folder: Descriptor?
        var lock: Descriptor?
    }

    let path: String
    private let root: String
    private let name: String
    private let state = Mutex(State())

    /// - Parameter root: The state folder.
    init(root: String, name: String) {
        (self.root, self.name) = (root, name)
        path = "\(root)/plugins/\(name)"
    }

    /// The folder; nil where it is not there.
    ///
    /// - Throws: ``MFError`` with `STORE-005`.
    func opened(creating: Bool = false) throws -> Descriptor? {
        try state.withLock { try opened(&$0, creating: creating) }
    }

    /// Makes this process the one that writes, for as long as this object is there.
    ///
    /// - Throws: ``MFError`` with `STORE-003` when another one is, `STORE-005`.
    func lock(for identity: StoreIdentity) throws {
        try state.withLock { state in
            guard state.lock == nil, let folder = try opened(&state, creating: true) else { return }
            let lock: Descriptor
            do throws(Errno) {
                lock = try Descriptor("lock", in: folder, O_RDWR | O_CREAT)
            } catch { throw MFError.storeFolder(path + "/lock", error.description) }
            try expectOwn(lock, path + "/lock", S_IFREG)
            while flock(lock.number, LOCK_EX | LOCK_NB) != 0 {
                if errno == EINTR { continue }
                let error = Errno.last
                guard error == Errno(EWOULDBLOCK) else { throw MFError.storeFolder(path + "/lock", error.description) }
                let process = (try? lock.read(from: 0)).map { String(decoding: $0.prefix(20), as: UTF8.self) }
                throw MFError.storeLocked(identity, by: process.flatMap { Int32($0) }.map { "\($0)" })
            }
            // For messages only: that it cannot be written says nothing of the stores.
            try? lock.truncate(to: 0)
            try? lock.write(Array("\(getpid())".utf8), at: 0)
            state.lock = lock
        }
    }

    /// Refuses what belongs to somebody else, and closes to others what does not.
    func expectOwn(_ file: Descriptor, _ path: String, _ kind: mode_t) throws {
        let status: stat
        do throws(Errno) { status = try file.status() } catch { throw MFError.storeFolder(path, error.description) }
        guard status.st_mode & S_IFMT == kind else {
            throw MFError.storeFolder(path, kind == S_IFDIR ? "it is not a folder" : "it is not a regular file")
        }
        guard status.st_uid == geteuid() else {
            throw MFError.storeFolder(path, "it belongs to user \(status.st_uid), not to user \(geteuid())")
        }
        guard kind == S_IFDIR || status.st_nlink <= 1 else {
            throw MFError.storeFolder(path, "it has a second name elsewhere")
        }
        let allowed: mode_t = kind == S_IFDIR ? 0o700 : 0o600
        guard status.st_mode & 0o777 & ~allowed != 0 else { return }
        guard fchmod(file.number, allowed) == 0 else {
            throw MFError.storeFolder(path, "others may use it, and that cannot be changed: \(Errno.last)")
        }
    }

    private func opened(_ state: inout State, creating: Bool) throws -> Descriptor? {
        if let folder = state.folder { return folder }
        guard let root = try opened(root, creating: creating),
            let plugins = try opened("plugins", in: root, at: "\(self.root)/plugins", creating: creating),
            let folder = try opened(name, in: plugins, at: path, creating: creating)
        else { return nil }
        state.folder = folder
        return folder
    }

    /// The state folder itself: its path is the owner's, and may go through symbolic links.
    private func opened(_ path: String, creating: Bool) throws -> Descriptor? {
        if creating { try makeFolders(path) }
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if number >= 0 { return Descriptor(number) }
        let error = Errno.last
        if error == Errno(ENOENT), !creating { return nil }
        throw MFError.storeFolder(path, error.description)
    }

    private func makeFolders(_ path: String) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made.hasSuffix("/") ? part : "/" + part
            guard mkdir(made, 0o700) != 0 else { continue }
            let error = Errno.last
            // What is there may not be writable, and still hold the rest of the path.
            guard error == Errno(EEXIST) || File.exists(made) else {
                throw MFError.storeFolder(made, error.description)
            }
        }
    }

    private func opened(_ name: String, in parent: Descriptor, at path: String, creating: Bool) throws -> Descriptor? {
        if creating {
            if mkdirat(parent.number, name, 0o700) == 0 {
                // The name is what a power failure could take.
                try? parent.synchronize()
            } else if Errno.last != Errno(EEXIST) {
                throw MFError.storeFolder(path, Errno.last.description)
            }
        }
        let folder: Descriptor
        do throws(Errno) {
            folder = try Descriptor(name, in: parent, O_RDONLY | O_DIRECTORY)
        } catch {
            if error == Errno(ENOENT), !creating { return nil }
            let isLink = error == Errno(ELOOP) || error == Errno(ENOTDIR)
            throw MFError.storeFolder(path, isLink ? "it is a symbolic link, or not a folder" : error.description)
        }
        try expectOwn(folder, path, S_IFDIR)
        return folder
    }
}
