/// What a source mentions of what lies outside of it: modules, shared packages, remotes.
struct SourceMentions: Sendable {
    /// A name, and where it is written.
    struct Named: Sendable, Equatable {
        let name: String
        let line: Int
    }

    /// A mention of `require` of which it is not known what it loads.
    struct Unclear: Sendable, Equatable {
        enum Kind: Sendable, Equatable {
            /// A call with a computed name, and what the name begins with.
            case computed(prefix: String)
            /// `require` itself, or its name as a text: handed to somebody.
            case value
        }

        let kind: Kind
        let line: Int
    }

    /// The modules that calls of `require` name.
    fileprivate(set) var modules: [Named] = []
    fileprivate(set) var unclear: [Unclear] = []
    /// The packages that calls of `loadShare` name.
    fileprivate(set) var shares: [Named] = []
    /// The requests that calls of `loadRemote` name.
    fileprivate(set) var remotes: [Named] = []
    /// The modules that the source itself puts into `package.preload`.
    fileprivate(set) var preloaded: Set<String> = []

    /// Reads a source.
    init(of source: [UInt8]) {
        var scanner = MentionScanner(LuaLexer.tokens(of: source).filter { $0.kind != .comment })
        scanner.run()
        self = scanner.found
    }

    fileprivate init() {}
}

/// Looks for mentions among the words of a source.
private struct MentionScanner {
    private let tokens: [LuaToken]
    private(set) var found = SourceMentions()

    init(_ tokens: [LuaToken]) { self.tokens = tokens }

    private static let end = LuaToken(kind: .mark, text: "", line: 0)
    private static let shareFunctions: Set<String> = ["loadShare", "loadShareSync"]
    private static let remoteFunctions: Set<String> = ["loadRemote", "live"]

    private subscript(_ index: Int) -> LuaToken {
        tokens.indices.contains(index) ? tokens[index] : Self.end
    }

    mutating func run() {
        for index in tokens.indices {
            let token = tokens[index]
            switch token.kind {
            case .string where token.text == "require": note(.value, token.line)
            case .name where token.text == "require": readRequire(at: index)
            case .name where Self.shareFunctions.contains(token.text):
                if let name = argument(after: index) { found.shares.append(.init(name: name, line: token.line)) }
            case .name where Self.remoteFunctions.contains(token.text) && !isBare(index):
                if let name = argument(after: index) { found.remotes.append(.init(name: name, line: token.line)) }
            case .name where token.text == "load" || token.text == "loadstring": readLoad(at: index)
            case .name where token.text == "preload": readPreload(at: index)
            default: break
            }
        }
    }

    private mutating func note(_ kind: SourceMentions.Unclear.Kind, _ line: Int) {
        found.unclear.append(.init(kind: kind, line: line))
    }

    /// Whether a name stands alone, and not behind a dot or colon.
    private func isBare(_ index: Int) -> Bool { !self[index - 1].isMark(".") && !self[index - 1].isMark(":") }

    // MARK: - require

    private mutating func readRequire(at index: Int) {
        let line = self[index].line
        guard !self[index - 1].isMark(":"), !isDefinition(index) else { return }
        guard !isLocalOfItsName(index) else { return }
        // `pcall(require, "x")`, and the same of `_G.require`
        let start = isBare(index) ? index : index - 2
        if self[index + 1].isMark(","), self[start - 1].isMark("("), self[start - 2].isName("pcall") {
            return readName(from: index + 2, line)
        }
        guard isCall(after: index) else { return note(.value, line) }
        if self[index + 1].kind == .string {
            found.modules.append(.init(name: self[index + 1].text, line: line))
            return
        }
        guard self[index + 1].isMark("(") else { return note(.computed(prefix: ""), line) }
        readName(from: index + 2, line)
    }

    /// A name that is an argument: one text, or several that are joined.
    private mutating func readName(from first: Int, _ line: Int) {
        var next = first
        var name = ""
        while self[next].kind == .string {
            name += self[next].text
            if self[next + 1].isMark(")") || self[next + 1].isMark(",") {
                found.modules.append(.init(name: name, line: line))
                return
            }
            guard self[next + 1].isMark("..") else { return note(.computed(prefix: ""), line) }
            next += 2
        }
        note(.computed(prefix: name), line)
    }

