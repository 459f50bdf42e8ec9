/// What a source says about the module that it returns, in the annotations of the Lua language server.
struct DocumentedModule: Sendable {
    /// A function of the module.
    struct Member: Sendable, Equatable {
        /// The lines of its comment.
        let comment: [String]
        /// The name with what goes before it: `.usage`, `:start`.
        let name: String
        /// `path, options`.
        let parameters: String
    }

    /// The comment at the top of the file, or above the module's table.
    private(set) var comment: [String] = []
    /// Whole comments that declare classes, aliases and enumerations.
    private(set) var declarations: [[String]] = []
    private(set) var members: [Member] = []
    /// The parameters and the comment of the function that the module is, if it is one.
    private(set) var function: Member?

    private let tokens: [LuaToken]

    /// Reads a source.
    init(of source: [UInt8]) {
        tokens = LuaLexer.tokens(of: source)
        readComments()
        guard let result = lastReturn() else { return }
        if token(result).kind == .name, token(result).text == "function" {
            function = Member(comment: commentAbove(result - 1), name: "", parameters: parameters(from: result + 1))
        } else if token(result).isMark("{") {
            readFields(of: result)
        } else if token(result).kind == .name {
            readMembers(of: token(result).text)
        }
    }

    private static let end = LuaToken(kind: .mark, text: "", line: 0)
    private func token(_ index: Int) -> LuaToken { tokens.indices.contains(index) ? tokens[index] : Self.end }

    /// The next word that is no comment.
    private func next(_ index: Int) -> Int {
        var index = index
        while token(index).kind == .comment { index += 1 }
        return index
    }

    // MARK: - Comments

    /// The comments that declare types, and the one at the top.
    private mutating func readComments() {
        var at = 0
        while at < tokens.count {
            guard tokens[at].isDocumentation else {
                at += 1
                continue
            }
            var block: [String] = []
            let start = at
            var line = tokens[at].line
            while at < tokens.count, tokens[at].isDocumentation, tokens[at].line <= line + 1 {
                line = tokens[at].line
                block.append(tokens[at].text.trimmed)
                at += 1
            }
            if block.contains(where: { $0.declaresType }) {
                declarations.append(block)
            } else if start == 0 {
                comment = block
            }
        }
    }

    /// The comment that ends on the line before a word.
    private func commentAbove(_ index: Int) -> [String] {
        var lines: [String] = []
        var line = token(index).line
        var at = index - 1
        while token(at).isDocumentation, token(at).line == line - 1 {
            lines.insert(token(at).text.trimmed, at: 0)
            line = token(at).line
            at -= 1
        }
        return lines.contains { $0.declaresType } ? [] : lines
    }

    // MARK: - The module

    /// The word behind the `return` of the file itself, which is its last statement.
    private func lastReturn() -> Int? {
        var depth = 0
        var found: Int?
        let words = tokens.indices.filter { tokens[$0].kind != .comment }
        let plain = words.map { tokens[$0] }
        for (place, index) in words.enumerated() where tokens[index].kind == .name {
            if depth == 0, tokens[index].text == "return", place + 1 < words.count { found = words[place + 1] }
            depth += LuaBlocks.change(at: place, in: plain)
        }
        return found
    }

    /// `function M.name(…)`, `function M:name(…)`, `M.name = function(…)`.
    private mutating func readMembers(of module: String) {
        for index in tokens.indices where tokens[index].isName(module) {
            let mark = token(index + 1)
            guard mark.isMark(".") || mark.isMark(":"), token(index + 2).kind == .name else { continue }
            let name = mark.text + token(index + 2).text
            let isStatement = index > 0 && token(index - 1).isName("function")
            if isStatement, token(index + 3).isMark("(") {
                add(Member(comment: commentAbove(index - 1), name: name, parameters: parameters(from: index + 3)))
            } else if token(index + 3).isMark("="), token(next(index + 4)).isName("function") {
                add(Member(comment: commentAbove(index), name: name, parameters: parameters(from: next(index + 4) + 1)))
            }
        }
        if comment.isEmpty,
            let local = tokens.indices.first(where: { token($0).isName("local") && token($0 + 1).isName(module) })
        {
            comment = commentAbove(local)
        }
    }

    /// `return { name = function(…) … end }`
    private mutating func readFields(of brace: Int) {
        let words = tokens.indices.filter { tokens[$0].kind != .comment }
        guard let start = words.firstIndex(of: brace) else { return }
        let plain = words.map { tokens[$0] }
        for field in LuaTableText(at: start, in: plain).fields {
            guard let key = field.key, plain.indices.contains(field.value.lowerBound),
                plain[field.value.lowerBound].isName("function"),
                let first = words.dropFirst(field.value.lowerBound - 2).first
            else { continue }
            let parameters = parameters(from: words[field.value.lowerBound] + 1)
            add(Member(comment: commentAbove(first), name: "." + key, parameters: parameters))
        }
    }

    private mutating func add(_ member: Member) {
        if !members.contains(where: { $0.name == member.name }) { members.append(member) }
    }

    private func parameters(from open: Int) -> String {
        var names: [String] = []
        var at = open + 1
        while at < tokens.count, !token(at).isMark(")") {
            if token(at).kind == .name || token(at).isMark("...") { names.append(token(at).text) }
            at += 1
        }
        return names.joined(separator: ", ")
    }
}

extension LuaToken {
    /// Whether it is a comment of three dashes.
    fileprivate var isDocumentation: Bool { kind == .comment && text.hasPrefix("---") && !text.contains("\n") }
}

extension String {
    fileprivate var trimmed: String {
        var rest = self[...]
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// Whether a line of a comment declares a type.
    fileprivate var declaresType: Bool {
        ["---@class ", "---@alias ", "---@enum "].contains { hasPrefix($0) }
    }
}
