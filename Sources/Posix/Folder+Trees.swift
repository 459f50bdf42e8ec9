internal import Glibc

extension Folder {
    /// Makes a folder and those on the way to it; one that exists is left as it is.
    ///
    /// - Parameter mode: The permissions of new folders, whatever the umask; nil: those that the umask leaves.
    package static func make(_ path: String, mode: UInt32? = nil) throws(Errno) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += made.isEmpty || made == "/" ? String(part) : "/\(part)"
            if mkdir(made, 0o777) == 0 {
                if let mode, chmod(made, mode) != 0 { throw .last }
            } else {
                let failure = Errno.last
                guard failure.code == EEXIST, isFolder(made) else { throw failure }
            }
        }
    }

    /// Makes a folder of a name that nothing else has: the prefix and six more characters.
    package static func makeUnique(_ prefix: String) throws(Errno) -> String {
        var template = Array("\(prefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .last }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Gives a folder of ``makeUnique(_:)``, which is its owner's alone, the permissions of other new folders.
    package static func openToOthers(_ path: String) throws(Errno) {
        let mask = umask(0)
        umask(mask)
        guard chmod(path, 0o777 & ~mask) == 0 else { throw .last }
    }

    /// Deletes a file, or a folder with everything below it. Links are deleted, not followed.
    package static func remove(_ path: String) throws(Errno) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw .last }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 else { throw .last }
            return
        }
        for entry in try entries(of: path) { try remove("\(path)/\(entry.name)") }
        guard rmdir(path) == 0 else { throw .last }
    }

    /// Whether a path leads to a folder.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The files below a folder, as paths below it, sorted by their bytes. Names that begin with a dot are passed over, as
    /// are links to folders.
    ///
    /// - Parameter skips: Folders that are not looked into, by their paths below the folder.
    package static func files(below root: String, skipping skips: Set<String> = []) throws(Errno) -> [String] {
        var found: [String] = []
        var open = [""]
        while let folder = open.popLast() {
            for entry in try entries(of: folder.isEmpty ? root : "\(root)/\(folder)") where !entry.name.hasPrefix(".") {
                let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
                if entry.isFolder {
                    if !skips.contains(path) { open.append(path) }
                } else if !isFolder("\(root)/\(path)") {
                    found.append(path)
                }
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Locks a folder until the body ends, against others that lock it. Waits for them.
    package static func locked<T>(_ path: String, _ body: () throws -> T) throws -> T {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno.last }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw Errno.last }
        }
        return try body()
    }
}
