import ArgumentParser
import Diagnostics
import Glibc

/// Reads the scripts a command line names.
enum Input {
    /// The whole content of a file.
    ///
    /// - Throws: ``MFError`` with `CLI-001` when there is no such file, `CLI-002` when it cannot be read.
    static func read(file path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT ? MFError.scriptMissing(path) : MFError.scriptUnreadable(path, reason: errno)
        }
        defer { close(descriptor) }
        return try readAll(descriptor, path)
    }

    /// Everything that standard input has.
    static func readStandardInput() throws -> [UInt8] {
        try readAll(STDIN_FILENO, "stdin")
    }

    private static func readAll(_ descriptor: Int32, _ path: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var count = 0
            let part = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, used in
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw MFError.scriptUnreadable(path, reason: errno) }
            if count == 0 { return bytes }
            if bytes.isEmpty { bytes = part } else { bytes += part }
        }
    }

    /// The Lua files in the folder of a path, for "did you mean".
    fileprivate static func neighbours(of path: String) -> [String] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        guard let listing = opendir(folder.isEmpty ? "." : folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name.hasSuffix(".lua") { names.append(folder + name) }
        }
        return names.sorted()
    }
}

extension MFError {
    static func scriptMissing(_ path: String) -> MFError {
        let commands = RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        let close =
            closestMatch(to: path, in: Input.neighbours(of: path))
            ?? closestMatch(to: path, in: commands).map { "mflua \($0)" }
        return MFError(
            .scriptMissing, "no script `\(path)`",
            hint: close.map { "did you mean `\($0)`?" } ?? "give the path of a Lua file, or `-` for standard input")
    }

    static func scriptUnreadable(_ path: String, reason: Int32) -> MFError {
        MFError(
            .scriptUnreadable, "cannot read `\(path)`", context: [("reason", String(cString: strerror(reason)))],
            hint: reason == EISDIR ? "give a file in it, such as `\(path)/host.lua`" : nil)
    }
}
