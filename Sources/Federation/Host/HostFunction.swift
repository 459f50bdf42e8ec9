import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections

/// A function of hosts that Lua sees twice: as a method of a host, and in `mf`, where it speaks to the current host.
struct HostFunction: Sendable, Dated {
    enum Body: Sendable {
        case now(@Sendable (Host, LuaCall) throws -> LuaValues)
        /// One that takes plugins: it waits for the commands of the secrets in their options.
        case withSecrets(
            in: @Sendable (Host, LuaCall) throws -> LuaValue, @Sendable (Host, LuaCall) throws -> LuaValues)
        case waiting(@Sendable (Host, LuaCall) async throws -> LuaValues)
    }

    let name: String
    /// The parameters and results in the notation of the Lua language server.
    let signature: String
    let summary: String
    var availability = Availability()
    let body: Body

    init(
        _ name: String, _ signature: String, _ summary: String,
        _ body: @escaping @Sendable (Host, LuaCall) throws -> LuaValues
    ) {
        (self.name, self.signature, self.summary, self.body) = (name, signature, summary, .now(body))
    }

    init(
        _ name: String, _ signature: String, _ summary: String,
        secretsIn options: @escaping @Sendable (Host, LuaCall) throws -> LuaValue,
        _ body: @escaping @Sendable (Host, LuaCall) throws -> LuaValues
    ) {
        (self.name, self.signature, self.summary) = (name, signature, summary)
        self.body = .withSecrets(in: options, body)
    }

    init(
        async name: String, _ signature: String, _ summary: String,
        _ body: @escaping @Sendable (Host, LuaCall) async throws -> LuaValues
    ) {
        (self.name, self.signature, self.summary, self.body) = (name, signature, summary, .waiting(body))
    }

    /// Whether it does what it does in one go.
    var isImmediate: Bool { if case .waiting = body { false } else { true } }

    /// The Lua function; `target` finds the host and the arguments of a call.
    ///
    /// - Parameters:
    ///   - scope: What the function registers belongs to, where it is immediate.
    ///   - prefix: What is written before its name: `mf.`, or `host:` for the method.
    ///   - user: Whose code calls it; nil: whoever calls is asked.
    func callable(
        owning scope: Lifetime? = nil, as prefix: String = "mf.", by user: Notices.User? = nil,
        _ target: @escaping @Sendable (LuaCall) throws -> (Host, LuaCall)
    ) -> LuaCallable {
        plainCallable(owning: scope, target).telling(of: prefix + name, availability, by: user) { call in
            try target(call).0.registry
        }
    }

    private func plainCallable(
        owning scope: Lifetime?, _ target: @escaping @Sendable (LuaCall) throws -> (Host, LuaCall)
    ) -> LuaCallable {
        switch body {
        case .now(let body):
            LuaCallable(name) { call in
                let (host, call) = try target(call)
                return try host.registry.reloads.owning(scope) { try body(host, call) }
            }
        case .withSecrets(let options, let body):
            LuaCallable(starting: name) { call in
                let (host, call) = try target(call)
                return try host.registry.afterCommands(in: try options(host, call), call) { call in
                    try host.registry.reloads.owning(scope) { try body(host, call) }
                }
            }
        case .waiting(let body):
            LuaCallable(async: name) { call in
                let (host, call) = try target(call)
                return try await body(host, call)
            }
        }
    }
}

extension HostFunction {
    /// Every function, once: the library, the methods and the editor stubs are read from here.
    static let all: [HostFunction] = loading + registering + advanced

    /// The functions as methods of a host.
    static let methods: [LuaCallable] =
        (all + ofHosts).map { function in
            function.callable(as: "host:") { call in
                guard case .object(let object) = call[0], let host = object as? Host else {
                    throw MFError.notCalledOnHost(call.name)
                }
                return (host, call.withoutSelf())
            }
        } + [
            LuaCallable("dispose") { call in
                try call.object(0, as: Host.self).dispose()
                return []
            }
        ]

