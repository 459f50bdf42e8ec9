/// Why and where a text is not JSON.
struct JSONFailure: Error {
    enum Problem {
        /// Something else had to stand here.
        case expected(String)
        /// A whole sentence.
        case other(String)
    }

    let position: Int
    let problem: Problem
}

/// A strict recursive-descent parser over bytes; strings without escapes are taken as they stand.
struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maxDepth: Int
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>, maxDepth: Int) {
        self.bytes = bytes
        self.maxDepth = maxDepth
    }

    /// One value and nothing else.
    mutating func document() throws(JSONFailure) -> LuaValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipBlanks()
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw expected("the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONFailure) -> LuaValue {
        guard position < bytes.count else { throw expected("a value") }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return .string(try string())
        case UInt8(ascii: "{"):
            return .record(try object(depth: depth + 1))
        case UInt8(ascii: "["):
            return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"):
            try word("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case UInt8(ascii: "-"), 0x30...0x39:
            return try number()
        default:
            throw expected("a value")
        }
    }

    // MARK: - Containers

    private mutating func array(depth: Int) throws(JSONFailure) -> [LuaValue] {
        try enter(depth)
        var elements: [LuaValue] = []
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw expected("`,` or `]`") }
            skipBlanks()
        }
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> LuaRecord {
        try enter(depth)
        var entries = ObjectEntries()
        if take(UInt8(ascii: "}")) { return LuaRecord() }
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw expected(entries.isEmpty ? "a key in quotes or `}`" : "a key in quotes")
            }
            let key = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw expected("`:`") }
            skipBlanks()
            entries.add(key, try value(depth: depth))
            skipBlanks()
            if take(UInt8(ascii: "}")) { return LuaRecord(entries.all) }
            guard take(UInt8(ascii: ",")) else { throw expected("`,` or `}`") }
            skipBlanks()
        }
    }

    /// Takes the opening bracket.
    private mutating func enter(_ depth: Int) throws(JSONFailure) {
        guard depth <= maxDepth else {
            throw JSONFailure(position: position, problem: .other("nested deeper than \(maxDepth) levels"))
        }
        position += 1
        skipBlanks()
    }

    // MARK: - Strings

    private mutating func string() throws(JSONFailure) -> String {
        position += 1
        let start = position
        var isASCII = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let body = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                if isASCII { return String(decoding: body, as: UTF8.self) }
                guard let text = String(validating: body, as: UTF8.self) else { throw invalidUTF8(from: start) }
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw expected("an escape, control characters cannot stand in a string") }
            if byte >= 0x80 { isASCII = false }
            position += 1
        }
        throw expected("the closing `\"` of a string")
    }

    /// The slow path: from the first escape on, pieces are copied.
    private mutating func escapedString(from start: Int) throws(JSONFailure) -> String {
        var content = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else { throw invalidUTF8(from: start) }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &content)
            case 0..<0x20:
                throw expected("an escape, control characters cannot stand in a string")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw expected("the closing `\"` of a string")
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONFailure) {
        guard position < bytes.count else { throw expected("an escape") }
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            content.append(contentsOf: String(try scalar()).utf8)
            return
        default: throw expected("one of the escapes `\" \\ / b f n r t u`")
        }
        position += 1
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair.
    private mutating func scalar() throws(JSONFailure) -> Character {
        let unit = try hexadecimal()
        if let scalar = Unicode.Scalar(unit) { return Character(scalar) }
        let next = position
        if unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let low = try hexadecimal()
            if (0xDC00...0xDFFF).contains(low),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
            {
                return Character(scalar)
            }
        }
        // Without its partner; what follows is read again, for itself.
        position = next
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count else { throw expected("four hexadecimal digits") }
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46: digit = byte - 0x41 + 10
            case 0x61...0x66: digit = byte - 0x61 + 10
            default: throw expected("four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: - Numbers

    private mutating func number() throws(JSONFailure) -> LuaValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let firstDigit = position
        // Counted downwards: the smallest integer has no positive counterpart.
        var integer: Int64 = 0
        var fits = true
        while position < bytes.count, isDigit(bytes[position]) {
            let (product, high) = integer.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.subtractingReportingOverflow(Int64(bytes[position] - 0x30))
            if high || carry { fits = false }
            integer = sum
            position += 1
        }
        guard position > firstDigit else { throw expected("a digit") }
        guard bytes[firstDigit] != 0x30 || position == firstDigit + 1 else {
            throw JSONFailure(position: firstDigit, problem: .other("a number cannot begin with a zero"))
        }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        if isInteger, fits, isNegative || integer != .min { return .integer(isNegative ? integer : -integer) }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw JSONFailure(position: start, problem: .other("the number is too large"))
        }
        return .number(number)
    }

    private mutating func digits() throws(JSONFailure) {
        let start = position
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
        guard position > start else { throw expected("a digit") }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    // MARK: - Pieces

    private mutating func word(_ word: StaticString) throws(JSONFailure) {
        let length = word.utf8CodeUnitCount
        let isHere = word.withUTF8Buffer { bytes[position...].prefix(length).elementsEqual($0) }
        guard isHere else { throw expected("a value") }
        position += length
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private func expected(_ what: String) -> JSONFailure {
        JSONFailure(position: position, problem: .expected(what))
    }

    private func invalidUTF8(from start: Int) -> JSONFailure {
        JSONFailure(position: start, problem: .other("the string is not valid UTF-8"))
    }
}

/// The entries of an object that is being read: of equal keys the first place and the last value count.
private struct ObjectEntries {
    private(set) var all: [LuaRecord.Entry] = []
    /// Where each key is; kept once there are too many to look at all.
    private var places: [Key: Int] = [:]
    private static let fewEnough = 12

    var isEmpty: Bool { all.isEmpty }

    mutating func add(_ key: String, _ value: LuaValue) {
        if let place = place(of: key) {
            all[place].value = value
            return
        }
        all.append(LuaRecord.Entry(key: .string(key), value: value))
        if all.count > Self.fewEnough {
            if places.isEmpty {
                for (place, entry) in all.enumerated() {
                    if case .string(let key) = entry.key { places[Key(text: key)] = place }
                }
            } else {
                places[Key(text: key)] = all.count - 1
            }
        }
    }

    private func place(of key: String) -> Int? {
        if !places.isEmpty { return places[Key(text: key)] }
        return all.firstIndex { entry in
            if case .string(let other) = entry.key { other == key && other.utf8.elementsEqual(key.utf8) } else { false }
        }
    }

    /// A key that equals another only byte by byte.
    private struct Key: Hashable {
        let text: String

        static func == (a: Self, b: Self) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }
}
