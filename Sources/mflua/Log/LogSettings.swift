import ArgumentParser
import Diagnostics
import Glibc
import Logging
import Synchronization

/// What the command line and the environment say about the log.
struct LogSettings: Sendable {
    var levels = LogLevels()
    var format = LogFormat.text
    var color = false
    /// Whether standard error is a stream of systemd's journal.
    var isForJournal = false

    /// Those of this process, from when the options have been read.
    static var current: LogSettings {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
    private static let stored = Mutex(LogSettings())

    /// Whether records of a level and a part are wanted.
    func includes(_ level: Logger.Level, of subsystem: LogSubsystem) -> Bool { level >= levels.level(of: subsystem) }

    /// The line of a record that is made now.
    func render(_ record: LogRecord) -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return format.line(for: record, at: now, color: color, isForJournal: isForJournal)
    }
}

/// `--log-level` and `--log-format`, or their variables.
struct LogOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Log messages from this level up: debug, info, notice, warning, error; or one a part, as in \
            `info,tenant=debug` (parts: runtime, script, fetch, tenant, serve). Default: MFLUA_LOG, else notice.
            """,
            valueName: "level"))
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "How log records are written: text, json, logfmt. Default: MFLUA_LOG_FORMAT, else text.",
            valueName: "format"))
    var logFormat: String?

    func validate() throws { _ = try LogSettings.made(of: logLevel, logFormat) }

    /// Makes these settings those of the process.
    func apply(least: LogLevels = LogLevels()) throws {
        try LogSettings.apply(level: logLevel, format: logFormat, least: least)
    }
}

extension LogSettings {
    /// Makes what the options say, and else the variables, the settings of the process.
    ///
    /// - Parameter least: The levels where neither option nor variable says anything.
    /// - Throws: `ValidationError`, which names the option or the variable.
    static func apply(level: String? = nil, format: String? = nil, least: LogLevels = LogLevels()) throws {
        current = try made(of: level, format, least: least)
    }

    fileprivate static func made(
        of level: String?, _ format: String?, least: LogLevels = LogLevels()
    ) throws -> LogSettings {
        var settings = LogSettings(
            levels: least, color: Terminal.hasColor, isForJournal: Terminal.isJournal)
        if let text = try value(level, "MFLUA_LOG", LogLevels.init) { settings.levels = text }
        if let text = try value(format, "MFLUA_LOG_FORMAT", LogFormat.init(named:)) { settings.format = text }
        return settings
    }

    /// The option's value, else the variable's; an error names which of them it was.
    private static func value<T>(_ option: String?, _ variable: String, _ read: (String) throws -> T) throws -> T? {
        let name = variable == "MFLUA_LOG" ? "--log-level" : "--log-format"
        guard let text = option ?? Environment[variable], option != nil || !text.isEmpty else { return nil }
        do { return try read(text) } catch {
            throw ValidationError("\(option == nil ? variable : name): \(error)")
        }
    }
}
