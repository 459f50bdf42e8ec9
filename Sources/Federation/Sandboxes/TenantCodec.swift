import Diagnostics
import LuaBridge

/// Values between a host and its worker: a tag, then the payload, little-endian.
enum TenantCodec {
    enum Tag: UInt8 {
        case `nil`, `false`, `true`, integer, number, string, bytes, null, array, record
        /// A function of the sender, by its number.
        case ours
        /// A function of the receiver that comes home.
        case yours
        /// An object of the host: its number, type, and data; nil where the worker asks for the data when it reads them.
        case view
        /// An object of the host that comes home.
        case viewBack
        case error
    }

    /// How deep a value may be nested.
    static let maximumDepth = 100
    /// What a function of the other side counts of a message: holding it takes more than its few bytes.
    static let functionSize = 256
}

/// What a side gives numbers to, and finds by them.
protocol TenantDirectory: AnyObject {
    func number(of object: any LuaObject) throws -> (TenantCodec.Tag, UInt64)
    func function(ours number: UInt64, name: String) throws -> any LuaObject
    func function(yours number: UInt64) throws -> any LuaObject
    func view(_ number: UInt64, type: String, data: LuaValue) throws -> any LuaObject
    func object(viewBack number: UInt64) throws -> any LuaObject
    /// Forgets a number that was given to what is not sent after all.
    func takeBack(_ tag: TenantCodec.Tag, _ number: UInt64)
}

/// Writes values as bytes.
struct TenantEncoder {
    private(set) var bytes: [UInt8] = []
    private let directory: any TenantDirectory
    private let limit: Int
    /// The numbers that the values were given.
    private var numbered: [(TenantCodec.Tag, UInt64)] = []

    init(_ directory: any TenantDirectory, limit: Int) { (self.directory, self.limit) = (directory, limit) }

    /// A message's bytes. When it cannot be written, no number stays given.
    static func message(_ values: LuaValues, _ directory: any TenantDirectory, limit: Int) throws -> [UInt8] {
        var encoder = TenantEncoder(directory, limit: limit)
        do {
            for value in values { try encoder.write(value) }
        } catch {
            for (tag, number) in encoder.numbered.reversed() { directory.takeBack(tag, number) }
            throw error
        }
        return encoder.bytes
    }

    private mutating func write(_ value: LuaValue, depth: Int = 0) throws {
        if bytes.count > limit { throw MFError.messageTooLarge(bytes.count, limit: limit) }
        if depth > TenantCodec.maximumDepth { throw MFError(.limitDepth, "the value is nested too deeply") }
        switch value {
        case .nil: tag(.nil)
        case .boolean(let flag): tag(flag ? .true : .false)
        case .integer(let integer):
            tag(.integer)
            word(UInt64(bitPattern: integer))
        case .number(let number):
            tag(.number)
            word(number.bitPattern)
        case .string(let string):
            tag(.string)
            text(string.utf8)
        case .bytes(let bytes):
            tag(.bytes)
            text(bytes)
        case .null: tag(.null)
        case .array(let elements):
            tag(.array)
            word(UInt64(elements.count))
            for element in elements { try write(element, depth: depth + 1) }
        case .record(let record):
            tag(.record)
            word(UInt64(record.count))
            for entry in record.entries {
                try write(entry.key, depth: depth + 1)
                try write(entry.value, depth: depth + 1)
            }
        case .object(let object): try write(object, depth)
        case .table, .function, .callable, .userdata: throw MFError.cannotCross(value.luaTypeName)
        }
        if bytes.count > limit { throw MFError.messageTooLarge(bytes.count, limit: limit) }
    }

    private mutating func write(_ object: any LuaObject, _ depth: Int) throws {
        if let error = (object as? LuaErrorObject)?.error {
            tag(.error)
            for part in [error.code.rawValue, error.message, error.hint ?? ""] { text(part.utf8) }
            return
        }
        let (kind, number) = try directory.number(of: object)
        numbered.append((kind, number))
        tag(kind)
        word(number)
        if kind == .ours { text(((object as? TenantImport)?.name ?? "function").utf8) }
        if kind == .view {
            text(object.tenantTypeName.utf8)
            try write(object.isReadOnDemand ? .nil : try object.tenantSnapshot(), depth: depth + 1)
        }
    }

    private mutating func tag(_ tag: TenantCodec.Tag) { bytes.append(tag.rawValue) }

    private mutating func word(_ word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func text(_ text: some Collection<UInt8>) {
        word(UInt64(text.count))
        bytes.append(contentsOf: text)
    }
}

/// Reads values from bytes that may be anything.
struct TenantDecoder {
    private let bytes: [UInt8]
    private var position = 0
    private let directory: any TenantDirectory
    private let limit: Int
    private var functions = 0

