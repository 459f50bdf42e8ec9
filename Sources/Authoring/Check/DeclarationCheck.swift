import Diagnostics
import Federation
import Semver

/// Compares the tables in a source with what is declared: hooks of plugins, options of `mf.init`, remotes that are loaded.
struct DeclarationCheck {
    private let path: String
    private let tokens: [LuaToken]
    private(set) var findings: [SourceFinding] = []

    private static let hooks = DeclaredNames.hooks.map(\.name)
    private static let hooksThatCannotWait = Set(DeclaredNames.hooks.filter { !$0.canWait }.map(\.name))
    private static let pluginKeys = DeclaredNames.pluginKeys + ["about", "options", "check", "plugin"]
    private static let waitingFunctions = Set(DeclaredNames.waitingFunctions)

    private let plugins: PluginOptionNames

    /// - Parameter folder: The project's, in which plugins are looked up.
    init(path: String, source: [UInt8], folder: String) {
        self.path = path
        plugins = PluginOptionNames(folder: folder)
        tokens = LuaLexer.tokens(of: source).filter { $0.kind != .comment }
        for (index, token) in tokens.enumerated() where token.isMark("{") {
            let table = LuaTableText(at: index, in: tokens)
            if isArgumentOfInit(index) {
                checkOptions(table)
            } else {
                checkPlugin(table)
            }
        }
    }

    private mutating func note(_ rule: SourceFinding.Rule, _ line: Int, _ message: String, hint: String? = nil) {
        findings.append(SourceFinding(rule, path, line: line, message, hint: hint))
    }

    private func token(_ index: Int) -> LuaToken? { tokens.indices.contains(index) ? tokens[index] : nil }

    // MARK: - mf.init

    /// `mf.init {`, `mf.init({`, and the same of `createInstance`.
    private func isArgumentOfInit(_ index: Int) -> Bool {
        let function = token(index - 1)?.isMark("(") == true ? index - 2 : index - 1
        guard let name = token(function), name.kind == .name, token(function - 1)?.isMark(".") == true else {
            return false
        }
        let isOfMF =
            token(function - 2)?.isName("mf") == true
            || token(function - 2)?.isMark(")") == true && token(function - 3)?.text == "mf"
        return name.text == "init" && isOfMF || name.text == "createInstance"
    }

    private mutating func checkOptions(_ table: LuaTableText) {
        checkKeys(of: table, against: DeclaredNames.hostOptions, in: "mf.init")
        checkShares(table["shared"])
        checkPluginEntries(table["plugins"])
        guard let remotes = table["remotes"], token(remotes.value.lowerBound)?.isMark("{") == true else { return }
        var names: [String] = []
        var isComplete = true
        for entry in LuaTableText(at: remotes.value.lowerBound, in: tokens).fields {
            guard entry.key == nil, token(entry.value.lowerBound)?.isMark("{") == true else {
                isComplete = false
                continue
            }
            let remote = LuaTableText(at: entry.value.lowerBound, in: tokens)
            checkKeys(of: remote, against: DeclaredNames.remoteOptions, in: "remotes")
            for key in ["name", "alias"] {
                guard let field = remote[key] else { continue }
                if let text = token(field.value.lowerBound), text.kind == .string, field.value.count == 1 {
                    names.append(text.text)
                } else {
                    isComplete = false
                }
            }
        }
        if isComplete { checkRequests(against: names) }
    }

    /// The table that a value is, if it is written as one.
    private func table(_ field: LuaTableText.Field?) -> LuaTableText? {
        guard let field, token(field.value.lowerBound)?.isMark("{") == true else { return nil }
        return LuaTableText(at: field.value.lowerBound, in: tokens)
    }

    /// The text that a value is, if it is written as one.
    private func text(_ field: LuaTableText.Field?) -> String? {
        guard let field, field.value.count == 1, let only = token(field.value.lowerBound), only.kind == .string else {
            return nil
        }
        return only.text
    }

    /// Shares whose own version is out of the range that they ask for: nothing would satisfy both.
    private mutating func checkShares(_ field: LuaTableText.Field?) {
        for share in table(field)?.fields ?? [] {
            guard let entry = table(share), let version = text(entry["version"]).flatMap(Version.init(completing:)),
                let wanted = text(table(entry["shareConfig"])?["requiredVersion"]), let range = VersionRange(wanted),
                !range.isSatisfied(by: version)
            else { continue }
            note(
                .ranges, share.line, "`\(share.key ?? "shared")`: its version \(version) is not in `\(wanted)`",
                hint: "change `version` or `requiredVersion`")
        }
    }

