package import Diagnostics
package import LuaBridge

/// One thing that is wrong with an option table.
package struct OptionProblem: Sendable {
    /// Where it is: `remotes[2].tenant`; empty for the table itself.
    package let path: String
    /// The whole sentence, the path included.
    package let text: String
    /// The next step, where there is one.
    package let hint: String?
    /// The error with a code of its own that is thrown when this is the only problem.
    let error: MFError?
}

/// Walks an option table and collects everything that is wrong with it.
///
/// The order of the problems depends on the declarations alone: declared keys come in their declared order, then unknown
/// ones, sorted; elements of a list come by position. Lua's tables have no order, so two runs would differ otherwise.
package struct OptionChecker {
    package private(set) var problems: [OptionProblem] = []
    private var path: String
    private var depth = 0
    /// The tenants that may be named; nil where that is checked later.
    let tenants: Set<String>?
    /// The hooks that plugins may listen to, in their order; nil where that is checked later.
    let hooks: [String]?

    /// A table may contain itself; the walk ends here.
    private static let deepest = 32

    /// Makes a checker.
    ///
    /// - Parameters:
    ///   - path: What the paths in messages begin with, such as `remotes`; nothing for a table of its own.
    ///   - tenants: The tenants that may be named; nil where that is checked later.
    ///   - hooks: The hooks that plugins may listen to; nil where that is checked later.
    package init(path: String = "", tenants: Set<String>? = nil, hooks: [String]? = nil) {
        (self.path, self.tenants, self.hooks) = (path, tenants, hooks)
    }

    /// Checks what is under a key, and names the key in what is found.
    package mutating func inside(_ key: OptionKey, _ body: (inout OptionChecker) throws -> Void) throws {
        guard depth < Self.deepest else { return note("is nested too deeply") }
        let outer = path
        path = self.path(of: key)
        depth += 1
        try body(&self)
        depth -= 1
        path = outer
    }

    /// Notes a table whose metatable gives it keys that are not its own: they are not read as options, so that what decides
    /// about trust is where a reader sees it. `__pairs` may give the keys an order, and what it gives is read.
    mutating func expectOwnKeys(of value: LuaValue) throws {
        guard case .table(let table) = value, let metatable = try table.metatable(),
            !(try metatable.rawGet("__index").isNil)
        else { return }
        note("takes keys from a metatable", hint: "copy inherited keys into the table: only its own keys count")
    }

    /// Notes a value of another type.
    package mutating func expected(_ what: String, found: LuaValue, hint: String? = nil) {
        note("expected \(what), found \(found.mismatchDescription)", separator: ": ", hint: hint)
    }

    /// Notes that something is wrong with the value itself: `is missing`.
    package mutating func note(_ what: String, separator: String = " ", hint: String? = nil, error: MFError? = nil) {
        let text = path.isEmpty ? what : "`\(path)`\(separator)\(what)"
        problems.append(OptionProblem(path: path, text: text, hint: hint, error: error))
    }

    /// Notes a key that nothing reads.
    ///
    /// - Parameter advice: What to write in its place, such as ``did you mean `tenant`?``.
    mutating func unknown(_ key: OptionKey, advice: String?, hint: String? = nil) {
        let path = path(of: key)
        let text = "unknown key `\(path)`" + (advice.map { " (\($0))" } ?? "")
        problems.append(OptionProblem(path: path, text: text, hint: hint, error: nil))
    }

    /// Notes an error that has a code of its own.
    mutating func note(_ error: MFError) {
        let text = path.isEmpty ? error.message : "`\(path)`: \(error.message)"
        problems.append(OptionProblem(path: path, text: text, hint: error.hint, error: error))
    }

    private func path(of key: OptionKey) -> String {
        guard case .option(let name) = key, !path.isEmpty else { return path + key.description }
        return "\(path).\(name.shown)"
    }

    /// Ends the walk.
    ///
    /// - Parameter function: What the options were given to, such as `init`.
    /// - Throws: ``MFError`` with `LUA-012` that names every problem; a single one that has a code of its own as it is.
    func finish(of function: String) throws {
        guard let first = problems.first else { return }
        if problems.count == 1, let error = first.error {
            throw first.path.isEmpty ? error : error.adding(context: [("option", first.path)])
        }
        throw MFError.invalidOptions(problems, of: function)
    }
}

/// A step on the way to a value in an option table.
package enum OptionKey: Sendable, CustomStringConvertible {
    /// A declared option, or one that looks like it: `.tenant`.
    case option(String)
    /// A name that users choose, such as a package: `["statsd"]`.
    case name(String)
    /// An element of a list, counted from 1: `[2]`.
    case position(Int64)
    /// A key that is neither a string nor an integer.
    case other(LuaValue)

    /// A key as a table has it.
    init(_ key: LuaValue) {
        switch key {
        case .string(let name): self = .option(name)
        case .integer(let position): self = .position(position)
        default: self = .other(key)
        }
    }

    package var description: String {
        switch self {
        case .option(let name): name.shown
        case .name(let name): "[\"\(name.shown)\"]"
        case .position(let position): "[\(position)]"
        case .other(let key): "[\(key.mismatchDescription)]"
        }
    }

    /// Positions come first, then names, each in order.
    static func isBefore(_ a: OptionKey, _ b: OptionKey) -> Bool {
        switch (a, b) {
        case (.position(let a), .position(let b)): a < b
        case (.position, _): true
        case (_, .position): false
        case (.other, .other): a.description < b.description
        case (.other, _): false
        case (_, .other): true
        default: a.description < b.description
        }
    }
}

extension String {
    /// A name from an option table as a message shows it: one short line.
    fileprivate var shown: String {
        let short = unicodeScalars.prefix(60)
        var text = ""
        for scalar in short {
            text += scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return short.count < unicodeScalars.count ? text + "…" : text
    }
}

extension MFError {
    /// Options that cannot be used: all problems in one message.
    static func invalidOptions(_ problems: [OptionProblem], of function: String) -> MFError {
        let most = 20
        var texts = problems.prefix(most).map(\.text)
        if problems.count > most { texts.append("and \(problems.count - most) more") }
        return MFError(
            .invalidOptions, "invalid options for `\(function)`: \(texts.joined(separator: "; "))",
            context: [("option", problems.first?.path)],
            hint: problems.lazy.compactMap(\.hint).first ?? "`mflua explain LUA-012` lists the options")
    }
}
