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

    init(_ interrupt: PromptInterrupt) { self.interrupt = interrupt }

    /// The next line.
    func next(prompt: String) -> Line {
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

    /// Remembers an entry for the arrow keys.
    func remember(_ entry: String) {
        if !entry.isEmpty { editor?.remember(entry) }
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

/// readline's interface for programs that wait for other things, too, and handle signals themselves.
private final class LineEditor {
    private typealias Handler = @convention(c) (UnsafeMutablePointer<CChar>?) -> Void
    private typealias Install = @convention(c) (UnsafePointer<CChar>?, Handler) -> Void
    private typealias Plain = @convention(c) () -> Void
    private typealias AddHistory = @convention(c) (UnsafePointer<CChar>?) -> Int32

    private let install: Install
    private let read: Plain
    private let remove: Plain
    private let freeLine: Plain?
    private let addHistory: AddHistory?

    /// The line that the handler was given: it is a C function and has nowhere else to put it.
    private static let finished = Mutex<LineReader.Line?>(nil)
    /// The way back to the terminal as it was, while an editor reads.
    private static let restore = Mutex<Plain?>(nil)

    static func load() -> LineEditor? {
        let names = ["libreadline.so.8", "libedit.so.2"]
        return names.lazy.compactMap { dlopen($0, RTLD_NOW | RTLD_LOCAL) }.first.flatMap(LineEditor.init)
    }

    private init?(_ library: UnsafeMutableRawPointer) {
        guard let install = dlsym(library, "rl_callback_handler_install"),
            let read = dlsym(library, "rl_callback_read_char"),
            let remove = dlsym(library, "rl_callback_handler_remove")
        else { return nil }
        self.install = unsafeBitCast(install, to: Install.self)
        self.read = unsafeBitCast(read, to: Plain.self)
        self.remove = unsafeBitCast(remove, to: Plain.self)
        freeLine = dlsym(library, "rl_free_line_state").map { unsafeBitCast($0, to: Plain.self) }
        addHistory = dlsym(library, "add_history").map { unsafeBitCast($0, to: AddHistory.self) }
        dlsym(library, "rl_catch_signals")?.storeBytes(of: 0, as: Int32.self)
    }

    /// Shows the prompt.
    func begin(_ prompt: String) {
        Self.restore.withLock { $0 = remove }
        install(prompt) { line in
            LineEditor.finished.withLock { finished in
                finished = line.map { .text(String(cString: $0)) } ?? .end
            }
            free(line)
            // Here, or the prompt is shown again.
            LineEditor.restoreTerminal()
        }
    }

    /// Takes what was typed; the line, once it is whole.
    func readCharacter() -> LineReader.Line? {
        read()
        return Self.finished.withLock { $0.take() }
    }

    /// Leaves the line that is being typed.
    func abandon() {
        freeLine?()
        Self.restoreTerminal()
    }

    func remember(_ entry: String) { _ = addHistory?(entry) }

    static func restoreTerminal() { restore.withLock { $0.take() }?() }
}
