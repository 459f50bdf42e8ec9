import Diagnostics
import EventLoops
import LuaBridge

/// What a remote entry returned: `init(shareScope, initScope, options)` and `get(expose)`.
///
/// Hooks get the very value; the functions are looked up when they are first needed.
final class Container: @unchecked Sendable {
    // Used by the modules of the runtime that has loaded it; the getters are read through a `LuaState`, which checks the thread.

    /// The value as the entry, or a hook in its place, gave it.
    let value: LuaValue
    private let table: LuaTable?
    private lazy var getter: LuaValue = field("get")
    private lazy var initializer: LuaValue = field("init")
    /// What the code that it came from has begun, and what therefore ends with it.
    let lifetime: Lifetime?
    /// How many modules use it.
    private var users = 0

    /// Takes a table or a view for a container.
    init(_ value: LuaValue, state: LuaState, lifetime: Lifetime? = nil) throws {
        self.value = value
        self.lifetime = lifetime
        switch value {
        case .table(let table): self.table = table
        case .record: table = try state.makeTable(value)
        default: table = nil
        }
    }

    /// Notes that a module uses it.
    func beginUse() { users += 1 }

    /// Notes that a module uses it no more. With the last one it ends what it has begun.
    func endUse() {
        users -= 1
        if users == 0 { lifetime?.close() }
    }

    private func field(_ name: String) -> LuaValue {
        if let table { return (try? table.get(name)) ?? .nil }
        if case .object(let object) = value { return (try? object.luaGet(.string(name))) ?? .nil }
        return .nil
    }

    var hasInit: Bool { initializer.isCallable }
    /// Whether there is nothing under `init`.
    var lacksInit: Bool { initializer.isNil }
    var hasGet: Bool { getter.isCallable }

    /// Joins the share scope.
    func initialize(_ arguments: [LuaValue], in state: LuaState) async throws {
        _ = try await state.invoke(initializer, arguments)
    }

    /// The module factory of an expose, or nothing.
    func get(
        _ expose: String, of remote: ResolvedRemote, in state: LuaState, as activity: () -> Activity? = { nil }
    ) async throws -> LuaValue {
        guard getter.isCallable else { throw MFError.containerWithoutGet(remote) }
        return try await state.invoke(getter, [.string(expose)], as: activity)
    }

    /// The module of an expose, when nobody wants to hear of its factory: both calls are one.
    ///
    /// - Returns: The module, or what `get` gave in place of a module factory.
    func load(
        _ expose: String, of remote: ResolvedRemote, in state: LuaState, as activity: () -> Activity?
    ) async throws -> (isModule: Bool, value: LuaValue) {
        guard getter.isCallable else { throw MFError.containerWithoutGet(remote) }
        let result = try await state.invokeThrough(getter, [.string(expose)], as: activity)
        return (result.isResult, result.value)
    }
}

extension MFError {
    /// A container has no function `get`.
    ///
    /// - Parameter keys: What it has, where that is known.
    static func containerWithoutGet(_ remote: ResolvedRemote, keys: [String] = []) -> MFError {
        let misspelt = keys.sorted().first { $0.closestMatch(in: ["get"]) != nil }
        return MFError(
            .getExposeUndefined, "the container of remote `\(remote.name)` has no function `get`",
            context: [("entry", remote.entry)],
            hint: misspelt.map { "`\($0)` is not read: did you mean `get`?" }
                ?? "let the entry return `{ init = function … end, get = function(expose) … end }`")
    }
}
