import Diagnostics
import Glibc
import Logging

/// How records look. One record is one line in each of them.
enum LogFormat: String, CaseIterable, Sendable {
    /// `warning: …`, for people.
    case text
    /// One JSON object a line.
    case json
    /// `level=warning message="…"`.
    case logfmt

    /// - Throws: ``LogOptionProblem`` when there is no such format.
    init(named name: String) throws {
        guard let format = Self(rawValue: name.lowercased()) else {
            throw LogOptionProblem("log format", name, known: Self.allCases.map(\.rawValue))
        }
        self = format
    }

    /// The line, with its end.
    ///
    /// - Parameter isForJournal: Whether systemd's journal reads it: a text line begins with its priority then.
    func line(for record: LogRecord, at time: timespec, color: Bool = false, isForJournal: Bool = false) -> String {
        switch self {
        case .text: textLine(for: record, at: time, color: color, isForJournal)
        case .json:
            "{"
                + fields(of: record, at: time).map { "\(Self.jsonQuoted($0)):\(Self.jsonQuoted($1))" }.joined(
                    separator: ",") + "}\n"
        case .logfmt:
            fields(of: record, at: time).map { "\(Self.logfmtName($0))=\(Self.logfmtQuoted($1))" }
                .joined(separator: " ") + "\n"
        }
    }

    private func textLine(
        for record: LogRecord, at time: timespec, color: Bool, _ isForJournal: Bool
    ) -> String {
        var message = record.message.escapedToOneLine
        for (name, value) in record.fields { message += " \(name.escapedToOneLine)=\(Self.logfmtQuoted(value))" }
        if let code = record.code { message += " [\(code)]" }
        if record.subsystem == .serve {
            let clock = Self.clock(time)
            return color ? "\u{1b}[2m\(clock)\u{1b}[0m \(message)\n" : "\(clock) \(message)\n"
        }
        // The journal has times of its own, and reads the priority.
        if isForJournal { return "<\(Self.priority(of: record.level))>\(message)\n" }
        let title = "\(record.level):"
        let ink = record.level >= .error ? 31 : record.level >= .warning ? 33 : 2
        return (color ? "\u{1b}[\(ink)m\(title)\u{1b}[0m" : title) + " \(message)\n"
    }

    private func fields(of record: LogRecord, at time: timespec) -> [(String, String)] {
        var fields = [
            ("time", Self.timestamp(time)), ("level", record.level.rawValue), ("part", record.subsystem.rawValue),
        ]
        if let tenant = record.tenant { fields.append(("tenant", tenant)) }
        if let code = record.code { fields.append(("code", code)) }
        fields.append(("message", record.message))
        let known = Set(fields.map(\.0))
        return fields + record.fields.map { (known.contains($0.name) ? $0.name + "_" : $0.name, $0.value) }
    }

    /// As syslog numbers them.
    private static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    private static func clock(_ time: timespec) -> String {
        var (seconds, parts) = (time.tv_sec, tm())
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }.joined(separator: ":")
    }

    /// RFC 3339, in UTC, with milliseconds.
    private static func timestamp(_ time: timespec) -> String {
        var (seconds, parts) = (time.tv_sec, tm())
        gmtime_r(&seconds, &parts)
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { padded($0, 2) }
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        let milliseconds = padded(time.tv_nsec / 1_000_000, 3)
        return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(milliseconds)Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// A JSON string. What a terminal would act on is escaped, too: `\u202E` is the same to a program.
    private static func jsonQuoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if String(scalar).escapedToOneLine == String(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                }
            }
        }
        return result + "\""
    }

    /// A name has neither blanks nor quotes nor an equals sign.
    private static func logfmtName(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.value > 0x20 && scalar.value < 0x7F && scalar != "\"" && scalar != "=" ? scalar : "_"
                }))
    }

    private static func logfmtQuoted(_ text: String) -> String {
        let isPlain = { (scalar: Unicode.Scalar) in
            scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F && scalar != "\"" && scalar != "="
                && scalar != "\\"
        }
        return !text.isEmpty && text.unicodeScalars.allSatisfy(isPlain) ? text : jsonQuoted(text)
    }
}
