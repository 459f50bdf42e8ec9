import LuaBridge

/// Arguments that name the host they come from.
public protocol OriginArguments: HookArguments {
    /// The host that emits the hook.
    var context: HostContext { get }
}

/// Arguments about one remote, with every default filled in.
public protocol RemoteInfoArguments: HookArguments {
    /// The remote with every default filled in.
    var remoteInfo: ResolvedRemote { get }
}

extension HookField where Root: OriginArguments {
    static var origin: Self {
        .fixed("origin", "mf.Host", "The host that emits the hook.", sees: .origin) { .object($0.context) }
    }
    static var options: Self {
        .fixed("options", "mf.Options", "The host's options.", sees: .data) { .object($0.context.options) }
    }
    static var shared: Self {
        .fixed("shared", "table<string, mf.Shared[]>", "The shared modules of the host, by package.", sees: .data) {
            .object($0.context.options.shared)
        }
    }
    static func error(_ get: @escaping @Sendable (Root) -> (any Error)?) -> Self {
        .fixed("error", "any", "The error, as it was raised.", sees: .error) { arguments in
            get(arguments).map { LuaValue.error($0, in: arguments.context.registry.state) } ?? .nil
        }
    }
    static var shareScopeMap: Self {
        .fixed("shareScopeMap", "mf.ShareScopeMap", "The share scopes: scope, package, version. Live.", sees: .data) {
            .object($0.context.shareScopeMap)
        }
    }
}

extension HookField where Root: RemoteInfoArguments {
    static var remoteInfo: Self {
        .fixed("remoteInfo", "mf.RemoteInfo", "The remote with every default filled in. Live.", sees: .data) {
            .object($0.remoteInfo)
        }
    }
    /// The same under the key that Module Federation uses where a module speaks.
    static var moduleInfo: Self {
        .fixed("moduleInfo", "mf.RemoteInfo", "The remote with every default filled in. Live.", sees: .data) {
            .object($0.remoteInfo)
        }
    }
}

extension HookField {
    static func id(_ get: @escaping @Sendable (Root) -> String?) -> Self {
        .fixed("id", "string", "The request, `remote/expose`.", sees: .data) { .optional(get($0)) }
    }
    static func expose(_ get: @escaping @Sendable (Root) -> String?) -> Self {
        .fixed("expose", "string", "The expose, `./name`, or `.` for the remote itself.", sees: .data) {
            .optional(get($0))
        }
    }
    static func pkgName(_ get: @escaping @Sendable (Root) -> String) -> Self {
        .fixed("pkgName", "string", "The shared package.", sees: .data) { .string(get($0)) }
    }
    static func remoteEntryExports(_ get: @escaping @Sendable (Root) -> LuaValue) -> Self {
        .fixed(
            "remoteEntryExports", "mf.Container", "The container: what the remote entry returned.", sees: .hidden, get)
    }
    static func remoteSnapshot(_ get: @escaping @Sendable (Root) -> Snapshot?) -> Self {
        .fixed("remoteSnapshot", "mf.Snapshot", "The remote's snapshot. Live.", sees: .data) { .optional(get($0)) }
    }
    static func recovered(_ get: @escaping @Sendable (Root) -> Bool) -> Self {
        .fixed("recovered", "boolean", "Whether a listener recovered from the error.", sees: .data) {
            get($0) ? .boolean(true) : .nil
        }
    }
    static func flag(_ name: String, _ summary: String, _ get: @escaping @Sendable (Root) -> Bool) -> Self {
        .fixed(name, "boolean", summary, sees: .data) { get($0) ? .boolean(true) : .nil }
    }
}
