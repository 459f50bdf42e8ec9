/// Something about a project that is wrong, and where.
package struct SourceFinding: Sendable, Hashable {
    /// What kind of thing is wrong: a word that stays the same, for programs.
    package enum Rule: String, Sendable, CaseIterable {
        case syntax
        case requires = "require"
        case shared
        case remotes
        case files
        case config
        case globals = "global"
        case hooks = "hook"
        case options = "option"
        case waits = "wait"
        case ranges = "range"
        case unused
        case build
    }

    package let rule: Rule
    /// The file, relative to the project's folder.
    package let path: String
    /// The line, counted from 1; nil where the whole file is meant.
    package let line: Int?
    /// In one line: lower case, names in backticks.
    package let message: String
    /// One next step.
    package let hint: String?

    package init(_ rule: Rule, _ path: String, line: Int? = nil, _ message: String, hint: String? = nil) {
        (self.rule, self.path, self.line, self.message, self.hint) = (rule, path, line, message, hint)
    }

    /// `src/disk.lua:3`.
    package var place: String { line.map { "\(path):\($0)" } ?? path }

    /// By file and line.
    package static func isBefore(_ a: SourceFinding, _ b: SourceFinding) -> Bool {
        (a.path, a.line ?? 0, a.message) < (b.path, b.line ?? 0, b.message)
    }
}
