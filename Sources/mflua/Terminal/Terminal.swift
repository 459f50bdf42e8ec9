import Diagnostics
import Glibc
import Logging

/// Where people read: standard error, its colours, and the end of the process.
enum Terminal {
    /// Whether standard input is a person typing.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Colour on standard error: on a terminal that has it, unless `NO_COLOR` is set.
    static var hasColor: Bool {
        isatty(STDERR_FILENO) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }

    /// Logs an error: as a block for people, or as one record in the other formats. Waits for nobody.
    static func report(_ error: any Error) {
        flushOutputIfItIsAFile()
        let settings = LogSettings.current
        guard settings.format == .text else {
            let code = (error as? MFError)?.code.rawValue
            let message = (error as? MFError)?.messages ?? "\(error)"
            let record = LogRecord(level: .error, subsystem: .runtime, message: message, code: code)
            return LogWriter.standardError.write(settings.render(record))
        }
        let block =
            (error as? MFError)?.withNextStep.rendered(color: hasColor)
            ?? (error is CancellationError ? "error: cancelled" : "error: \("\(error)".escapedKeepingLines)")
        LogWriter.standardError.write(block.hasSuffix("\n") ? block : block + "\n")
    }

    /// A line about what mflua itself does, such as a reload.
    static func note(_ text: String, level: Logger.Level = .notice) {
        flushOutputIfItIsAFile()
        let settings = LogSettings.current
        guard settings.format == .text else {
            let record = LogRecord(level: level, subsystem: .runtime, message: text)
            return LogWriter.standardError.write(settings.render(record))
        }
        LogWriter.standardError.write("mflua: \(text.escapedToOneLine)\n")
    }

    /// Ends the process; what was printed and logged is flushed.
    static func leave(_ code: Int32) -> Never {
        fflush(nil)
        exit(code)
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

extension MFError {
    /// The message and those of its causes, for records of one line.
    fileprivate var messages: String { chain.map(\.message).joined(separator: ": ") }

    /// The error with a hint in any case, unless a script raised it: then its own words have to do.
    fileprivate var withNextStep: MFError {
        guard chain.allSatisfy({ $0.hint == nil }), code != .luaRuntime,
            Code.all.contains(where: { $0.code == code })
        else { return self }
        return replacing(hint: "`mflua explain \(code)` says more")
    }
}
