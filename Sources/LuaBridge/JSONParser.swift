/// Why and where a text is not JSON.
struct JSONFailure: Error {
    enum Problem {
        /// Something else had to stand here.
        case expected(String)
        /// A whole sentence.
        case other(String)
        /// It took too long.
        case limit
    }

    let position: Int
    let problem: Problem
}

/// A strict recursive-descent parser over bytes; strings without escapes are taken as they stand.
struct JSONParser<Builder: JSONBuilder> {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let maxDepth: Int
    private var position = 0
    /// Where the limits were looked at last.
    private var lookedAt = 0
    private static var bytesBetweenLooks: Int { 4096 }
    /// What makes something of the values.
    private(set) var builder: Builder

    init(_ bytes: UnsafeBufferPointer<UInt8>, into builder: Builder, maxDepth: Int) {
        self.bytes = bytes
        self.builder = builder
        self.maxDepth = maxDepth
    }

    /// One value and nothing else.
    mutating func document() throws(JSONFailure) -> Builder.Value {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipBlanks()
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else { throw expected("the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONFailure) -> Builder.Value {
        guard position < bytes.count else { throw expected("a value") }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return try string { $0.string($1) }
        case UInt8(ascii: "{"):
            return try object(depth: depth + 1)
        case UInt8(ascii: "["):
            return try array(depth: depth + 1)
        case UInt8(ascii: "t"):
            try word("true")
            return builder.boolean(true)
        case UInt8(ascii: "f"):
            try word("false")
            return builder.boolean(false)
        case UInt8(ascii: "n"):
            try word("null")
            return builder.null()
        case UInt8(ascii: "-"), 0x30...0x39:
            return try number()
        default:
            throw expected("a value")
        }
    }

    // MARK: - Containers

    private mutating func array(depth: Int) throws(JSONFailure) -> Builder.Value {
        try enter(depth)
        var elements = builder.beginArray()
        if take(UInt8(ascii: "]")) { return builder.endArray(elements) }
        while true {
            builder.append(try value(depth: depth), to: &elements)
            try look()
            skipBlanks()
            if take(UInt8(ascii: "]")) { return builder.endArray(elements) }
            guard take(UInt8(ascii: ",")) else { throw expected("`,` or `]`") }
            skipBlanks()
        }
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> Builder.Value {
        try enter(depth)
        var entries = builder.beginObject()
        if take(UInt8(ascii: "}")) { return builder.endObject(entries) }
        var isFirst = true
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw expected(isFirst ? "a key in quotes or `}`" : "a key in quotes")
            }
            isFirst = false
            let key = try string { $0.key($1) }
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw expected("`:`") }
            skipBlanks()
            builder.add(try value(depth: depth), under: key, to: &entries)
            try look()
            skipBlanks()
            if take(UInt8(ascii: "}")) { return builder.endObject(entries) }
            guard take(UInt8(ascii: ",")) else { throw expected("`,` or `}`") }
            skipBlanks()
        }
    }

    private mutating func look() throws(JSONFailure) {
        guard position - lookedAt > Self.bytesBetweenLooks else { return }
        lookedAt = position
        if builder.isOverLimit { throw JSONFailure(position: position, problem: .limit) }
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

    /// Takes a string and hands its bytes, which are valid UTF-8, to the builder.
    private mutating func string<T>(
        _ make: (inout Builder, UnsafeBufferPointer<UInt8>) -> T
    ) throws(JSONFailure) -> T {
        position += 1
        let start = position
        var isASCII = true
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                let body = UnsafeBufferPointer(rebasing: bytes[start..<position])
                position += 1
                guard isASCII || String(validating: body, as: UTF8.self) != nil else { throw invalidUTF8(from: start) }
                return make(&builder, body)
            }
            if byte == UInt8(ascii: "\\") {
                let content = try escapedString(from: start)
                return content.withUnsafeBufferPointer { make(&builder, $0) }
            }
            guard byte >= 0x20 else { throw expected("an escape, control characters cannot stand in a string") }
            if byte >= 0x80 { isASCII = false }
            position += 1
        }
        throw expected("the closing `\"` of a string")
    }

    /// The slow path: from the first escape on, pieces are copied.
    private mutating func escapedString(from start: Int) throws(JSONFailure) -> [UInt8] {
        var content = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard String(validating: content, as: UTF8.self) != nil else { throw invalidUTF8(from: start) }
                return content
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

    private mutating func number() throws(JSONFailure) -> Builder.Value {
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
        // There is no integer for it.
        if isInteger, isNegative, integer == 0 { return builder.number(-0.0) }
        if isInteger, fits, isNegative || integer != .min { return builder.integer(isNegative ? integer : -integer) }
        let text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let number = Double(text), number.isFinite else {
            throw JSONFailure(position: start, problem: .other("the number is too large"))
        }
        return builder.number(number)
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
