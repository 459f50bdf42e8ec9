import Diagnostics
import Glibc
import Logging

/// What the runtime, scripts and servers log, on standard error.
struct ConsoleLog: LogHandler {
    /// What does not say which part it comes from is this part's.
    let subsystem: LogSubsystem
    var logLevel = LogSettings.current.levels.lowest
    var metadata: Logger.Metadata = [:]

    init(_ subsystem: LogSubsystem) { self.subsystem = subsystem }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let tenant = Self.text(event.metadata?["tenant"])
        let part = Self.text(event.metadata?["part"]).flatMap(LogSubsystem.init(rawValue:)) ?? subsystem
        let settings = LogSettings.current
        guard settings.includes(event.level, of: part) else { return }
        Terminal.flushOutputIfItIsAFile()
        LogWriter.standardError.write(
            settings.render(
                LogRecord(
                    level: event.level, subsystem: part, message: "\(event.message)", tenant: tenant,
                    fields: Self.fields(event.metadata?["fields"]))))
    }

    private static func fields(_ value: Logger.Metadata.Value?) -> [(name: String, value: String)] {
        guard case .dictionary(let fields)? = value else { return [] }
        return fields.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    }

    private static func text(_ value: Logger.Metadata.Value?) -> String? { value.map { "\($0)" } }
}
