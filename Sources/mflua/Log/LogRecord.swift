import Logging

/// One thing to be logged, before it is given a format.
struct LogRecord {
    var level: Logger.Level
    /// The part of the program that it comes from, as `MFLUA_LOG` names it.
    var subsystem: LogSubsystem
    var message: String
    /// The tenant that said it; the message begins with its name.
    var tenant: String?
    /// The code of an error.
    var code: String?
    /// What the message is about, by name.
    var fields: [(name: String, value: String)] = []

    /// A word of the log about itself.
    static func dropped(_ message: String) -> LogRecord {
        LogRecord(level: .warning, subsystem: .runtime, message: message)
    }
}

/// The parts of the program that log, each with a level of its own.
enum LogSubsystem: String, CaseIterable {
    /// The federation: remotes, shared modules, plugins, limits of tenants.
    case runtime
    /// `mf.log` of the host's scripts, plugins and remotes.
    case script
    /// The requests of `mf.fetch`.
    case fetch
    /// What tenants print and log.
    case tenant
    /// The requests of `mflua serve`.
    case serve
}