    /// Options of plugins that declare theirs: `{ "./audit-plugin.lua", { prefix = "x" } }`.
    private mutating func checkPluginEntries(_ field: LuaTableText.Field?) {
        for plugin in table(field)?.fields ?? [] {
            guard let entry = table(plugin) else { continue }
            let positions = entry.fields.filter { $0.key == nil }
            guard let file = text(positions.first), positions.count > 1, let options = table(positions[1]),
                let declared = plugins.of(file, namedBy: path)
            else { continue }
            for option in options.fields {
                guard let key = option.key, !declared.contains(key) else { continue }
                note(
                    .options, option.line, "`\(key)` is not an option of `\(file)`",
                    hint: key.closestMatch(in: declared).map { "did you mean `\($0)`?" }
                        ?? "`mflua plugin help \(file)` lists the options")
            }
        }
    }

    private mutating func checkKeys(of table: LuaTableText, against names: [String], in thing: String) {
        for field in table.fields {
            guard let key = field.key, !names.contains(key) else { continue }
            note(
                .options, field.line, "`\(key)` is not an option of `\(thing)`",
                hint: key.closestMatch(in: names).map { "did you mean `\($0)`?" }
                    ?? "valid keys are \(names.map { "`\($0)`" }.joined(separator: ", "))")
        }
    }

    /// Requests for remotes that the only `mf.init` of the file does not list.
    private mutating func checkRequests(against names: [String]) {
        let registers = tokens.contains { $0.isName("registerRemotes") || $0.isName("createInstance") }
        let inits = tokens.indices.count { tokens[$0].isName("init") && token($0 - 1)?.isMark(".") == true }
        guard !registers, inits == 1 else { return }
        for (index, function) in tokens.enumerated() where function.isName("loadRemote") || function.isName("live") {
            guard token(index - 1)?.isMark(".") == true, token(index - 2)?.isName("mf") == true else { continue }
            let argument = token(index + 1)?.isMark("(") == true ? index + 2 : index + 1
            guard let request = token(argument), request.kind == .string, token(argument + 1)?.isMark("..") != true,
                !names.contains(where: { request.text == $0 || request.text.hasPrefix($0 + "/") })
            else { continue }
            let remote = String(request.text.prefix { $0 != "/" })
            note(
                .remotes, function.line, "remote `\(remote)` is not among the `remotes` of `mf.init`",
                hint: remote.closestMatch(in: names).map { "did you mean `\($0)`?" } ?? "add it to `remotes`")
        }
    }

    // MARK: - Plugins

    /// A table with listeners: a plugin, or what a function `plugin` returns.
    private mutating func checkPlugin(_ table: LuaTableText) {
        let listeners = table.fields.filter { isListener($0) }
        let isPlugin =
            table["name"].flatMap { token($0.value.lowerBound) }?.kind == .string && !listeners.isEmpty
            || listeners.contains { Self.hooks.contains($0.key ?? "") }
        guard isPlugin else { return }
        if table["name"] != nil { checkOwnKeys(of: table) }
        for field in listeners {
            guard let key = field.key else { continue }
            if Self.hooks.contains(key) {
                if Self.hooksThatCannotWait.contains(key) { checkWaits(in: field, hook: key) }
            } else if !Self.pluginKeys.contains(key), let meant = key.nearMiss(of: Self.hooks) {
                note(.hooks, field.line, "there is no hook `\(key)`", hint: "did you mean `\(meant)`?")
            }
        }
    }

    /// Keys of a declaration, which are closed; and those of a plugin's table that look like one that is read.
    private mutating func checkOwnKeys(of table: LuaTableText) {
        for field in table.fields {
            guard let key = field.key, !isListener(field), !Self.pluginKeys.contains(key), !Self.hooks.contains(key),
                let meant = key.nearMiss(of: Self.pluginKeys)
            else { continue }
            note(.options, field.line, "`\(key)` is not a key of a plugin", hint: "did you mean `\(meant)`?")
        }
    }

    /// Whether a value is a function, or a table with a `handler`.
    private func isListener(_ field: LuaTableText.Field) -> Bool {
        guard field.key != nil, let first = token(field.value.lowerBound) else { return false }
        if first.isName("function") { return true }
        guard first.isMark("{") else { return false }
        return LuaTableText(at: field.value.lowerBound, in: tokens)["handler"] != nil
    }

    /// Calls that wait in a listener itself; functions inside of it may be called elsewhere.
    private mutating func checkWaits(in field: LuaTableText.Field, hook: String) {
        var open: [Bool] = []
        for index in field.value {
            let change = tokens[index].kind == .name ? LuaBlocks.change(at: index, in: tokens) : 0
            if change > 0 { open.append(tokens[index].isName("function")) }
            if change < 0 { _ = open.popLast() }
            guard open.count(where: { $0 }) <= 1, tokens[index].isName("mf"), token(index + 1)?.isMark(".") == true,
                let function = token(index + 2), Self.waitingFunctions.contains(function.text),
                let next = token(index + 3), next.isMark("(") || next.kind == .string || next.isMark("{")
            else { continue }
            note(
                .waits, tokens[index].line, "`mf.\(function.text)` waits, and `\(hook)` is a synchronous hook",
                hint: "start a task with `mf.spawn`, or use an asynchronous hook")
        }
    }
}
