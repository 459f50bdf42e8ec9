internal import CLuaShim
import Diagnostics

extension JSON {
    /// Writes a value as JSON.
    ///
    /// Lists become arrays, records, tables and views objects (views that are lists, arrays), `nil` and `mf.null` become
    /// `null`. Floats keep their point, so that they come back as floats. A table without elements becomes an object, unless
    /// it came as an empty array.
    ///
    /// - Parameter pretty: Whether to break lines and indent by two blanks.
    /// - Throws: ``MFError`` with `LUA-004` for what JSON cannot say (functions, NaN, bytes that are no text, lists with
    ///   holes, keys of both kinds), `LUA-007` for values that are nested more deeply than ``maximumDepth``; the message
    ///   names the path.
    public static func encode(_ value: LuaValue, pretty: Bool = false) throws -> [UInt8] {
        try encode(value, pretty: pretty, within: nil)
    }

    fileprivate static func encode(_ value: LuaValue, pretty: Bool, within state: LuaState?) throws -> [UInt8] {
        var writer = JSONWriter(isPretty: pretty, state: state)
        try writer.write(value, depth: 0)
        return writer.bytes
    }
}

extension LuaState {
    /// Writes a value as JSON for a function that the state's code calls; see ``JSON/encode(_:pretty:)``.
    ///
    /// - Throws: also the limit that the state goes over meanwhile.
    public func encodeJSON(_ value: LuaValue, pretty: Bool = false) throws -> [UInt8] {
        try JSON.encode(value, pretty: pretty, within: self)
    }
}

private struct JSONWriter {
    let isPretty: Bool
    /// Whose limits count.
    private let state: LuaState?
    private var looked = 0
    private static let bytesBetweenLooks = 4096
    /// How many bytes there may be until it is asked whether there is memory for twice as many.
    private var hasRoomFor = 1 << 20
    private(set) var bytes: [UInt8] = []

    init(isPretty: Bool, state: LuaState?) { (self.isPretty, self.state) = (isPretty, state) }

    private mutating func look() throws {
        if bytes.count > hasRoomFor { try makeRoom(for: bytes.count) }
        guard bytes.count - looked > Self.bytesBetweenLooks else { return }
        looked = bytes.count
        if let state, state.isOverLimit, let violation = state.violation { throw violation }
    }

    /// Makes sure that there is memory for so many bytes, as long as the array doubles.
    private mutating func makeRoom(for count: Int) throws {
        hasRoomFor = 2 * count
        guard mf_has_room(2 * hasRoomFor) else { throw MFError.outOfMemory() }
    }

    mutating func write(_ value: LuaValue, depth: Int) throws {
        try look()
        switch value {
        case .array, .record, .table, .object: if depth >= JSON.maximumDepth { throw MFError.tooDeepForJSON() }
        default: break
        }
        switch value {
        case .nil, .null:
            bytes += "null".utf8
        case .boolean(let flag):
            bytes += (flag ? "true" : "false").utf8
        case .integer(let integer):
            bytes += String(integer).utf8
        case .number(let number):
            guard number.isFinite else { throw MFError.mismatch(expected: "finite number", found: value) }
            bytes += number.description.utf8
        case .string(let string):
            if string.utf8.count > hasRoomFor { try makeRoom(for: 2 * string.utf8.count) }
            write(string)
        case .array(let elements):
            try write(elements, depth: depth)
        case .table(let table):
            try write(try table.copied(depth: JSON.maximumDepth), depth: depth)
        case .object(let object as any LuaTextObject): write(object.luaDescription)
        case .record, .object:
            if case .record(let record) = value { try checkKeys(of: record) }
            if case .object(let object) = value, object is any LuaSequenceObject {
                try write(try value.luaElements() ?? [], depth: depth)
            } else {
                try write(try value.luaEntries() ?? [], depth: depth)
            }
        case .bytes:
            throw MFError.mismatch(expected: "a string in UTF-8", found: value)
        case .function, .userdata, .callable:
            throw MFError.mismatch(expected: "plain value", found: value)
        }
    }

    /// An object has names: a list with a hole, or with names beside its elements, would come back as something else.
    private func checkKeys(of record: LuaRecord) throws {
        var indices: Set<Int64> = []
        for entry in record.entries {
            if case .integer(let index) = entry.key { indices.insert(index) }
        }
        guard !indices.isEmpty else { return }
        guard indices.count == record.count else {
            throw MFError.mismatch(
                expected: "a table whose keys are all strings, or all of 1 … n", found: .record(record))
        }
        let missing = (1...Int64(record.count)).first { !indices.contains($0) }
        throw MFError.mismatch(expected: "an element of a list", found: .nil).inside(index: Int(missing ?? 1))
    }

    private mutating func write(_ elements: [LuaValue], depth: Int) throws {
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth + 1)
            do {
                try write(element, depth: depth + 1)
            } catch let error as MFError {
                throw error.inside(index: index + 1)
            }
        }
        if !elements.isEmpty { breakLine(depth) }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ entries: [(key: LuaValue, value: LuaValue)], depth: Int) throws {
        bytes.append(UInt8(ascii: "{"))
        for (index, entry) in entries.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            breakLine(depth + 1)
            let key: String
            switch entry.key {
            case .string(let name): key = name
            case .integer(let number): key = String(number)
            default: throw MFError.mismatch(expected: "a key in UTF-8", found: entry.key)
            }
            write(key)
            bytes.append(UInt8(ascii: ":"))
            if isPretty { bytes.append(0x20) }
            do {
                try write(entry.value, depth: depth + 1)
            } catch let error as MFError {
                throw error.inside(key)
            }
        }
        if !entries.isEmpty { breakLine(depth) }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func write(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { write($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ text: UnsafeBufferPointer<UInt8>) {
        let isPlain = text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        guard !isPlain else {
            bytes += text
            return
        }
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += "\\u00\(digits.utf8.count == 1 ? "0" : "")\(digits)".utf8
            default: bytes.append(byte)
            }
        }
    }

    private mutating func breakLine(_ depth: Int) {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }
}

extension MFError {
    static func tooDeepForJSON() -> MFError {
        MFError(
            .tooDeep, "the value is nested deeper than \(JSON.maximumDepth) levels or contains itself",
            hint: "remove references to parents and other back references")
    }
}
