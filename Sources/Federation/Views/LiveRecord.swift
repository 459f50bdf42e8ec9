import Diagnostics
public import LuaBridge

/// A Swift object with named fields that Lua sees live.
///
/// The fields are declared once; reading, writing and `pairs` follow from the declaration. Keys that are not declared are
/// kept in ``extra``, so that a plugin can put marks of its own on any entity, as it does in JavaScript.
///
/// ```swift
/// public final class Remote: LiveRecord, @unchecked Sendable {
///     public var name: String
///     public var alias: String?
///     public let extra = LiveMap<LuaValue>()
///
///     public static let luaTypeName = "mf.Remote"
///     public static let liveFields = LiveFields<Remote>([
///         .open("name", \.name),
///         .open("alias", \.alias),
///     ])
/// }
/// ```
public protocol LiveRecord: LuaObject, LuaConvertible {
    /// The declared fields, in the order `pairs` visits them.
    static var liveFields: LiveFields<Self> { get }

    /// What was written under other keys.
    var extra: LiveMap<LuaValue> { get }
}

/// One declared field of a ``LiveRecord``.
public struct LiveField<Root>: Sendable {
    /// Its key in Lua.
    public let name: String
    /// Its type as the editor stubs spell it.
    public let luaType: String
    let get: @Sendable (Root) -> LuaValue
    let set: (@Sendable (Root, LuaValue) throws -> Void)?

    /// A field with verbs of its own; without `set` it cannot be written.
    public init(
        _ name: String, luaType: String, get: @escaping @Sendable (Root) -> LuaValue,
        set: (@Sendable (Root, LuaValue) throws -> Void)? = nil
    ) {
        self.name = name
        self.luaType = luaType
        self.get = get
        self.set = set
    }

    /// A field that Lua reads and writes.
    public static func open<Value: LuaConvertible>(
        _ name: String, _ path: any ReferenceWritableKeyPath<Root, Value> & Sendable
    ) -> Self {
        Self(
            name, luaType: Value.luaType, get: { $0[keyPath: path].luaValue },
            set: { $0[keyPath: path] = try Value.fromLua($1) })
    }

    /// A field that Lua reads; writing it is an error.
    public static func fixed<Value: LuaConvertible>(
        _ name: String, _ path: any KeyPath<Root, Value> & Sendable
    ) -> Self {
        Self(name, luaType: Value.luaType, get: { $0[keyPath: path].luaValue })
    }
}

/// The fields of a ``LiveRecord``, found by name.
public struct LiveFields<Root>: Sendable {
    /// The fields in order.
    public let all: [LiveField<Root>]
    private let positions: [String: Int]

    /// Makes the table of fields.
    public init(_ all: [LiveField<Root>]) {
        self.all = all
        positions = Dictionary(all.enumerated().map { ($0.element.name, $0.offset) }) { first, _ in first }
    }

    /// The field of a name.
    public subscript(name: String) -> LiveField<Root>? {
        positions[name].map { all[$0] }
    }
}

extension LiveRecord {
    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        if case .string(let name) = key, let field = Self.liveFields[name] { return field.get(self) }
        return try extra.luaGet(key)
    }

    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        guard case .string(let name) = key, let field = Self.liveFields[name] else {
            try extra.luaSet(key, value)
            return
        }
        guard let set = field.set else { throw MFError.fixedField(name, of: Self.luaTypeName) }
        do {
            try set(self, value)
        } catch let error as MFError {
            throw error.inside(name)
        }
    }

    /// The declared fields that have a value, then the others.
    public var luaKeys: [LuaKey] {
        var keys: [LuaKey] = []
        for field in Self.liveFields.all {
            if case .nil = field.get(self) { continue }
            keys.append(.string(field.name))
        }
        return keys + extra.luaKeys
    }

    /// Writes every pair of a table, a record or a view into the fields of their names.
    ///
    /// `mf.null` counts as nothing.
    ///
    /// - Throws: ``MFError`` with `LUA-004` when the value is no table or a field has a wrong type.
    public func assign(_ value: LuaValue) throws {
        guard let entries = try value.luaEntries() else {
            throw MFError.mismatch(expected: "table", found: value)
        }
        for (key, value) in entries {
            if case .null = value { continue }
            try luaSet(key.asLuaKey, value)
        }
    }
}

/// A ``LiveRecord`` that can be made of any table: from Lua, from JSON, or from a view of another type.
public protocol LiveDecodable: LiveRecord {
    /// Makes an empty one; the fields are assigned afterwards.
    init()
}

extension LiveDecodable {
    /// The very instance behind a view of this type, or a new one with the fields of a table.
    public static func fromLua(_ value: LuaValue) throws -> Self {
        if case .object(let object) = value, let instance = object as? Self { return instance }
        let new = Self()
        try new.assign(value)
        return new
    }
}

extension MFError {
    static func fixedField(_ name: String, of type: String) -> MFError {
        MFError(.luaConversion, "`\(name)` of \(type) cannot be written")
    }
}
