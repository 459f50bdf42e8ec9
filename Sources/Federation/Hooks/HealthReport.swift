import LuaBridge
import Synchronization

/// One thing that a check of a host has found.
public struct HealthLine: Sendable, Equatable {
    /// How it is.
    public enum Level: String, Sendable, CaseIterable, Comparable {
        /// As it should be.
        case ok
        /// Something to look at.
        case warn
        /// Something does not work.
        case error

        /// Whether one is better than another.
        public static func < (a: Self, b: Self) -> Bool {
            (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
        }
    }

    /// How it is.
    public var level: Level
    /// What it is about, such as ``plugin(_:)``: `plugin slack-plugin`, `remote checks`, `share json`.
    public var subject: String
    /// What was found, in a line.
    public var text: String
    /// What to do about it.
    public var advice: String?

    /// Describes a finding.
    public init(_ level: Level, _ subject: String, _ text: String, advice: String? = nil) {
        (self.level, self.subject, self.text, self.advice) = (level, subject, text, advice)
    }

    /// The subject of a plugin's own lines.
    static func plugin(_ name: String) -> String { "plugin \(name)" }
    /// The subject of lines about the code of the script.
    static let script = "script"
}

/// What the `health` function of a plugin tells: it is given one, and says how things are.
///
/// ```swift
/// Plugin("slack-plugin").health { report in
///     if expiresIn < .seconds(864_000) { report.warn("the certificate ends in 9 d", advice: "renew it") } else { report.ok("webhook answers") }
/// }
/// ```
public final class HealthReport: Sendable {
    private let subject: String
    /// The lines; nil: the time is over, and more is passed over.
    private let lines = Mutex<[HealthLine]?>([])
    /// As many lines as are kept, and as many characters of each.
    private static let most = (lines: 100, characters: 1_000)

    init(about subject: String) { self.subject = subject }

    /// Says that something is as it should be.
    public func ok(_ text: String, advice: String? = nil) { add(.ok, text, advice) }

    /// Says that something is to be looked at.
    public func warn(_ text: String, advice: String? = nil) { add(.warn, text, advice) }

    /// Says that something does not work.
    public func error(_ text: String, advice: String? = nil) { add(.error, text, advice) }

    func add(_ level: HealthLine.Level, _ text: String, _ advice: String?) {
        lines.withLock { lines in
            guard let count = lines?.count, count < Self.most.lines else { return }
            lines?.append(
                HealthLine(
                    level, subject, String(text.prefix(Self.most.characters)),
                    advice: advice.map { String($0.prefix(Self.most.characters)) }))
        }
    }

    /// The lines; what is said from now on is passed over.
    func finish() -> [HealthLine] {
        lines.withLock { lines in
            defer { lines = nil }
            return lines ?? []
        }
    }

    /// The same for Lua: `report.ok(text, advice)`, `report.warn` and `report.error`.
    var luaValue: LuaValue {
        .record(
            LuaRecord(
                HealthLine.Level.allCases.map { level in
                    let function = LuaCallable(level.rawValue) { [self] call in
                        // Also as a method: `report:ok(text)`.
                        let first = call[0].isTable ? 1 : 0
                        add(level, try call.string(first), try call.optionalString(first + 1))
                        return []
                    }
                    return (level.rawValue, .callable(function))
                }))
    }
}
