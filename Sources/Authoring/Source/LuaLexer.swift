/// Takes Lua source apart. What does not compile is taken apart as far as it goes: the compiler says what is wrong.
struct LuaLexer {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var tokens: [LuaToken] = []

    /// The words of a source, comments included.
    static func tokens(of source: [UInt8]) -> [LuaToken] {
        var lexer = LuaLexer(bytes: source)
        lexer.run()
        return lexer.tokens
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private static let longMarks: [[UInt8]] = ["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"].map {
        Array($0.utf8)
    }

    private mutating func run() {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        if peek() == "#" { skipLine() }
        while at < bytes.count {
            let start = (at, line)
            switch peek() {
            case "\n":
                line += 1
                at += 1
            case " ", "\t", "\r", "\u{B}", "\u{C}": at += 1
            case "-" where peek(1) == "-":
                comment()
                add(.comment, decode(start.0..<at), line: start.1)
            case "\"", "'": add(.string, quoted(), line: start.1)
            case "[" where longLevel(at) != nil:
                add(.string, long(level: longLevel(at) ?? 0), line: start.1)
            case let byte where byte.isDigit || byte == "." && peek(1).isDigit:
                number()
                add(.number, decode(start.0..<at), line: start.1)
            case let byte where byte.isNameByte:
                while at < bytes.count, peek().isNameByte { at += 1 }
                add(.name, decode(start.0..<at), line: start.1)
            default:
                let mark = Self.longMarks.first { bytes[at...].starts(with: $0) }
                at += mark?.count ?? 1
                add(.mark, decode(start.0..<at), line: start.1)
            }
        }
    }

    private mutating func add(_ kind: LuaToken.Kind, _ text: String, line: Int) {
        tokens.append(LuaToken(kind: kind, text: text, line: line))
    }

    private func decode(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The byte ahead; zero behind the end.
    private func peek(_ distance: Int = 0) -> Unicode.Scalar {
        at + distance < bytes.count ? Unicode.Scalar(bytes[at + distance]) : "\0"
    }

    private mutating func skipLine() {
        while at < bytes.count, peek() != "\n" { at += 1 }
    }

    private mutating func comment() {
        at += 2
        if let level = longLevel(at) { _ = long(level: level) } else { skipLine() }
    }

    /// `1`, `0x1p4`, `3e-2`: as Lua reads numbers, greedily.
    private mutating func number() {
        let isHexadecimal = peek() == "0" && (peek(1) == "x" || peek(1) == "X")
        let exponents: [Unicode.Scalar] = isHexadecimal ? ["p", "P"] : ["e", "E"]
        while at < bytes.count {
            if exponents.contains(peek()), peek(1) == "+" || peek(1) == "-" {
                at += 2
            } else if peek().isNameByte || peek() == "." {
                at += 1
            } else {
                return
            }
        }
    }

    /// The number of equals signs where a long bracket opens.
    private func longLevel(_ position: Int) -> Int? {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "[") else { return nil }
        var end = position + 1
        while end < bytes.count, bytes[end] == UInt8(ascii: "=") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "[") ? end - position - 1 : nil
    }

    private mutating func long(level: Int) -> String {
        at += level + 2
        if peek() == "\r", peek(1) == "\n" { at += 1 }
        if peek() == "\n" || peek() == "\r" {
            line += 1
            at += 1
        }
        let close = [UInt8(ascii: "]")] + Array(repeating: UInt8(ascii: "="), count: level) + [UInt8(ascii: "]")]
        let start = at
        while at < bytes.count, !bytes[at...].starts(with: close) {
            if bytes[at] == UInt8(ascii: "\n") { line += 1 }
            at += 1
        }
        defer { at = min(bytes.count, at + close.count) }
        return decode(start..<at)
    }

    private mutating func quoted() -> String {
        let quote = peek()
        at += 1
        var value: [UInt8] = []
        while at < bytes.count, peek() != quote, peek() != "\n" {
            if peek() == "\\" {
                at += 1
                escape(into: &value)
            } else {
                value.append(bytes[at])
                at += 1
            }
        }
        if peek() == quote { at += 1 }
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func escape(into value: inout [UInt8]) {
        let simple: [Unicode.Scalar: UInt8] = [
            "a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "\"": 34, "'": 39,
        ]
        switch peek() {
        case let letter where simple[letter] != nil:
            value.append(simple[letter] ?? 0)
            at += 1
        case "\n":
            value.append(10)
            line += 1
            at += 1
        case "z":
            at += 1
            while at < bytes.count, peek().properties.isWhitespace {
                if peek() == "\n" { line += 1 }
                at += 1
            }
        case "x":
            at += 1
            if let byte = digits(2, radix: 16) { value.append(UInt8(truncatingIfNeeded: byte)) }
        case "u" where peek(1) == "{":
            at += 2
            if let code = digits(8, radix: 16), let scalar = Unicode.Scalar(UInt32(code)) {
                value += Array(String(Character(scalar)).utf8)
            }
            if peek() == "}" { at += 1 }
        case let digit where digit.isDigit:
            if let byte = digits(3, radix: 10) { value.append(UInt8(truncatingIfNeeded: byte)) }
        default: at += at < bytes.count ? 1 : 0
        }
    }

    /// Takes at most so many digits.
    private mutating func digits(_ most: Int, radix: Int) -> Int? {
        let start = at
        while at < bytes.count, at - start < most, Int(String(Character(peek())), radix: radix) != nil { at += 1 }
        return Int(decode(start..<at), radix: radix)
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var isNameByte: Bool {
        isDigit || ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_"
    }
}
