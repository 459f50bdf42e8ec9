import Diagnostics
import EventLoops
import Glibc
public import LuaBridge
import OrderedCollections

/// A map with string keys that Swift owns and Lua sees live, in the order of insertion.
///
/// In Lua it is used as a table: `map.react`, `map["1.0.0"] = entry`, `map.react = nil`, `pairs(map)`. An integer key is
/// taken as its decimal text. What one side writes, the other reads.
///
/// A map that a host has seen belongs to the host's runtime: used off its loop it stops the program, see ``LoopOwner``.
public final class LiveMap<Value: Sendable>: @unchecked Sendable {
    // Every member that reads or writes `stored` asks `owner` first.
    private let owner = LoopOwner()

    @exclusivity(unchecked)
    private var stored: OrderedDictionary<ByteString, Value> = [:]

    private func storage(_ member: StaticString = #function) -> OrderedDictionary<ByteString, Value> {
        owner.check("LiveMap", member)
        return stored
    }

    /// Counts the changes, so that what was derived from the map can tell when it is out of date.
    package private(set) var revision = 0

    /// Makes an empty map.
    public init() {}

    /// Makes a map; of equal keys the last wins.
    public init(_ pairs: some Sequence<(key: String, value: Value)>) {
        for (key, value) in pairs { stored[ByteString(key)] = value }
    }

    /// The value under a key. Setting nil removes it; a new key goes to the end.
    public subscript(key: String) -> Value? {
        get { storage()[ByteString(key)] }
        set {
            owner.check("LiveMap")
            stored[ByteString(key)] = newValue
            revision &+= 1
        }
    }

    /// The value under a key, made and kept when it is missing.
    public func value(for key: String, orInsert make: @autoclosure () -> Value) -> Value {
        if let value = self[key] { return value }
        let value = make()
        self[key] = value
        return value
    }

    /// The number of keys.
    public var count: Int { storage().count }

    /// Whether there are no keys.
    public var isEmpty: Bool { storage().isEmpty }

    /// The keys, in the order of their first insertion.
    public var keys: [String] { storage().keys.map(\.string) }

    /// The first key that a condition holds for.
    func firstKey(where condition: (String) -> Bool) -> String? {
        storage().keys.first { condition($0.string) }?.string
    }

    /// The values, in the order of their keys.
    public var values: [Value] { Array(storage().values) }

    /// Keys and values, in order.
    public var pairs: [(key: String, value: Value)] { storage().map { (key: $0.key.string, value: $0.value) } }

    /// Removes a key.
    ///
    /// - Returns: What it held.
    @discardableResult
    public func removeValue(forKey key: String) -> Value? {
        owner.check("LiveMap")
        let removed = stored.removeValue(forKey: ByteString(key))
        if removed != nil { revision &+= 1 }
        return removed
    }

    /// Removes all keys.
    public func removeAll() {
        owner.check("LiveMap")
        stored.removeAll()
        revision &+= 1
    }
}

// The conformance asks for the values', the type does not: see ``Hook``.
extension LiveMap: LuaObject, LuaConvertible where Value: LuaConvertible {
    public static var luaTypeName: String { "mf.Map" }

    public static var luaType: String { "table<string, \(Value.luaType)>" }

    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard let name = key.mapKey else { return .nil }
        return storage()[ByteString(name)]?.luaValue ?? .nil
    }

    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        guard let name = key.mapKey else { throw MFError.notAMapKey(key) }
        if case .nil = value {
            removeValue(forKey: name)
            return
        }
        do {
            self[name] = try Value.fromLua(value)
        } catch let error as MFError {
            throw error.inside(name)
        }
    }

    public var luaKeys: [LuaKey] {
        storage().keys.map { .string($0.string) }
    }

    public var luaCount: Int { storage().count }

    /// The very map behind a view, or a new one with the pairs of a table.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> LiveMap {
        if case .object(let object) = value, let map = object as? LiveMap { return map }
        guard let entries = try value.luaEntries() else { throw MFError.mismatch(expected: "table", found: value) }
        let map = LiveMap()
        for (key, value) in entries {
            try map.luaSet(key.asLuaKey, value)
        }
        return map
    }
}

/// A string that is equal to another only when its bytes are, as in Lua; Swift's own comparison takes `é` and `e` with
/// an accent for the same key.
struct ByteString: Hashable {
    let string: String

    init(_ string: String) { self.string = string }

    static func == (a: Self, b: Self) -> Bool {
        let count = a.string.utf8.count
        guard b.string.utf8.count == count, count > 0 else { return count == b.string.utf8.count }
        var (left, right) = (a.string, b.string)
        return left.withUTF8 { left in right.withUTF8 { memcmp(left.baseAddress!, $0.baseAddress!, count) == 0 } }
    }

    func hash(into hasher: inout Hasher) {
        var copy = string
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
