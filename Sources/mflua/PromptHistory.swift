import Glibc
import Posix

/// The file that keeps what was typed at the prompt.
enum PromptHistory {
    /// `MFLUA_HISTORY`, empty for none; else `history` in the folder of what outlives the process.
    static var path: String? {
        if let path = Environment["MFLUA_HISTORY"] { return path.isEmpty ? nil : path }
        return StateFolder.path().map { $0 + "/history" }
    }

    /// Makes the file and the folders that it is in, for the user's eyes only.
    ///
    /// - Returns: Whether it is there. It is missed by nobody where it cannot be written.
    static func prepare(_ path: String) -> Bool {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            do { try FileTree.makeFolder(String(path[..<slash]), mode: 0o700) } catch { return false }
        }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        close(file)
        return true
    }
}
