import Diagnostics
import Logging

extension Terminal {
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
}

extension MFError {
    /// The message and those of its causes, for records of one line.
    fileprivate var messages: String { chain.map(\.message).joined(separator: ": ") }

    /// The error with a hint in any case, unless a script raised it: then its own words have to do.
    fileprivate var withNextStep: MFError {
        guard chain.allSatisfy({ $0.hint == nil }), code != .luaRuntime,
            Code.all.contains(where: { $0.code == code })
        else { return self }
        return replacing(hint: "`mflua explain \(code)` describes it")
    }
}