    private static let loading = [
        HostFunction(
            async: "loadRemote", "fun(id: string, options?: mf.LoadRemoteOptions): any",
            "Loads an expose; waits."
        ) { host, call in
            [try await host.remotes.load(try call.string(0), try LoadRemoteOptions(call))]
        },
        HostFunction(
            async: "loadShare", "fun(pkg: string, options?: mf.LoadShareOptions): (fun(): any)|false",
            "Returns the factory of a shared module; waits."
        ) { host, call in
            let (package, options) = (try call.string(0), try LoadShareOptions(call))
            try host.shares.expectNoRepetition(of: package, waiting: true)
            return [try await host.shares.loadShare(package, options)]
        },
        HostFunction(
            "loadShareSync", "fun(pkg: string, options?: mf.LoadShareOptions): fun(): any",
            "Returns the factory of a shared module without waiting."
        ) { host, call in
            let (package, options) = (try call.string(0), try LoadShareOptions(call))
            try host.shares.expectNoRepetition(of: package, waiting: false)
            return [try host.shares.loadShareSync(package, options)]
        },
        HostFunction(
            async: "preloadRemote", "fun(requests: mf.PreloadRemoteArgs[])",
            "Fetches the files of remotes ahead of their loads; waits."
        ) { host, call in
            let requests = try OptionType.preloadRequests.read(call, 0)
            try await host.preloads.preload(try LiveList<PreloadRequest>.fromLua(requests))
            return []
        },
    ]

    private static let registering = [
        HostFunction(
            "store", "fun(name?: string): mf.Store",
            "A durable store. In a plugin's file `mf.store()` is the plugin's own; scripts name theirs."
        ) { host, call in
            guard !call[0].isNothing else { throw MFError.storeWithoutPlugin(isPlugin: false) }
            if case .bytes = call[0] { throw MFError.badStoreKey("the name of a store is not UTF-8") }
            return [.object(StoreView(try host.store(named: try call.string(0))))]
        },
        HostFunction(
            "registerRemotes", "fun(remotes: mf.Remote[], options?: mf.RegisterRemotesOptions)",
            "Registers remotes; with `force`, those of the same name are replaced."
        ) { host, call in
            let given = try OptionType.remotes.read(call, 0, path: "remotes")
            let options = try registerRemotesOptions.read(call, 1)
            let remotes = try LiveList<Remote>.fromLua(try given.detached())
            try RemoteRegistrar(host).registerRemotes(remotes.elements, force: options["force"].isTruthy)
            return []
        },
        HostFunction(
            "removeRemotes", "fun(names: string[]): string[]",
            "Removes remotes and everything loaded from them; returns the names that were registered."
        ) { host, call in
            [
                .array(
                    RemoteRegistrar(host).removeRemotes(
                        try OptionType.strings.read(call, 0).strings(expecting: "a list of names")
                    ).map {
                        .string($0)
                    })
            ]
        },
        HostFunction(
            "tenantStats", "fun(name: string): mf.TenantStats",
            "The state and resource usage of a tenant: bytes, milliseconds, calls, limit violations by code."
        ) { host, call in [try host.tenants.tenant(try call.string(0)).stats.luaValue] },
        HostFunction(
            "registerPlugins", "fun(plugins: (mf.Plugin|string|table)[])", "Attaches plugins.",
            secretsIn: { _, call in call[0] }
        ) { host, call in
            let plugins = try OptionType.plugins.read(
                call, 0, path: "plugins", tenants: host.tenants.names,
                hooks: Lifecycle.table.names)
            try PluginRegistrar(host).registerPlugins(try plugins.luaElements() ?? [])
            return []
        },
        HostFunction(
            "removePlugins", "fun(names: string[], options?: mf.RemovePluginsOptions): string[]",
            "Detaches plugins; returns the names that the host had, raises if other plugins need them."
        ) { host, call in
            let names = try OptionType.strings.read(call, 0).strings(expecting: "a list of names")
            let cascade = try removePluginsOptions.read(call, 1)["cascade"].boolValue ?? false
            return [.array(try PluginRegistrar(host).removePlugins(names, cascade: cascade).map { .string($0) })]
        },
        HostFunction(
            async: "revalidate", "fun(names?: string[]): string[]",
            "Checks loaded remotes for new versions and updates them; waits, and returns the names of the updated remotes."
        ) { host, call in
            let names = call[0].isNil ? nil : try OptionType.strings.read(call, 0).strings(expecting: "a list of names")
            return [.array(try await RemoteUpdater(host).revalidate(named: names).map { .string($0) })]
        },
        HostFunction(
            async: "live", "fun(id: string): any",
            "Returns a handle that forwards reads and calls to the current version of a module; waits for the first load."
        ) { host, call in [try await RemoteUpdater(host).live(try call.string(0))] },
        HostFunction(
            "reload", "fun(plugin: string, options?: any): integer",
            "Reloads a plugin from its file, with new options if given; returns the current generation, raises if the old one stays in place.",
            secretsIn: { host, call in
                if !call[1].isNil { return call[1] }
                let plugin = PluginRegistrar(host).reloadablePlugins.first { .string($0.name) == call[0] }
                return plugin?.source?.options ?? .nil
            }
        ) { host, call in
            let name = try call.string(0)
            let registrar = PluginRegistrar(host)
            guard let plugin = registrar.reloadablePlugins.first(where: { $0.name == name }) else {
                throw MFError.notReloadable(name, known: registrar.reloadablePlugins.map(\.name))
            }
            let report = registrar.reload(
                plugin, changed: [], options: call[1].isNil ? Optional.none : call[1])
            if let error = report.error { throw error }
            return [.integer(Int64(report.generation))]
        },
        HostFunction(
            "registerShared", "fun(shared: table<string, mf.Shared|mf.Shared[]>)", "Registers shared modules."
        ) { host, call in
            let more = HostOptions(name: host.name)
            more.shared = try HostOptions.shared(from: try OptionType.sharedModules.read(call, 0, path: "shared"))
            more.shareStrategy = host.options.shareStrategy
            host.options.shared = try host.shares.registerShared(more, into: host.options.shared)
            return []
        },
    ]

