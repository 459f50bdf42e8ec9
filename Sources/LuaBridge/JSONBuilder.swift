/// Makes something of the values that a ``JSONParser`` reads, in the order in which they stand.
protocol JSONBuilder {
    associatedtype Value
    associatedtype Key
    /// An array or an object under way.
    associatedtype Elements
    associatedtype Entries

    mutating func null() -> Value
    mutating func boolean(_ flag: Bool) -> Value
    mutating func integer(_ integer: Int64) -> Value
    mutating func number(_ number: Double) -> Value
    /// A string; the bytes are valid UTF-8.
    mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) -> Value
    mutating func beginArray() -> Elements
    mutating func append(_ value: Value, to elements: inout Elements)
    mutating func endArray(_ elements: Elements) -> Value
    mutating func beginObject() -> Entries
    /// A key; its value follows.
    mutating func key(_ bytes: UnsafeBufferPointer<UInt8>) -> Key
    mutating func add(_ value: Value, under key: Key, to entries: inout Entries)
    mutating func endObject(_ entries: Entries) -> Value
    /// Whether it took too long; asked now and then.
    var isOverLimit: Bool { get }
}

/// Makes values that Swift reads.
struct JSONTree: JSONBuilder {
    func null() -> LuaValue { .null }
    func boolean(_ flag: Bool) -> LuaValue { .boolean(flag) }
    func integer(_ integer: Int64) -> LuaValue { .integer(integer) }
    func number(_ number: Double) -> LuaValue { .number(number) }
    func string(_ bytes: UnsafeBufferPointer<UInt8>) -> LuaValue { .string(String(decoding: bytes, as: UTF8.self)) }
    func beginArray() -> [LuaValue] { [] }
    func append(_ value: LuaValue, to elements: inout [LuaValue]) { elements.append(value) }
    func endArray(_ elements: [LuaValue]) -> LuaValue { .array(elements) }
    func beginObject() -> ObjectEntries { ObjectEntries() }
    func key(_ bytes: UnsafeBufferPointer<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
    func add(_ value: LuaValue, under key: String, to entries: inout ObjectEntries) { entries.add(key, value) }
    func endObject(_ entries: ObjectEntries) -> LuaValue { .record(LuaRecord(entries.all)) }
    var isOverLimit: Bool { false }
}

/// Writes the values on the wire, without a tree in between: of equal keys Lua keeps the last value by itself.
extension LuaWireWriter: JSONBuilder {
    mutating func null() { write(.null) }
    mutating func boolean(_ flag: Bool) { write(.boolean(flag)) }
    mutating func integer(_ integer: Int64) { write(.integer(integer)) }
    mutating func number(_ number: Double) { write(.number(number)) }
    mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) { write(bytes: UnsafeRawBufferPointer(bytes)) }
    mutating func beginArray() -> OpenCount { beginArrayOfUnknownCount() }
    mutating func append(_ value: Void, to elements: inout OpenCount) { elements.count += 1 }
    mutating func endArray(_ elements: OpenCount) { close(elements) }
    mutating func beginObject() -> OpenCount { beginRecordOfUnknownCount() }
    mutating func key(_ bytes: UnsafeBufferPointer<UInt8>) { string(bytes) }
    mutating func add(_ value: Void, under key: Void, to entries: inout OpenCount) { entries.count += 1 }
    mutating func endObject(_ entries: OpenCount) { close(entries) }
}

/// The entries of an object that is being read: of equal keys the first place and the last value count.
struct ObjectEntries {
    private(set) var all: [LuaRecord.Entry] = []
    /// Where each key is; kept once there are too many to look at all.
    private var places: [Key: Int] = [:]
    private static let fewEnough = 12

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
