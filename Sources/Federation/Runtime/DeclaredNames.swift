/// The names that are declared for Lua code: what its sources are checked against without running them.
package enum DeclaredNames {
    /// The hooks, and whether their listeners may wait.
    package static let hooks: [(name: String, canWait: Bool)] = Lifecycle.all.map { ($0.name, $0.kind.canWait) }

    /// The keys of a plugin's table that are read, besides the hooks.
    package static let pluginKeys = LuaPlugin.ownKeys

    /// The keys that `mf.init` takes.
    package static let hostOptions = HostOptions.options.names

    /// The keys of an entry of `remotes` in `mf.init`.
    package static let remoteOptions = Remote.options.names

    /// The functions of `mf` that wait.
    package static let waitingFunctions: [String] =
        HostFunction.all.filter { !$0.isImmediate }.map(\.name) + ["all", "fetch", "sleep"]
}
