/// The `getPublicPath` of a manifest: the source of a function, of which only the text that it returns is understood.
///
/// ```
/// function() { return "https://cdn.example/app/" }     () => 'https://cdn.example/app/'     return "/app/";
/// function() return "https://cdn.example/app/" end
/// ```
///
/// The source is not run: it came over the network.
enum PublicPathSource {
    /// The text that the function returns; nothing where that cannot be told.
    static func value(_ source: String) -> String? {
        guard let tokens = tokens(of: source) else { return nil }
        var reader = Reader(tokens: tokens[...])
        return reader.program()
    }

    fileprivate enum Token: Equatable {
        case word(String)
        case text(String)
        case mark(String)
    }
}

// MARK: - Reading the function

extension PublicPathSource {
    /// Walks along the tokens; each part returns the text that it found, or nothing for what it does not know.
    private struct Reader {
        var tokens: ArraySlice<Token>
        private var texts: [String: String] = [:]

        init(tokens: ArraySlice<Token>) { self.tokens = tokens }

        mutating func program() -> String? {
            guard let value = function() ?? body() else { return nil }
            // `(function() { … })()`
            while take(.mark("(")) || take(.mark(")")) || take(.mark(";")) {}
            return tokens.isEmpty ? value : nil
        }

        /// `function name() { … }`, `function() … end`, `() => …`, with or without brackets around it.
        private mutating func function() -> String? {
            let start = tokens
            if take(.mark("(")), let value = function(), take(.mark(")")) { return value }
            tokens = start
            _ = take(.word("async"))
            if take(.word("function")) {
                if case .word? = tokens.first { tokens.removeFirst() }
                if parameters() {
                    let isBlock = take(.mark("{"))
                    if let value = body(), take(isBlock ? .mark("}") : .word("end")) { return value }
                }
            } else if parameters(), take(.mark("=>")) {
                if take(.mark("{")) {
                    if let value = body(), take(.mark("}")) { return value }
                } else if let value = expression() {
                    return value
                }
            }
            tokens = start
            return nil
        }

        private mutating func parameters() -> Bool {
            guard take(.mark("(")) else { return false }
            while case .word? = tokens.first {
                tokens.removeFirst()
                _ = take(.mark(","))
            }
            return take(.mark(")"))
        }

        /// `const base = "…"; return base + "app/";`
        private mutating func body() -> String? {
            while true {
                if take(.mark(";")) { continue }
                if take(.word("return")) {
                    guard let value = expression() else { return nil }
                    while take(.mark(";")) {}
                    return value
                }
                guard ["var", "let", "const", "local"].contains(where: { take(.word($0)) }),
                    case .word(let name)? = tokens.popFirst(), take(.mark("=")), let value = expression()
                else { return nil }
                texts[name] = value
            }
        }

        private mutating func expression() -> String? {
            guard var value = operand() else { return nil }
            while take(.mark("+")) || take(.mark("..")) {
                guard let next = operand() else { return nil }
                value += next
            }
            return value
        }

        private mutating func operand() -> String? {
            switch tokens.popFirst() {
            case .text(let text): return text
            case .word(let name): return texts[name]
            case .mark("("):
                guard let value = expression(), take(.mark(")")) else { return nil }
                return value
            default: return nil
            }
        }

        private mutating func take(_ token: Token) -> Bool {
            guard tokens.first == token else { return false }
            tokens.removeFirst()
            return true
        }
    }
}

// MARK: - Taking it apart

extension PublicPathSource {
    /// Words, texts and marks; nothing where something else is met.
    private static func tokens(of source: String) -> [Token]? {
        var rest = Substring(source)
        var tokens: [Token] = []
        while let next = rest.first {
            if next.isWhitespace {
                rest.removeFirst()
            } else if next.isLetter || next == "_" || next == "$" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
                rest = rest.dropFirst(word.count)
                tokens.append(.word(String(word)))
            } else if "\"'`".contains(next) {
                guard let text = text(&rest) else { return nil }
                tokens.append(.text(text))
            } else if let mark = ["=>", "..", "(", ")", "{", "}", ";", ",", "+", "="].first(where: rest.hasPrefix) {
                rest = rest.dropFirst(mark.count)
                tokens.append(.mark(mark))
            } else {
                return nil
            }
        }
        return tokens
    }

    /// A text in quotes, with what escapes stand for. A template that is filled in is not known.
    private static func text(_ rest: inout Substring) -> String? {
        let quote = rest.removeFirst()
        var text = ""
        while let next = rest.popFirst() {
            switch next {
            case quote: return text
            case "\\":
                guard let escaped = escape(&rest) else { return nil }
                text.append(escaped)
            case "$" where quote == "`" && rest.first == "{": return nil
            case "\n" where quote != "`": return nil
            default: text.append(next)
            }
        }
        return nil
    }

    private static func escape(_ rest: inout Substring) -> Character? {
        guard let next = rest.popFirst() else { return nil }
        switch next {
        case "x", "u":
            let isBraced = next == "u" && rest.first == "{"
            if isBraced { rest.removeFirst() }
            let digits = isBraced ? rest.prefix { $0 != "}" } : rest.prefix(next == "x" ? 2 : 4)
            rest = rest.dropFirst(digits.count + (isBraced ? 1 : 0))
            guard let number = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(number) else { return nil }
            return Character(scalar)
        // Letters and digits mean something else in either language; marks stand for themselves.
        case _ where next.isLetter || next.isNumber || next.isNewline: return nil
        default: return next
        }
    }
}