    /// `local require = require`, also among others or as `_G.require`: the name stays the function's.
    private func isLocalOfItsName(_ index: Int) -> Bool {
        guard !isCall(after: index), !continues(index + 1) || self[index + 1].isMark(",") else { return false }
        let start = isBare(index) ? index : index - 2
        guard start == index || self[start].isName("_G") || self[start].isName("_ENV") else { return false }
        // The values before it are names as well, so that each has its place.
        var (at, place) = (start - 1, 0)
        while self[at].isMark(",") {
            at -= 1
            while self[at].kind == .name, self[at - 1].isMark(".") { at -= 2 }
            guard self[at].kind == .name || self[at].kind == .string || self[at].kind == .number else { return false }
            (at, place) = (at - 1, place + 1)
        }
        guard self[at].isMark("=") else { return false }
        var names: [String] = []
        at -= 1
        while self[at].kind == .name, !self[at].isName("local") {
            names.insert(self[at].text, at: 0)
            at -= self[at - 1].isMark(",") ? 2 : 1
        }
        return self[at].isName("local") && names.indices.contains(place) && names[place] == "require"
    }

    private func isCall(after index: Int) -> Bool {
        let next = self[index + 1]
        return next.kind == .string || next.isMark("(") || next.isMark("{")
    }

    /// Whether an expression goes on: `require or load`.
    private func continues(_ index: Int) -> Bool {
        let next = self[index]
        return next.kind == .mark && ![";", "", "::"].contains(next.text) || next.isName("and") || next.isName("or")
    }

    /// Whether a name is declared or assigned: `local require`, `function M.require`, `{ require = … }`, a parameter, a label.
    private func isDefinition(_ index: Int) -> Bool {
        if self[index + 1].isMark("=") || self[index - 1].isName("goto") || self[index - 1].isMark("::") { return true }
        var before = index - 1
        // `function M.require`
        while self[before].isMark("."), self[before - 1].kind == .name { before -= 2 }
        if self[before].isName("function") { return true }
        guard isBare(index) else { return false }
        // `local a, require` and `function(a, require)`
        before = index - 1
        if self[before].isName("local") { return true }
        while self[before].isMark(","), self[before - 1].kind == .name || self[before - 1].isMark(">") {
            before -= self[before - 1].isMark(">") ? 5 : 2
            if self[before].isName("local") { return true }
        }
        guard self[before].isMark("(") else { return false }
        before -= 1
        while self[before].kind == .name, !self[before].isName("function"),
            self[before - 1].isMark(".") || self[before - 1].isMark(":")
        {
            before -= 2
        }
        return self[before].isName("function") || self[before].kind == .name && self[before - 1].isName("function")
    }

    // MARK: - The rest

    /// The literal that a function is called with, also by `pcall`.
    private func argument(after index: Int) -> String? {
        let next = self[index + 1]
        if next.kind == .string { return next.text }
        guard next.isMark("(") || next.isMark(","), self[index + 2].kind == .string,
            !self[index + 3].isMark("..")
        else { return nil }
        return self[index + 2].text
    }

    /// What a text mentions that is compiled at run time.
    private mutating func readLoad(at index: Int) {
        guard isBare(index), let source = argument(after: index) else { return }
        let inside = SourceMentions(of: Array(source.utf8))
        let line = self[index].line
        found.modules += inside.modules.map { .init(name: $0.name, line: line + $0.line - 1) }
        found.unclear += inside.unclear.map { .init(kind: $0.kind, line: line + $0.line - 1) }
        found.shares += inside.shares.map { .init(name: $0.name, line: line + $0.line - 1) }
        found.remotes += inside.remotes.map { .init(name: $0.name, line: line + $0.line - 1) }
        found.preloaded.formUnion(inside.preloaded)
    }

    private mutating func readPreload(at index: Int) {
        if self[index + 1].isMark("["), self[index + 2].kind == .string, self[index + 4].isMark("=") {
            found.preloaded.insert(self[index + 2].text)
        } else if self[index + 1].isMark("."), self[index + 3].isMark("=") {
            found.preloaded.insert(self[index + 2].text)
        }
    }
}
