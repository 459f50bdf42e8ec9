import Diagnostics
import Logging

/// Which messages are logged: a level for all, and levels of parts that differ from it.
struct LogLevels: Sendable, Equatable {
    /// What a tenant prints is seen without asking, `mf.log.info` is not.
    var all = Logger.Level.notice
    var parts: [String: Logger.Level] = [:]

    /// The least severe level that anything is logged at.
    var lowest: Logger.Level { parts.values.reduce(all, min) }

    func level(of subsystem: LogSubsystem) -> Logger.Level { parts[subsystem.rawValue] ?? all }

    init() {}

    /// Reads `info`, or `info,tenant=debug`.
    ///
    /// - Throws: ``LogOptionProblem`` for a level or a part that does not exist.
    init(_ text: String) throws {
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                String($0).trimmed
            }
            if words.count == 1 {
                all = try Self.level(words[0])
            } else if LogSubsystem(rawValue: words[0]) != nil {
                parts[words[0]] = try Self.level(words[1])
            } else {
                throw LogOptionProblem("part of the log", words[0], known: LogSubsystem.allCases.map(\.rawValue))
            }
        }
    }

    private static let names = ["debug", "info", "notice", "warning", "error"]

    private static func level(_ name: String) throws -> Logger.Level {
        let name = name.lowercased()
        if name == "warn" { return .warning }
        guard names.contains(name), let level = Logger.Level(rawValue: name) else {
            throw LogOptionProblem("log level", name, known: names)
        }
        return level
    }
}

/// A value of a log option or variable that does not exist.
struct LogOptionProblem: Error, CustomStringConvertible {
    let description: String

    init(_ thing: String, _ value: String, known: [String]) {
        let meant = value.closestMatch(in: known).map { ": did you mean `\($0)`?" }
        description =
            "unknown \(thing) `\(value.escapedToOneLine)`"
            + (meant ?? ": it is one of \(known.joined(separator: ", "))")
    }
}

extension String {
    fileprivate var trimmed: String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        return String(drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }
}
