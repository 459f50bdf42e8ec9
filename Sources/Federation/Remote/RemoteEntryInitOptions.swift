import LuaBridge

/// The third argument of `container.init`; `shareScopeMap` can be read and is left out when it is enumerated.
final class RemoteEntryInitOptions: LuaObject {
    private let values: LoopBound<RemoteEntryInitOptions, [String: LuaValue]>

    init(version: String, shareScopeKeys: ShareScopeName, shareScopeMap: ShareScopes) {
        values = LoopBound([
            "version": .string(version), "shareScopeKeys": shareScopeKeys.luaValue,
            "shareScopeMap": .object(shareScopeMap),
        ])
    }

    static let luaTypeName = "mf.RemoteEntryInitOptions"
    var luaKeys: [LuaKey] { values[].keys.sorted().filter { $0 != "shareScopeMap" }.map { .string($0) } }

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        if case .string(let name) = key { values[][name] ?? .nil } else { .nil }
    }

    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        if case .string(let name) = key { values[][name] = value.isNil ? nil : value }
    }
}
