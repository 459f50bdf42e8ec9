import ArgumentParser
import Diagnostics
import Glibc
import Posix

/// Reads the scripts a command line names.
enum Input {
    /// The whole content of a file.
    ///
    /// - Throws: ``MFError`` with `CLI-001` when there is no such file, `CLI-002` when it cannot be read.
    static func read(file path: String) throws -> [UInt8] {
        do {
            return try File.read(path)
        } catch {
            throw error.code == ENOENT ? MFError.scriptMissing(path) : MFError.scriptUnreadable(path, reason: error)
        }
    }

    /// Everything that standard input has.
    static func readStandardInput() throws -> [UInt8] {
        do {
            return try File.read(STDIN_FILENO)
        } catch {
            throw MFError.scriptUnreadable("stdin", reason: error)
        }
    }

    /// The Lua files in the folder of a path, for "did you mean".
    fileprivate static func neighbours(of path: String) -> [String] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let names = (try? Folder.names(in: folder.isEmpty ? "." : folder, endingIn: ".lua")) ?? []
        return names.map { folder + $0 }
    }
}

extension MFError {
    static func scriptMissing(_ path: String) -> MFError {
        let commands = RootCommand.configuration.subcommands.compactMap { $0.configuration.commandName }
        let close =
            path.closestMatch(in: Input.neighbours(of: path))
            ?? path.closestMatch(in: commands).map { "mflua \($0)" }
        return MFError(
            .scriptMissing, "no script `\(path)`",
            hint: close.map { "did you mean `\($0)`?" } ?? "give the path of a Lua file, or `-` for standard input")
    }

    static func scriptUnreadable(_ path: String, reason: Errno) -> MFError {
        MFError(
            .scriptUnreadable, "cannot read `\(path)`", context: [("reason", reason.description)],
            hint: reason.code == EISDIR ? "name a file in it, such as `\(path)/host.lua`" : nil)
    }
}
