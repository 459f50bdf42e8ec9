import Glibc

/// Finds the directories that decide what a path leads to.
///
/// A path may pass through any number of symbolic links, each of which may be swapped: a Kubernetes ConfigMap's file is
/// a link into `..data`, itself a link that is replaced as a whole.
enum PathWalk {
    /// One name that was looked up in one directory on the way.
    struct Step {
        /// The directory, free of links.
        let directory: String
        let name: String
        /// Whether the path may end here; otherwise it goes on below.
        let isLast: Bool
    }

    /// Links followed before a path is taken for a circle, as the kernel does.
    private static let linkLimit = 40

    /// Walks along a path, up to its file or to the first name that is missing.
    ///
    /// - Parameters:
    ///   - path: An absolute path.
    ///   - visit: Called for each step *before* the name is looked up, so that a watch that is set here misses nothing.
    static func walk(_ path: String, visit: (Step) throws -> Void) rethrows {
        var pending = names(in: path)
        var directory: [Substring] = []
        var links = 0
        while let name = pending.popLast() {
            if name == ".." {
                _ = directory.popLast()
                continue
            }
            let here = "/" + directory.joined(separator: "/")
            try visit(Step(directory: here, name: String(name), isLast: pending.isEmpty))
            let there = here == "/" ? "/\(name)" : "\(here)/\(name)"
            var status = stat()
            guard lstat(there, &status) == 0 else { return }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                directory.append(name)
            case S_IFLNK:
                links += 1
                guard links <= linkLimit, let target = target(ofLink: there) else { return }
                if target.hasPrefix("/") { directory = [] }
                pending += names(in: target)
            default:
                return
            }
        }
    }

    /// The names of a path, last one first.
    private static func names(in path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }.reversed()
    }

    private static func target(ofLink path: String) -> String? {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(PATH_MAX)) { buffer in
            let count = buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
            return count <= 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
