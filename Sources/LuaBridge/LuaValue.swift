/// A Lua value as Swift sees it.
///
/// Numbers, booleans and strings are copies. Tables, functions and foreign userdata that come from Lua are references;
/// ``LuaTable/copied(depth:)`` turns a table into a tree of ``array(_:)`` and ``record(_:)``. A Swift object that is a
/// ``LuaObject`` crosses as a live view and comes back as the very instance.
public enum LuaValue: Sendable {
    /// Nothing.
    case `nil`
    /// `true` or `false`.
    case boolean(Bool)
    /// An integer; stays one in both directions.
    case integer(Int64)
    /// A float.
    case number(Double)
    /// A Lua string that is valid UTF-8. NUL is a character like any other.
    case string(String)
    /// A Lua string that is not valid UTF-8.
    case bytes([UInt8])
    /// `mf.null`: the light userdata NULL.
    case null
    /// A table, by reference.
    case table(LuaTable)
    /// A function, by reference.
    case function(LuaFunction)
    /// Anything else that Lua holds: foreign userdata, coroutines.
    case userdata(LuaReference)
    /// A Swift object; Lua sees a live view, the same userdata for the same object as long as Lua holds it.
    case object(any LuaObject)
    /// A Swift function; becomes a Lua function. Only from Swift to Lua.
    case callable(LuaCallable)
    /// A list, by copy.
    case array([LuaValue])
    /// A table, by copy.
    case record(LuaRecord)
}

extension LuaValue: Equatable {
    /// Values by content, references and objects by identity.
    public static func == (left: LuaValue, right: LuaValue) -> Bool {
        switch (left, right) {
        case (.nil, .nil), (.null, .null): true
        case (.boolean(let a), .boolean(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.table(let a), .table(let b)): a == b
        case (.function(let a), .function(let b)): a == b
        case (.userdata(let a), .userdata(let b)): a == b
        case (.object(let a), .object(let b)): a === b
        case (.callable(let a), .callable(let b)): a.box === b.box
        case (.array(let a), .array(let b)): a == b
        case (.record(let a), .record(let b)): a == b
        default: false
        }
    }
}
