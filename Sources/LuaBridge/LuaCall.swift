public import Diagnostics

/// One call of a Swift function by Lua.
///
/// Arguments are counted from 0; the first argument of a method is the object itself. The checking accessors throw
/// `LUA-009` with Lua's own words, "bad argument #2 to `loadRemote`: string expected, got nil".
public struct LuaCall: Sendable {
    /// The state that calls.
    public let state: LuaState
    /// The function's name.
    public let name: String
    private let given: [LuaValue]
    /// How many of the given arguments are left out.
    private let skipped: Int

    /// Makes a call, as a test or a wrapper does.
    public init(state: LuaState, name: String, arguments: [LuaValue]) {
        self.init(state: state, name: name, given: arguments, skipped: 0)
    }

    private init(state: LuaState, name: String, given: [LuaValue], skipped: Int) {
        (self.state, self.name, self.given, self.skipped) = (state, name, given, skipped)
    }

    /// The arguments. Tables and functions are references, views are objects.
    public var arguments: [LuaValue] { skipped == 0 ? given : Array(given.dropFirst(skipped)) }

    /// The call of a method without the object that it is a method of.
    public func withoutSelf() -> LuaCall {
        LuaCall(state: state, name: name, given: given, skipped: skipped + 1)
    }

    /// The argument at an index; `.nil` when there is none.
    public subscript(_ index: Int) -> LuaValue {
        index < count ? given[index + skipped] : .nil
    }

    /// How many arguments there are.
    public var count: Int { max(0, given.count - skipped) }
}

extension LuaCall {
    /// A string argument.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func string(_ index: Int) throws -> String {
        guard case .string(let string) = self[index] else { throw mismatch(index, "string") }
        return string
    }

    /// A string argument, valid UTF-8 or not.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func bytes(_ index: Int) throws -> [UInt8] {
        guard let bytes = self[index].bytesValue else { throw mismatch(index, "string") }
        return bytes
    }

    /// An integer argument, or a float without a fraction.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func integer(_ index: Int) throws -> Int64 {
        switch self[index] {
        case .integer(let integer): return integer
        case .number(let number):
            if let exact = Int64(exactly: number) { return exact }
        default: break
        }
        throw mismatch(index, "integer")
    }

    /// A number argument.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func number(_ index: Int) throws -> Double {
        guard let number = self[index].doubleValue else { throw mismatch(index, "number") }
        return number
    }

    /// A boolean argument.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func boolean(_ index: Int) throws -> Bool {
        guard case .boolean(let flag) = self[index] else { throw mismatch(index, "boolean") }
        return flag
    }

    /// A table argument.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func table(_ index: Int) throws -> LuaTable {
        guard case .table(let table) = self[index] else { throw mismatch(index, "table") }
        return table
    }

    /// A function argument.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func function(_ index: Int) throws -> LuaFunction {
        guard case .function(let function) = self[index] else { throw mismatch(index, "function") }
        return function
    }

    /// An argument that is a view of an object of one type.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func object<Object: LuaObject>(_ index: Int, as type: Object.Type = Object.self) throws -> Object {
        guard case .object(let object) = self[index], let object = object as? Object else {
            throw mismatch(index, Object.luaTypeName)
        }
        return object
    }
}

extension LuaCall {
    /// A string argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalString(_ index: Int) throws -> String? {
        self[index].isNothing ? nil : try string(index)
    }

    /// An integer argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalInteger(_ index: Int) throws -> Int64? {
        self[index].isNothing ? nil : try integer(index)
    }

    /// A number argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalNumber(_ index: Int) throws -> Double? {
        self[index].isNothing ? nil : try number(index)
    }

    /// A boolean argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalBoolean(_ index: Int) throws -> Bool? {
        self[index].isNothing ? nil : try boolean(index)
    }

    /// A table argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalTable(_ index: Int) throws -> LuaTable? {
        self[index].isNothing ? nil : try table(index)
    }

    /// A function argument that may be absent.
    ///
    /// - Throws: ``MFError`` with `LUA-009` if the argument is of another type.
    public func optionalFunction(_ index: Int) throws -> LuaFunction? {
        self[index].isNothing ? nil : try function(index)
    }

    /// The error for an argument of a wrong type.
    ///
    /// - Parameter expected: The type in Lua's words.
    public func mismatch(_ index: Int, _ expected: String) -> MFError {
        let found = index < count ? self[index].argumentTypeName : "no value"
        return .badArgument(index + 1, of: name, "\(expected) expected, got \(found)")
    }
}

extension LuaValue {
    /// The type in the words of "string expected, got …".
    fileprivate var argumentTypeName: String {
        if case .object(let object) = self { type(of: object).luaTypeName } else { luaTypeName }
    }
}
