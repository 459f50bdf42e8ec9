import LuaBridge

extension HostFunction {
    static let disablePluginsOptions = OptionTable([
        .init("for", .duration, "After how long they are called again; otherwise when they are enabled."),
        .init("why", .string, "The reason, as `host:plugins()` tells it."),
        .init("cascade", .boolean, "Whether the plugins that need them wait until they are called again."),
    ])

    static let removePluginsOptions = OptionTable([
        .init("cascade", .boolean, "Whether the plugins that need them are removed, too.")
    ])

    /// Functions that a host has, and `mf` does not: they are for whoever owns the host.
    static let ofHosts = [
        HostFunction(
            "plugins", "fun(): mf.PluginReport[]",
            "What is known of each plugin: its state, and per hook the calls, errors and times in milliseconds."
        ) { host, _ in [.array(PluginRegistrar(host).reports.map(\.luaValue))] },
        HostFunction(
            async: "health", "fun(): mf.HealthLine[]",
            "Asks each plugin's `health` how it is, and looks at plugins, shares, tenants and remotes; waits."
        ) { host, _ in [.array(await HealthService(host).lines().map(\.luaValue))] },
        HostFunction(
            async: "unloaded", "fun(name: string): mf.UnloadReport",
            "What is left of the versions of a plugin that were removed or replaced, with the paths that hold their code; waits."
        ) { host, call in [try await PluginRegistrar(host).unloaded(try call.string(0)).luaValue] },
        HostFunction(
            "disablePlugins", "fun(names: string[], options?: mf.DisablePluginsOptions)",
            "Stops calling plugins, which keep their places; raises if one of the names is unknown, or others need them."
        ) { host, call in
            let names = try OptionType.strings.read(call, 0).strings(expecting: "a list of names")
            let options = try disablePluginsOptions.read(call, 1)
            try PluginRegistrar(host).disablePlugins(
                names, for: options["for"].duration, why: options["why"].stringValue,
                cascade: options["cascade"].boolValue ?? false)
            return []
        },
        HostFunction(
            "order", "fun(hook: string): {plugin: string, why: string}[]",
            "The plugins that listen to a hook, in the order in which they are called, each with the reason for its place."
        ) { host, call in
            let places = try PluginRegistrar(host).order(of: try call.string(0))
            return [
                .array(
                    places.map {
                        .record(LuaRecord([("plugin", .string($0.plugin)), ("why", .string($0.why))]))
                    })
            ]
        },
        HostFunction(
            "enablePlugins", "fun(names: string[])",
            "Calls plugins again that were disabled or have tripped, and attaches those that were left out or did not load; raises if one of the names is unknown.",
            secretsIn: { host, call in
                .array(PluginRegistrar(host).absentEntries((try? call[0].strings(expecting: "")) ?? []))
            }
        ) { host, call in
            try PluginRegistrar(host).enablePlugins(
                try OptionType.strings.read(call, 0).strings(expecting: "a list of names"))
            return []
        },
        HostFunction(
            "configurePlugin", "fun(name: string, options: any|fun(old: any): any): integer",
            "Makes a plugin anew with other options, at its place; returns the generation, raises if the old one stays."
        ) { host, call in
            [.integer(Int64(try PluginRegistrar(host).configurePlugin(try call.string(0), call[1])))]
        },
    ]
}