    /// - Parameter limit: What the functions of a message may count.
    init(_ bytes: [UInt8], _ directory: any TenantDirectory, limit: Int) {
        (self.bytes, self.directory, self.limit) = (bytes, directory, limit)
    }

    mutating func values() throws -> [LuaValue] {
        var values: [LuaValue] = []
        while position < bytes.count { values.append(try value()) }
        return values
    }

    private mutating func value(depth: Int = 0) throws -> LuaValue {
        guard depth <= TenantCodec.maximumDepth, let tag = TenantCodec.Tag(rawValue: try byte()) else {
            throw MFError.garbled()
        }
        switch tag {
        case .nil: return .nil
        case .false: return .boolean(false)
        case .true: return .boolean(true)
        case .integer: return .integer(Int64(bitPattern: try word()))
        case .number: return .number(Double(bitPattern: try word()))
        case .string:
            let bytes = try text()
            return String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
        case .bytes: return .bytes(try text())
        case .null: return .null
        case .array:
            let count = try self.count()
            var elements: [LuaValue] = []
            for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
            return .array(elements)
        case .record:
            let count = try self.count()
            var entries: [LuaRecord.Entry] = []
            for _ in 0..<count {
                let key = try value(depth: depth + 1)
                switch key {
                case .string, .bytes, .integer: break
                default: throw MFError.garbled()
                }
                entries.append(.init(key: key, value: try value(depth: depth + 1)))
            }
            return .record(LuaRecord(entries))
        case .ours:
            functions += 1
            if functions > limit / TenantCodec.functionSize { throw MFError.messageTooLarge(functions, limit: limit) }
            let number = try word()
            return .object(try directory.function(ours: number, name: try string()))
        case .yours: return .object(try directory.function(yours: try word()))
        case .view:
            let number = try word()
            let type = try string()
            return .object(try directory.view(number, type: type, data: try value(depth: depth + 1)))
        case .viewBack: return .object(try directory.object(viewBack: try word()))
        case .error:
            let code = try string(), message = try string(), hint = try string()
            return .object(LuaErrorObject(MFError(.init(code), message, hint: hint.isEmpty ? nil : hint)))
        }
    }

    private mutating func byte() throws -> UInt8 {
        guard position < bytes.count else { throw MFError.garbled() }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func word() throws -> UInt64 {
        guard bytes.count - position >= 8 else { throw MFError.garbled() }
        defer { position += 8 }
        return bytes.withUnsafeBytes {
            UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
    }

    /// A number of elements: each takes a byte at least.
    private mutating func count() throws -> Int {
        let count = try word()
        guard count <= UInt64(bytes.count - position) else { throw MFError.garbled() }
        return Int(count)
    }

    private mutating func text() throws -> [UInt8] {
        let count = try self.count()
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    private mutating func string() throws -> String { String(decoding: try text(), as: UTF8.self) }
}

extension LuaObject {
    /// The name of its type as a tenant knows it.
    var tenantTypeName: String {
        (self as? any TenantStandIn)?.shownTypeName ?? Self.luaTypeName
    }

    /// Whether a worker asks for its data when it reads them. Hooks name lists of all remotes and shares, few read them.
    var isReadOnDemand: Bool { TenantFields.collections.contains(tenantTypeName) }

    /// What a worker is told of an object: what a tenant may see of it, some levels deep. Collections in it are objects of
    /// their own.
    func tenantSnapshot(depth: Int = 4) throws -> LuaValue {
        guard depth > 0 else { return .record(LuaRecord()) }
        var entries: [LuaRecord.Entry] = []
        for key in luaKeys {
            let name: LuaValue
            switch key {
            case .string(let text):
                guard TenantFields.shows(key, of: self) else { continue }
                name = .string(text)
            case .integer(let index): name = .integer(index)
            case .other: continue
            }
            switch try luaGet(key) {
            case .object(let object):
                let isApart = object.isReadOnDemand
                entries.append(
                    .init(key: name, value: isApart ? .object(object) : try object.tenantSnapshot(depth: depth - 1)))
            case .table, .function, .callable, .userdata, .nil: continue
            case .string(let text): entries.append(.init(key: name, value: .string(publicAddress(text))))
            case let value: if value.isPlain { entries.append(.init(key: name, value: value)) }
            }
        }
        return .record(LuaRecord(entries))
    }
}

extension MFError {
    /// A worker said something that is no message.
    static func garbled() -> MFError {
        MFError(.workerDied, garbage, hint: "the worker was killed; the next call starts a new one")
    }

    private static let garbage = "the tenant's worker sent an invalid message"

    /// Whether it is about a message that is none.
    var isGarbled: Bool { code == .workerDied && message == Self.garbage }
}
