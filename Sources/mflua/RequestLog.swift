import Glibc
import Logging

/// Log lines for a person beside a running server: the time and the message, on standard error.
struct RequestLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let color: Bool

    init(color: Bool, level: Logger.Level) {
        self.color = color
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }
        let stamp = clock.joined(separator: ":")
        let line = color ? "\u{1b}[2m\(stamp)\u{1b}[0m \(event.message)\n" : "\(stamp) \(event.message)\n"
        Terminal.write(line, to: STDERR_FILENO)
    }
}
