internal import Glibc

extension Folder {
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
