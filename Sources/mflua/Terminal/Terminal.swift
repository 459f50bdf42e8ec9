import Glibc
import Synchronization

/// Where people read: standard error, its colours, and the end of the process.
enum Terminal {
    /// Whether standard input is a person typing.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Colour on standard error: on a terminal that has it, unless `NO_COLOR` is set.
    static var hasColor: Bool {
        isatty(STDERR_FILENO) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }

    /// Whether standard error goes to systemd's journal: `JOURNAL_STREAM` names its device and file.
    static var isJournal: Bool {
        var status = stat()
        guard let text = Environment["JOURNAL_STREAM"], fstat(STDERR_FILENO, &status) == 0 else { return false }
        return text == "\(status.st_dev):\(status.st_ino)"
    }

    /// Held by whoever ends the process, for good.
    private static let end = Mutex(())

    /// Ends the process; what was printed and logged is flushed. The first call decides the code.
    ///
    /// A signal and the end of the script may come together. A second thread in glibc's `exit` finds the handlers
    /// taken, and ends the process while the first still writes the log in one of them.
    /// - Parameter die: Ends the process in another way once all is flushed.
    static func leave(_ code: Int32, by die: (() -> Never)? = nil) -> Never {
        end.withLock { _ in
            fflush(nil)
            if let die { die() }
            exit(code)
        }
    }

    /// Brings what was printed to a file before what is logged to it. A pipe might have nobody who reads it.
    static func flushOutputIfItIsAFile() {
        if isOutputAFile { fflush(nil) }
    }

    private static let isOutputAFile = {
        var status = stat()
        return fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }()

    /// Writes a whole text to a descriptor, past the buffers.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress!, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}

/// The process's environment variables.
enum Environment {
    static subscript(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
