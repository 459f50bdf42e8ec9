public import Glibc

/// A folder that is there as long as the test holds it.
public final class TemporaryFolder: Sendable {
    /// Its absolute path, links resolved.
    public let path: String

    public init() throws {
        var template = Array("/tmp/mflua-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Writes a file, making the folders on its way; gives its path.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws -> String {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o755)
        }
        let file = path + "/" + name
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(file)") }
        defer { close(descriptor) }
        try writeAll(Array(text.utf8), to: descriptor)
        return file
    }

    /// Makes a symbolic link in the folder.
    public func link(_ name: String, to target: String) throws {
        guard symlink(target, path + "/" + name) == 0 else { throw SystemError("symlink \(name)") }
    }

    /// Makes a named pipe in the folder.
    public func makePipe(_ name: String) throws {
        guard mkfifo(path + "/" + name, 0o644) == 0 else { throw SystemError("mkfifo \(name)") }
    }

    /// Makes a file of so many zero bytes, which take no room on the disk.
    public func fill(_ name: String, bytes: Int) throws {
        let file = try write(name, "")
        guard truncate(file, off_t(bytes)) == 0 else { throw SystemError("truncate \(name)") }
    }

    /// Changes a file in place.
    public func overwriteLastByte(of name: String) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open \(name)") }
        defer { close(descriptor) }
        guard pwrite(descriptor, "x", 1, lseek(descriptor, 0, SEEK_END) - 1) == 1 else { throw SystemError("pwrite") }
    }

    /// Puts a file in another's place.
    public func move(_ name: String, over other: String) throws {
        guard Glibc.rename(path + "/" + name, path + "/" + other) == 0 else { throw SystemError("rename \(name)") }
    }

    /// Deletes a file.
    public func delete(_ name: String) throws {
        guard unlink(path + "/" + name) == 0 else { throw SystemError("unlink \(name)") }
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in entries(of: path) { remove(path + "/" + name) }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}

/// The names in a folder, sorted; none when it cannot be read.
public func entries(of folder: String) -> [String] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The text of a file.
public func contents(of path: String) throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open \(path)") }
    defer { close(descriptor) }
    return String(decoding: try readToEnd(descriptor), as: UTF8.self)
}
