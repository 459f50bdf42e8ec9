/// A copied table: keys and values in an order.
///
/// Keys are strings or integers. The order is the one the record was built in; tables read from Lua come in Lua's own,
/// unspecified order.
public struct LuaRecord: Sendable, Equatable {
    /// One key with its value.
    public struct Entry: Sendable, Equatable {
        /// A string or an integer.
        public var key: LuaValue
        /// What is stored under it.
        public var value: LuaValue

        /// Makes an entry.
        public init(key: LuaValue, value: LuaValue) {
            self.key = key
            self.value = value
        }
    }

    /// The entries in order.
    public private(set) var entries: [Entry]

    /// Makes a record of entries in order. A key that comes twice keeps its last value in Lua.
    public init(_ entries: [Entry]) { self.entries = entries }

    /// Makes a record of pairs in order.
    public init(_ pairs: [(String, LuaValue)]) {
        entries = pairs.map { Entry(key: .string($0.0), value: $0.1) }
    }

    /// Makes an empty record.
    public init() { entries = [] }

    /// How many entries there are.
    public var count: Int { entries.count }

    /// Whether there is none.
    public var isEmpty: Bool { entries.isEmpty }

    /// The value under a string; `.nil` when there is none. Setting `.nil` removes the entry.
    public subscript(_ key: String) -> LuaValue {
        get { value(under: .string(key)) }
        set { set(newValue, under: .string(key)) }
    }

    /// The value under an integer; `.nil` when there is none. Setting `.nil` removes the entry.
    public subscript(_ key: Int) -> LuaValue {
        get { value(under: .integer(Int64(key))) }
        set { set(newValue, under: .integer(Int64(key))) }
    }

    /// Adds an entry without looking for an earlier one of the same key.
    public mutating func append(_ key: String, _ value: LuaValue) {
        entries.append(Entry(key: .string(key), value: value))
    }

    private func value(under key: LuaValue) -> LuaValue {
        entries.first { $0.key == key }?.value ?? .nil
    }

    private mutating func set(_ value: LuaValue, under key: LuaValue) {
        if let index = entries.firstIndex(where: { $0.key == key }) {
            if value.isNil { entries.remove(at: index) } else { entries[index].value = value }
        } else if !value.isNil {
            entries.append(Entry(key: key, value: value))
        }
    }
}

extension LuaRecord: CustomStringConvertible {
    /// `{name = "a", [1] = 2}`.
    public var description: String {
        let fields = entries.map { entry in
            if case .string(let name) = entry.key {
                "\(name) = \(entry.value)"
            } else {
                "[\(entry.key)] = \(entry.value)"
            }
        }
        return "{\(fields.joined(separator: ", "))}"
    }
}
