import Glibc
import Logging

/// What the runtime and scripts log, for a person: `warning: …` on standard error.
struct ConsoleLog: LogHandler {
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]
    private let color = Terminal.hasColor

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let title = "\(event.level):"
        let ink = event.level >= .error ? 31 : event.level >= .warning ? 33 : 2
        fflush(nil)
        Terminal.write((color ? "\u{1b}[\(ink)m\(title)\u{1b}[0m" : title) + " \(event.message)\n", to: STDERR_FILENO)
    }
}