    private static let advanced = [
        HostFunction(
            "initOptions", "fun(options: mf.Options): mf.Options",
            "Initializes the host again with additional options.",
            secretsIn: { _, call in call[0] }
        ) {
            host, call in [.object(try HostInitializer(host).initialize(again: try HostOptions.read(call, for: host)))]
        },
        HostFunction(
            async: "initializeSharing", "fun(scope?: string, options?: mf.InitializeSharingOptions): integer",
            "Initializes the remotes of a share scope; waits, and returns how many it waited for."
        ) { host, call in
            let options = try initializeSharingOptions.read(call, 1)
            let initScope = options["initScope"]
            let scope = try call.optionalString(0) ?? ShareScopeName.standard
            let shares = host.shares
            return try await shares.bounded {
                let tasks = shares.initializeSharing(
                    scope, strategy: options["strategy"].stringValue, from: options["from"].stringValue,
                    initScope: initScope.isNil ? nil : try LiveList<LuaValue>.fromLua(initScope), asksAll: true)
                for task in tasks { try await task.value }
                return [.integer(Int64(tasks.count))]
            }
        },
        HostFunction(
            "initShareScopeMap",
            "fun(scope: string, shareScope: mf.ShareScope, options?: mf.InitShareScopeMapOptions)",
            "Adopts a share scope, as a container joins its host's."
        ) { host, call in
            let options = try initShareScopeMapOptions.read(call, 2)
            try host.shares.initShareScopeMap(
                try call.string(0), scope: try ShareScope.fromLua(OptionType.table.read(call, 1)),
                hostShareScopeMap: options["hostShareScopeMap"])
            return []
        },
        HostFunction(
            "initRawContainer", "fun(name: string, url: string, container: mf.Container): mf.Module",
            "Registers an existing container as a remote."
        ) { host, call in
            let (name, url) = (try call.string(0), try call.string(1))
            let container = try OptionType.table.read(call, 2)
            return [.object(try host.remotes.initRawContainer(name, url: url, container: container))]
        },
        HostFunction(
            async: "emit", "fun(hook: string, args?: any): any",
            "Emits a hook, as bridges do; waits if the hook is asynchronous."
        ) { host, call in [try await host.emit(try call.string(0), call[1])] },
    ]
}
