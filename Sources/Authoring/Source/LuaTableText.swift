/// A table constructor in a source: what its keys are, and where their values stand.
struct LuaTableText: Sendable {
    struct Field: Sendable {
        /// The key; nil for an element of the list part.
        let key: String?
        let line: Int
        /// The words of the value.
        let value: Range<Int>
    }

    /// The place of the opening brace among the words.
    let start: Int
    let fields: [Field]

    /// Reads the table whose opening brace stands at a place.
    init(at start: Int, in tokens: [LuaToken]) {
        self.start = start
        var fields: [Field] = []
        var at = start + 1
        while at < tokens.count, !tokens[at].isMark("}") {
            let begin = at
            var key: String?
            if tokens[at].kind == .name, at + 1 < tokens.count, tokens[at + 1].isMark("=") {
                key = tokens[at].text
                at += 2
            } else if tokens[at].isMark("["), at + 3 < tokens.count, tokens[at + 1].kind == .string,
                tokens[at + 2].isMark("]"), tokens[at + 3].isMark("=")
            {
                key = tokens[at + 1].text
                at += 4
            }
            let end = Self.endOfValue(from: at, in: tokens)
            fields.append(Field(key: key, line: tokens[begin].line, value: at..<end))
            at = end
            if at < tokens.count, tokens[at].isMark(",") || tokens[at].isMark(";") { at += 1 }
            if at == begin { break }
        }
        self.fields = fields
    }

    /// Where a value ends: at a comma or brace outside of all brackets and functions.
    private static func endOfValue(from start: Int, in tokens: [LuaToken]) -> Int {
        var depth = 0
        var at = start
        while at < tokens.count {
            let token = tokens[at]
            if token.kind == .mark {
                switch token.text {
                case "{", "(", "[": depth += 1
                case ")", "]": depth -= 1
                case "}":
                    if depth == 0 { return at }
                    depth -= 1
                case ",", ";": if depth == 0 { return at }
                default: break
                }
            } else if token.kind == .name {
                depth += LuaBlocks.change(at: at, in: tokens)
            }
            at += 1
        }
        return at
    }

    subscript(_ key: String) -> Field? { fields.first { $0.key == key } }
}

/// Where blocks begin and end.
enum LuaBlocks {
    /// 1 where a word opens a block that `end` or `until` closes, -1 where it closes one.
    static func change(at index: Int, in tokens: [LuaToken]) -> Int {
        // `t.end` does not compile, so that a keyword is one wherever it stands.
        switch tokens[index].text {
        case "function", "do", "then", "repeat": 1
        case "end", "until": -1
        // `then … elseif … then`: the second `then` opens what `elseif` has closed; `else` goes on.
        case "elseif": -1
        default: 0
        }
    }
}
