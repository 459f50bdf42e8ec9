import Glibc
import Synchronization

/// Reads lines from a terminal: with editing and history where the machine has libreadline or libedit, else plainly.
///
/// Opened at run time as Debian's `lua5.4` links it: a runtime without a terminal never pays for it.
final class LineReader {
    /// What came of reading a line.
    enum Line {
        /// A line, without its end.
        case text(String)
        /// The input is over.
        case end
        /// Ctrl-C.
        case interrupted
    }

    private let editor = isatty(STDIN_FILENO) == 1 ? LineEditor.load() : nil
    private let interrupt: PromptInterrupt
    private let history = PromptHistory.path

    init(_ interrupt: PromptInterrupt) {
        self.interrupt = interrupt
        if let history { editor?.readHistory(history) }
    }

    /// Whether the tab key can complete names.
    var completesNames: Bool { editor != nil }

    /// The next line.
    ///
    /// - Parameters:
    ///   - names: What the tab key completes.
    func next(prompt: String, completing names: [String] = []) -> Line {
        editor?.complete(names)
        fflush(nil)
        LogWriter.standardError.flush(within: .milliseconds(200))
        if let editor {
            editor.begin(prompt)
            while true {
                guard waitForInput() else {
                    editor.abandon()
                    Terminal.write("\n", to: STDOUT_FILENO)
                    return .interrupted
                }
                if let line = editor.readCharacter() { return line }
            }
        }
        Terminal.write(prompt, to: STDOUT_FILENO)
        guard waitForInput() else {
            Terminal.write("\n", to: STDOUT_FILENO)
            return .interrupted
        }
        return Swift.readLine().map { .text($0) } ?? .end
    }

    /// Remembers an entry for the arrow keys, in this session and later ones.
    func remember(_ entry: String) {
        guard !entry.isEmpty, let editor else { return }
        editor.remember(entry)
        if let history, PromptHistory.prepare(history) { editor.writeHistory(history) }
    }

    /// Waits until there is something to read; false after Ctrl-C. What is no terminal is read without waiting for it:
    /// a line may be in the buffer already.
    private func waitForInput() -> Bool {
        guard isatty(STDIN_FILENO) == 1 else { return true }
        while true {
            var sources = [STDIN_FILENO, interrupt.descriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            _ = poll(&sources, 2, -1)
            if interrupt.takeFromReading() { return false }
            if sources[0].revents != 0 { return true }
        }
    }

    /// Takes back what an editor that reads has set on the terminal. For the end of the process, on any thread.
    static func restoreTerminal() { LineEditor.restoreTerminal() }
}
