import Glibc
import Synchronization

/// readline's interface for programs that wait for other things, too, and handle signals themselves.
final class LineEditor {
    private typealias Handler = @convention(c) (UnsafeMutablePointer<CChar>?) -> Void
    private typealias Install = @convention(c) (UnsafePointer<CChar>?, Handler) -> Void
    private typealias Plain = @convention(c) () -> Void
    private typealias TakesText = @convention(c) (UnsafePointer<CChar>?) -> Int32
    private typealias Completer = @convention(c) (UnsafePointer<CChar>?, Int32) -> UnsafeMutablePointer<CChar>?

    private let install: Install
    private let read: Plain
    private let remove: Plain
    private let freeLine: Plain?
    private let addHistory: TakesText?
    private let readFile: TakesText?
    private let writeFile: TakesText?

    /// How many entries are remembered.
    private static let historyLength: Int32 = 1000

    /// The line that the handler was given: it is a C function and has nowhere else to put it.
    private static let finished = Mutex<LineReader.Line?>(nil)
    /// What the tab key completes, and how far the completer has got: it is asked for one name after the other.
    private static let names = Mutex<(all: [String], next: Int)>(([], 0))
    /// The address of readline's variable for the character behind a completed name; 0 without one.
    private static let separator = Atomic<UInt>(0)
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
        addHistory = dlsym(library, "add_history").map { unsafeBitCast($0, to: TakesText.self) }
        readFile = dlsym(library, "read_history").map { unsafeBitCast($0, to: TakesText.self) }
        writeFile = dlsym(library, "write_history").map { unsafeBitCast($0, to: TakesText.self) }
        dlsym(library, "rl_catch_signals")?.storeBytes(of: 0, as: Int32.self)
        if let limit = dlsym(library, "stifle_history") {
            unsafeBitCast(limit, to: (@convention(c) (Int32) -> Void).self)(Self.historyLength)
        }
        // Times between the entries of the file keep those of several lines whole.
        dlsym(library, "history_write_timestamps")?.storeBytes(of: 1, as: Int32.self)
        dlsym(library, "history_multiline_entries")?.storeBytes(of: 1, as: Int32.self)
        dlsym(library, "history_comment_char")?.storeBytes(of: CChar(bitPattern: UInt8(ascii: "#")), as: CChar.self)
        installCompleter(in: library)
    }

    private func installCompleter(in library: UnsafeMutableRawPointer) {
        let complete: Completer = { text, count in
            LineEditor.completion(of: text.map { String(cString: $0) } ?? "", count)
        }
        dlsym(library, "rl_completion_entry_function")?.storeBytes(of: complete, as: Completer.self)
        Self.separator.store(
            UInt(bitPattern: dlsym(library, "rl_completion_append_character")), ordering: .relaxed)
        // A name may stand behind everything that is no part of one. The text is read as long as the process runs.
        dlsym(library, "rl_completer_word_break_characters")?.storeBytes(
            of: strdup(" \t\n\"\\'`><=;|&{}()[]+-*/%^#,~!?@$:"), as: UnsafeMutablePointer<CChar>?.self)
    }

    /// The next name that begins with a text, for C to free; nil when there are no more.
    private static func completion(of text: String, _ count: Int32) -> UnsafeMutablePointer<CChar>? {
        // No blank: a name may go on, or be called. readline forgets it from one completion to the next.
        UnsafeMutableRawPointer(bitPattern: separator.load(ordering: .relaxed))?.storeBytes(of: 0, as: Int32.self)
        return names.withLock { names in
            if count == 0 { names.next = 0 }
            while names.next < names.all.count {
                let name = names.all[names.next]
                names.next += 1
                if name.hasPrefix(text) { return strdup(name) }
            }
            return nil
        }
    }

    /// What the tab key completes from now on.
    func complete(_ names: [String]) { Self.names.withLock { $0 = (names, 0) } }

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

    func readHistory(_ path: String) { _ = readFile?(path) }

    func writeHistory(_ path: String) { _ = writeFile?(path) }

    static func restoreTerminal() { restore.withLock { $0.take() }?() }
}
