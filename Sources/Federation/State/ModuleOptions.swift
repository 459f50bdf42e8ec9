public import LuaBridge

/// What `onLoad` gets as `options`: `{remoteInfo, host}`.
public final class ModuleOptions: LuaObject {
    /// The remote with every default filled in.
    public let remoteInfo: ResolvedRemote
    /// The host that loads the module.
    public let context: HostContext

    init(_ context: HostContext, remoteInfo: ResolvedRemote) {
        (self.context, self.remoteInfo) = (context, remoteInfo)
    }

    public static let luaTypeName = "mf.ModuleOptions"
    public var luaKeys: [LuaKey] { ["remoteInfo", "host"].map { .string($0) } }
    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        switch key {
        case .string("remoteInfo"): .object(remoteInfo)
        case .string("host"): .object(context)
        default: .nil
        }
    }
}
