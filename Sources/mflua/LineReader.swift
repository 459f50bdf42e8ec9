import Glibc

/// Reads lines from a terminal: with editing and history where the machine has libreadline or libedit, else plainly.
///
/// Opened at run time as Debian's `lua5.4` links it: a runtime without a terminal never pays for it.
final class LineReader {
    private typealias ReadLine = @convention(c) (UnsafePointer<CChar>?) -> UnsafeMutablePointer<CChar>?
    private typealias AddHistory = @convention(c) (UnsafePointer<CChar>?) -> Int32

    private let readLine: ReadLine?
    private let addHistory: AddHistory?

    init() {
        let names = isatty(STDIN_FILENO) == 1 ? ["libreadline.so.8", "libedit.so.2"] : []
        let library = names.lazy.compactMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) }.first
        readLine = library.flatMap { dlsym($0, "readline") }.map { unsafeBitCast($0, to: ReadLine.self) }
        addHistory = library.flatMap { dlsym($0, "add_history") }.map { unsafeBitCast($0, to: AddHistory.self) }
    }

    /// The next line without its end; nil at the end of input.
    func next(prompt: String) -> String? {
        fflush(nil)
        guard let readLine else {
            Terminal.write(prompt, to: STDOUT_FILENO)
            return Swift.readLine()
        }
        guard let line = readLine(prompt) else { return nil }
        defer { free(line) }
        return String(cString: line)
    }

    /// Remembers an entry for the arrow keys.
    func remember(_ entry: String) {
        if !entry.isEmpty { _ = addHistory?(entry) }
    }
}
