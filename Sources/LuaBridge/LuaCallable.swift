/// A Swift function that Lua can call.
///
/// It becomes a Lua function wherever it is handed to Lua, as ``LuaValue/callable(_:)``, as a method of a ``LuaObject``,
/// or by ``LuaState/makeFunction(_:)``. What it throws is raised in Lua.
///
/// ```swift
/// let add = LuaCallable("add") { call in [.integer(try call.integer(0) + call.integer(1))] }
/// ```
public struct LuaCallable: Sendable {
    let box: LuaCallableBox

    /// The name in error messages.
    public var name: String { box.name }

    /// Makes a function that returns at once.
    public init(_ name: String, _ body: @escaping @Sendable (LuaCall) throws -> LuaValues) {
        box = LuaCallableBox(name: name, body: .returning(body))
    }

    /// Makes a function that may wait. Lua yields meanwhile and the loop goes on.
    ///
    /// Where Lua cannot yield (in a sync hook, in a comparator of `table.sort`, …) calling it raises `LUA-005`.
    public init(async name: String, _ body: @escaping @Sendable (LuaCall) async throws -> LuaValues) {
        box = LuaCallableBox(name: name, body: .waiting(body))
    }

    /// Makes a function that finds out while it runs whether it has to wait.
    ///
    /// It can be called anywhere. Where ``LuaState/canWait`` is false it must end at once, or throw.
    public init(starting name: String, _ body: @escaping @Sendable (LuaCall) throws -> CallOutcome) {
        box = LuaCallableBox(name: name, body: .starting(body))
    }
}

extension LuaCallable {
    /// Whether it is one that waits.
    package var waits: Bool { box.isAsync }

    /// The same function, which does something before each call.
    package func before(_ body: @escaping @Sendable (LuaCall) throws -> Void) -> LuaCallable {
        switch box.body {
        case .returning(let function):
            LuaCallable(name) { call in
                try body(call)
                return try function(call)
            }
        case .starting(let function):
            LuaCallable(starting: name) { call in
                try body(call)
                return try function(call)
            }
        case .waiting(let function):
            LuaCallable(async: name) { call in
                try body(call)
                return try await function(call)
            }
        }
    }
}

/// What a Swift function returns to Lua.
public typealias LuaValues = [LuaValue]

/// What Lua holds of a ``LuaCallable``.
final class LuaCallableBox: Sendable {
    enum Body: Sendable {
        case returning(@Sendable (LuaCall) throws -> LuaValues)
        case waiting(@Sendable (LuaCall) async throws -> LuaValues)
        case starting(@Sendable (LuaCall) throws -> CallOutcome)
    }

    let name: String
    let body: Body

    init(name: String, body: Body) {
        self.name = name
        self.body = body
    }

    var isAsync: Bool {
        if case .waiting = body { true } else { false }
    }
}
