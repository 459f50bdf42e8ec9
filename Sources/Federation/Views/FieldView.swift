import Diagnostics
public import LuaBridge
public import OrderedCollections

/// One typed field of a live view, declared once for reading, writing and the reference.
public struct ViewField<Root: AnyObject>: Sendable {
    /// The key in Lua.
    public let name: String
    /// The type in the notation of the Lua language server.
    public let luaType: String
    /// One sentence for the reference and the editor stubs.
    public let summary: String
    /// What it accepts as an option; nil in views that are no option tables.
    let option: OptionTable.Key?
    let get: @Sendable (Root) -> LuaValue
    let set: (@Sendable (Root, LuaValue) throws -> Void)?

    init(
        _ name: String, _ luaType: String, _ summary: String, _ get: @escaping @Sendable (Root) -> LuaValue,
        set: (@Sendable (Root, LuaValue) throws -> Void)? = nil
    ) {
        (self.name, self.luaType, self.summary, self.get, self.set) = (name, luaType, summary, get, set)
        option = nil
    }

    /// A field that users write as an option.
    init(
        option name: String, _ type: OptionType, _ summary: String, isRequired: Bool = false, takesNull: Bool = true,
        _ get: @escaping @Sendable (Root) -> LuaValue, set: @escaping @Sendable (Root, LuaValue) throws -> Void
    ) {
        (self.name, self.luaType, self.summary, self.get, self.set) = (name, type.luaType, summary, get, set)
        option = OptionTable.Key(name, type, summary, isRequired: isRequired, takesNull: takesNull)
    }
}

/// The fields of a view, by name and in order.
public struct FieldTable<Root: AnyObject>: Sendable {
    /// The fields in the order of their declaration.
    public let list: [ViewField<Root>]
    let index: [String: Int]

    init(_ list: [ViewField<Root>]) {
        self.list = list
        index = Dictionary(uniqueKeysWithValues: list.enumerated().map { ($1.name, $0) })
    }
}

/// A Swift object with typed fields that Lua reads, writes and enumerates as it would a table.
///
/// Keys beyond the declared fields are kept as they are; views of options have an ``optionTable`` and refuse them.
public protocol FieldView: LuaObject {
    /// The declared fields.
    static var fields: FieldTable<Self> { get }
    /// What is kept under keys that are not declared.
    var extra: OrderedDictionary<String, LuaValue> { get set }
}

/// A view of what users write as an option table: keys that are not declared are errors.
protocol OptionView: FieldView {
    /// The keys, checked before anything is taken over.
    static var options: OptionTable { get }
}

extension OptionView {
    /// The keys of a view's declared fields, and others that are kept and that nothing interprets.
    static func optionTable(
        keeping others: [OptionTable.Key] = [], advice: [String: String] = [:], unknownHint: String? = nil
    ) -> OptionTable {
        OptionTable(fields.list.compactMap(\.option) + others, advice: advice, unknownHint: unknownHint)
    }

    /// The type of an option that is such a table, or a view of one.
    static func optionType(_ expected: String = "a table") -> OptionType {
        .options(luaTypeName, options, expected)
    }
}

extension FieldView {
    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        if let index = Self.fields.index[name] { return Self.fields.list[index].get(self) }
        return extra[name] ?? .nil
    }

    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        guard case .string(let name) = key else {
            throw MFError.notAField(key, of: Self.luaTypeName)
        }
        if let index = Self.fields.index[name] {
            let field = Self.fields.list[index]
            guard let set = field.set else { throw MFError.readOnlyField(name, of: Self.luaTypeName) }
            do {
                try set(self, value)
            } catch let error as MFError {
                throw error.inside(name).hinting("`\(field.name)` of \(Self.luaTypeName) is of type `\(field.luaType)`")
            }
        } else if value.isNil {
            extra.removeValue(forKey: name)
        } else {
            try (Self.self as? any OptionView.Type)?.options.expect(name, in: Self.luaTypeName)
            extra[name] = value
        }
    }

    public var luaKeys: [LuaKey] {
        var keys: [LuaKey] = []
        for field in Self.fields.list where !field.get(self).isNil { keys.append(.string(field.name)) }
        keys.append(contentsOf: extra.keys.map { .string($0) })
        return keys
    }

    /// Takes over every entry of a table or a record.
    func assign(from value: LuaValue) throws {
        _ = try (Self.self as? any OptionView.Type)?.options.read(value, of: Self.luaTypeName)
        if case .record(let record) = value {
            for entry in record.entries {
                guard case .string(let name) = entry.key else { continue }
                try luaSet(.string(name), entry.value)
            }
            return
        }
        for (key, value) in try value.entries(expecting: "a table for \(Self.luaTypeName)") {
            guard case .string(let name) = key else { continue }
            try luaSet(.string(name), value)
        }
    }
}

extension MFError {
    /// Something else than a string is a key of a view with fields.
    static func notAField(_ key: LuaKey, of type: String) -> MFError {
        MFError(
            .luaConversion, "\(type) has no field \(key.description)",
            hint: "its fields have names; a list of \(type) is written with one more pair of braces")
    }

    /// A field of a view that only the host changes.
    static func readOnlyField(_ name: String, of type: String) -> MFError {
        MFError(
            .luaConversion, "field `\(name)` of \(type) is read-only", hint: "call the host's functions to change it")
    }

    /// The same error with a hint, unless it has one.
    func hinting(_ hint: String) -> MFError { self.hint == nil ? replacing(hint: hint) : self }
}
