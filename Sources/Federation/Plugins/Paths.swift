import Glibc

/// File names and small files, without Foundation.
enum Paths {
    /// The folder of a file, `.` where the name has none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path below a folder, unless it is absolute.
    static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") || folder == "." { return path }
        return folder + "/" + (path.hasPrefix("./") ? path.dropFirst(2) : path[...])
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// A file's bytes, or the reason why not as `errno` has it.
    static func read(_ path: String) -> Result<[UInt8], Errno> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(Errno(number: errno)) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return .success(bytes) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(Errno(number: errno))
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// A reason as the system tells it.
    struct Errno: Error, CustomStringConvertible {
        let number: Int32
        var description: String { String(cString: strerror(number)) }
    }
}
