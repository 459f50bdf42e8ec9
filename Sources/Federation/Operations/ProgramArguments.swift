import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// How `mf.exec` and `mf.process` are told what to run.
struct ProgramArguments {
    var plan: Subprocess.Plan
    let options: OptionValues
    let timeout: Duration?

    /// Reads the arguments of a call.
    ///
    /// - Throws: ``MFError`` with `LUA-009` where the words are no list, `LUA-012` for what is wrong inside.
    init(_ call: LuaCall, _ table: OptionTable) throws {
        if let text = call[0].stringValue {
            throw call.mismatch(0, "list of words").replacing(hint: Self.hint(for: text))
        }
        guard call[0].isTable else { throw call.mismatch(0, "list of words") }
        var checker = OptionChecker(path: "argv")
        try Self.words.check(call[0], &checker)
        try checker.finish(of: call.name)
        let words = try call[0].strings(expecting: "a list of words")
        options = try table.read(call, 1)
        timeout = options["timeout"].time
        plan = Subprocess.Plan(words)
        plan.folder = options["cwd"].stringValue
        if !options["env"].isNil { plan.environment = try Self.environment(options["env"]) }
    }

    /// The keys that both functions take.
    static let commonKeys: [OptionTable.Key] = [
        .init("cwd", folder, "The working folder; that of the host if absent."),
        .init(
            "env", variables,
            "Variables set besides those of the host; `false` removes one."),
        .init("timeout", .time, "How long it may run, in milliseconds or as \"5s\"; any time if absent."),
    ]

    private static func hint(for text: String) -> String {
        let words = text.split { $0 == " " || $0 == "\t" || $0 == "\n" }
        let isPlain = text.unicodeScalars.allSatisfy { !"|&;<>()$`\\\"'*?[]#~=%\n{}".unicodeScalars.contains($0) }
        let quoted = { (word: Substring) in
            "\"" + word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
        }
        if isPlain, !words.isEmpty { return "write { \(words.map(quoted).joined(separator: ", ")) }" }
        return "there is no shell in between: write { \"sh\", \"-c\", \(quoted(text[...])) } to use one"
    }

    // MARK: - Types

    private static let words = OptionType("string[]", "a list of words") { value, checker in
        try OptionType.list(of: systemText, "a list of words").check(value, &checker)
        if try value.luaElements()?.isEmpty == true { checker.note("is empty: its first element is the program") }
        if case .string("")? = try value.luaElements()?.first {
            try checker.inside(.position(1)) { $0.note("is empty: it is the program") }
        }
    }

    /// Text that the system takes.
    static let systemText = OptionType("string", "a string") { value, checker in
        guard let text = value.stringValue else {
            return checker.expected(value.bytesValue == nil ? "a string" : "a string in UTF-8", found: value)
        }
        if text.utf8.contains(0) { checker.note("contains a zero byte") }
    }

    private static let folder = OptionType("string", "the path of a folder") { value, checker in
        if value.stringValue == "" { return checker.expected("the path of a folder", found: value) }
        try systemText.check(value, &checker)
    }

    private static let variables = OptionType("table<string, string|false>", "a table of variables") { value, checker in
        try OptionType.map(of: variable, "a table of variables").check(value, &checker)
        for name in try value.textKeys.sorted() where name.isEmpty || name.contains("=") || name.utf8.contains(0) {
            try checker.inside(.name(name)) { $0.note("is not the name of a variable") }
        }
    }

    private static let variable = OptionType("string|false", "a string or false") { value, checker in
        if value == .boolean(false) { return }
        guard value.luaTypeName == "string" else { return checker.expected("a string or false", found: value) }
        try systemText.check(value, &checker)
    }

    private static func environment(_ changes: LuaValue) throws -> [String] {
        let changes = try changes.entries(expecting: "a table of variables").map { ($0.0.stringValue ?? "", $0.1) }
        let changed = Set(changes.map(\.0))
        return EnvironmentVariables.all.filter { !changed.contains($0.name) }.map { "\($0.name)=\($0.value)" }
            + changes.sorted { $0.0 < $1.0 }.compactMap { name, value in value.stringValue.map { "\(name)=\($0)" } }
    }
}
