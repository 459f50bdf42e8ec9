internal import Glibc

extension File {
    /// Replaces the content of a file, or makes the file, so that whoever reads it finds the old content or the new one,
    /// also after a loss of power: a file beside it is written, flushed to the disk and renamed.
    ///
    /// The file keeps its permissions; where it is a symbolic link, the file behind it is replaced.
    ///
    /// - Parameter mode: The permissions; those of the file, or the usual ones, where it is nil.
    package static func replace(_ path: String, with bytes: [UInt8], mode: UInt32? = nil) throws(Errno) {
        let target = try resolved(path)
        var status = stat()
        let isThere = stat(target, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            throw Errno(status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
        let name = slash.map { target[target.index(after: $0)...] } ?? target[...]
        // A name of 255 bytes leaves no room for more.
        let temporary = "\(folder)/.\(name.utf8.count > 200 ? "mflua" : name).\(UInt32.random(in: 0...(.max))).tmp"
        let mode = mode ?? (isThere ? status.st_mode & 0o7777 : nil)
        // Nobody reads it before it has its permissions.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode == nil ? 0o666 : 0o600)
        guard descriptor >= 0 else { throw .last }
        do {
            try fill(descriptor, bytes, mode)
            guard rename(temporary, target) == 0 else { throw Errno.last }
        } catch {
            unlink(temporary)
            throw error as? Errno ?? .last
        }
        // The rename is on the disk when the folder is.
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Writes a new file, flushes it and closes it.
    private static func fill(_ descriptor: Int32, _ bytes: [UInt8], _ mode: UInt32?) throws(Errno) {
        var failure: Errno?
        if let mode, fchmod(descriptor, mode) != 0 { failure = .last }
        var rest = bytes[...]
        while failure == nil, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = .last }
        }
        if failure == nil, fsync(descriptor) != 0 { failure = .last }
        if close(descriptor) != 0, failure == nil { failure = .last }
        if let failure { throw failure }
    }

    /// The file behind symbolic links, whether it is there or not; the path itself where there is no link.
    private static func resolved(_ path: String) throws(Errno) -> String {
        if let real = realpath(path, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        let problem = Errno.last
        if problem.code == ELOOP { throw problem }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return path }
        let link = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        return try resolved(link.hasPrefix("/") ? link : folder + link)
    }
}
