internal import Glibc

/// What paths name, and how that is made and removed. The calls block.
package enum FileTree {
    /// What a path names.
    package struct Status: Sendable, Equatable {
        /// `file`, `folder`, `link` or `other`.
        package let type: String
        package let size: Int
        /// Seconds since 1970.
        package let modified: Double
        /// The permissions.
        package let mode: Int
        /// Tells it from other files of the machine.
        package let identity: [UInt64]
    }

    /// The status of a path; nil where it names nothing.
    ///
    /// - Parameter followsLinks: Whether the file behind a symbolic link is meant.
    package static func status(of path: String, followsLinks: Bool = true) throws(Errno) -> Status? {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            let problem = Errno.last
            if problem.isOfAbsence { return nil }
            throw problem
        }
        return Status(status)
    }

    /// Makes a folder and those on its way; one that is there is left as it is.
    ///
    /// - Parameter mode: The permissions of folders that are made, whatever the umask; nil: those that it leaves.
    package static func makeFolder(_ path: String, mode: UInt32? = nil) throws(Errno) {
        if try makeOne(path, mode) { return }
        let problem = Errno.last
        if problem.code == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try makeFolder(String(path[..<slash]), mode: mode)
            if try makeOne(path, mode) { return }
        }
        if try status(of: path)?.type == "folder" { return }
        throw problem
    }

    private static func makeOne(_ path: String, _ mode: UInt32?) throws(Errno) -> Bool {
        guard mkdir(path, mode ?? 0o777) == 0 else { return false }
        if let mode, chmod(path, mode) != 0 { throw .last }
        return true
    }

    /// Removes a file, a link or a folder.
    ///
    /// - Parameter recursively: Whether a folder goes with all that it holds; only an empty one does otherwise.
    /// - Returns: False where there is nothing.
    package static func remove(_ path: String, recursively: Bool) throws(Errno) -> Bool {
        guard let status = try status(of: path, followsLinks: false) else { return false }
        if status.type == "folder" {
            if recursively {
                for entry in try Folder.entries(of: path) { _ = try remove(path + "/" + entry.name, recursively: true) }
            }
            guard rmdir(path) == 0 else { throw .last }
        } else {
            guard unlink(path) == 0 else { throw .last }
        }
        return true
    }
}

extension FileTree.Status {
    fileprivate init(_ status: stat) {
        type =
            switch status.st_mode & S_IFMT {
            case S_IFREG: "file"
            case S_IFDIR: "folder"
            case S_IFLNK: "link"
            default: "other"
            }
        size = Int(status.st_size)
        modified = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        mode = Int(status.st_mode & 0o7777)
        identity = [UInt64(status.st_dev), UInt64(status.st_ino)]
    }
}
