import Diagnostics
import EventLoops
public import LuaBridge
import OrderedCollections

extension Host: LuaObject {
    public static var luaTypeName: String { "mf.Host" }
    public var luaDescription: String { "mf.Host(\(name))" }

    public var luaKeys: [LuaKey] {
        ["name", "version", "options", "shareScopeMap", "moduleCache", "remoteHandler", "snapshotHandler"].map {
            .string($0)
        }
    }

    public func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "name": return self.name.isEmpty ? .nil : .string(self.name)
        case "version": return .string(MFLibrary.version)
        case "options": return .object(options)
        case "shareScopeMap": return .object(shareScopeMap)
        case "moduleCache": return .object(moduleCache)
        case "remoteHandler": return .object(remoteHandlerView)
        case "snapshotHandler": return .object(snapshotView)
        default: return .nil
        }
    }

    public static let luaMethods: [LuaCallable] =
        HostFunction.all.map { function in
            function.callable { call in
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
}

/// A function of hosts that Lua sees twice: as a method of a host, and in `mf`, where it speaks to the current host.
struct HostFunction: Sendable {
    enum Body: Sendable {
        case now(@Sendable (Host, LuaCall) throws -> LuaValues)
        case waiting(@Sendable (Host, LuaCall) async throws -> LuaValues)
    }

    let name: String
    /// The parameters and results in the notation of the Lua language server.
    let signature: String
    let summary: String
    let body: Body

    init(
        _ name: String, _ signature: String, _ summary: String,
        _ body: @escaping @Sendable (Host, LuaCall) throws -> LuaValues
    ) {
        (self.name, self.signature, self.summary, self.body) = (name, signature, summary, .now(body))
    }

    init(
        async name: String, _ signature: String, _ summary: String,
        _ body: @escaping @Sendable (Host, LuaCall) async throws -> LuaValues
    ) {
        (self.name, self.signature, self.summary, self.body) = (name, signature, summary, .waiting(body))
    }

    /// The Lua function; `target` finds the host and the arguments of a call.
    func callable(_ target: @escaping @Sendable (LuaCall) throws -> (Host, LuaCall)) -> LuaCallable {
        switch body {
        case .now(let body):
            LuaCallable(name) { call in
                let (host, call) = try target(call)
                return try body(host, call)
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

    private static let loading = [
        HostFunction(
            async: "loadRemote", "fun(id: string, options?: mf.LoadRemoteOptions): any",
            "Loads an expose; waits."
        ) { host, call in
            [try await host.load(try call.string(0), try LoadRemoteOptions(call))]
        },
        HostFunction(
            async: "loadShare", "fun(pkg: string, options?: mf.LoadShareOptions): (fun(): any)|false",
            "Gets the factory of a shared module; waits."
        ) { host, call in [try await host.loadShare(try call.string(0), try LoadShareOptions(call))] },
        HostFunction(
            "loadShareSync", "fun(pkg: string, options?: mf.LoadShareOptions): fun(): any",
            "Gets the factory of a shared module that needs no waiting."
        ) { host, call in [try host.loadShareSync(try call.string(0), try LoadShareOptions(call))] },
        HostFunction(
            async: "preloadRemote", "fun(requests: mf.PreloadRemoteArgs[])",
            "Fetches what later loads will need; waits."
        ) { host, call in
            let requests = try OptionType.preloadRequests.read(call, 0)
            try await host.preload(try LiveList<PreloadRequest>.fromLua(requests))
            return []
        },
    ]

    private static let registering = [
        HostFunction(
            "registerRemotes", "fun(remotes: mf.Remote[], options?: mf.RegisterRemotesOptions)",
            "Registers remotes; with `force`, those of the same name are replaced."
        ) { host, call in
            let given = try OptionType.remotes.read(call, 0, path: "remotes")
            let options = try registerRemotesOptions.read(call, 1)
            let remotes = try LiveList<Remote>.fromLua(try given.detached())
            try host.registerRemotes(remotes.elements, force: options["force"].isTruthy)
            return []
        },
        HostFunction(
            "removeRemotes", "fun(names: string[]): string[]",
            "Removes remotes and all that was loaded of them; returns the names that were registered."
        ) { host, call in
            [
                .array(
                    host.removeRemotes(try OptionType.strings.read(call, 0).strings(expecting: "a list of names")).map {
                        .string($0)
                    })
            ]
        },
        HostFunction(
            "tenantStats", "fun(name: string): mf.TenantStats",
            "What a tenant has used, and how it is: bytes, milliseconds, calls, limit violations by code."
        ) { host, call in [try host.tenants.tenant(try call.string(0)).stats.luaValue] },
        HostFunction(
            "registerPlugins", "fun(plugins: (mf.Plugin|string|table)[])", "Attaches plugins."
        ) { host, call in
            let plugins = try OptionType.plugins.read(call, 0, path: "plugins", tenants: host.tenants.names)
            try host.registerPlugins(try plugins.luaElements() ?? [])
            return []
        },
        HostFunction(
            "removePlugins", "fun(names: string[]): string[]",
            "Detaches plugins; returns the names that were attached."
        ) { host, call in
            [
                .array(
                    host.removePlugins(try OptionType.strings.read(call, 0).strings(expecting: "a list of names")).map {
                        .string($0)
                    })
            ]
        },
        HostFunction(
            async: "revalidate", "fun(names?: string[]): string[]",
            "Asks for new versions of loaded remotes and puts them in place; waits, and returns the names of the updated."
        ) { host, call in
            let names = call[0].isNil ? nil : try OptionType.strings.read(call, 0).strings(expecting: "a list of names")
            return [.array(try await host.revalidate(names).map { .string($0) })]
        },
        HostFunction(
            async: "live", "fun(id: string): any",
            "A handle that reads and calls through to the module that is current then; waits for the first load."
        ) { host, call in [try await host.live(try call.string(0))] },
        HostFunction(
            "reload", "fun(plugin: string, options?: any): integer",
            "Reloads a plugin from its file, with other options if they are given; returns the generation that serves now, raises when the old one serves on."
        ) { host, call in
            let name = try call.string(0)
            guard let plugin = host.reloadablePlugins.first(where: { $0.name == name }) else {
                throw MFError.notReloadable(name, known: host.reloadablePlugins.map(\.name))
            }
            let report = host.runtime.reload(
                plugin, of: host, changed: [], options: call[1].isNil ? nil : call[1])
            if let error = report.error { throw error }
            return [.integer(Int64(report.generation))]
        },
        HostFunction(
            "registerShared", "fun(shared: table<string, mf.Shared|mf.Shared[]>)", "Offers more shared modules."
        ) { host, call in
            let more = HostOptions(name: host.name)
            more.shared = try HostOptions.shared(from: try OptionType.sharedModules.read(call, 0, path: "shared"))
            more.shareStrategy = host.options.shareStrategy
            host.options.shared = try host.registerShared(more, into: host.options.shared)
            return []
        },
    ]

    private static let advanced = [
        HostFunction("initOptions", "fun(options: mf.Options): mf.Options", "Initialises the host once more.") {
            host, call in [.object(try host.initialize(again: try HostOptions.read(call, for: host)))]
        },
        HostFunction(
            async: "initializeSharing", "fun(scope?: string, options?: mf.InitializeSharingOptions): integer",
            "Initialises the remotes of a share scope; waits, and returns how many it waited for."
        ) { host, call in
            let options = try initializeSharingOptions.read(call, 1)
            let initScope = options["initScope"]
            let scope = try call.optionalString(0) ?? ShareScopeName.standard
            return try await host.bounded {
                let tasks = host.initializeSharing(
                    scope, strategy: options["strategy"].stringValue, from: options["from"].stringValue,
                    initScope: initScope.isNil ? nil : try LiveList<LuaValue>.fromLua(initScope), asksAll: true)
                for task in tasks { try await task.value }
                return [.integer(Int64(tasks.count))]
            }
        },
        HostFunction(
            "initShareScopeMap",
            "fun(scope: string, shareScope: mf.ShareScope, options?: mf.InitShareScopeMapOptions)",
            "Takes a share scope over: containers join their host's scope so."
        ) { host, call in
            let options = try initShareScopeMapOptions.read(call, 2)
            try host.initShareScopeMap(
                try call.string(0), scope: try ShareScope.fromLua(OptionType.table.read(call, 1)),
                hostShareScopeMap: options["hostShareScopeMap"])
            return []
        },
        HostFunction(
            "initRawContainer", "fun(name: string, url: string, container: mf.Container): mf.Module",
            "Puts a container that is there already in a remote's place."
        ) { host, call in
            [.object(try host.initRawContainer(try call.string(0), url: try call.string(1), container: call[2]))]
        },
        HostFunction(
            async: "emit", "fun(hook: string, args?: any): any",
            "Emits a hook, as bridges do; waits where the hook's listeners may."
        ) { host, call in [try await host.emit(try call.string(0), call[1])] },
    ]
}

// MARK: - Options

extension HostFunction {
    static let registerRemotesOptions = OptionTable([
        .init("force", .boolean, "Whether remotes of the same name are replaced.")
    ])
    static let initializeSharingOptions = OptionTable([
        .init("strategy", .shareStrategy, "How a version is chosen."),
        .init("from", .caller, "Who asks."),
        .init("initScope", .list(of: .any), "What containers recognise a host by that is being initialised already."),
    ])
    static let initShareScopeMapOptions = OptionTable([
        .init("hostShareScopeMap", .table, "All scopes of the host that hands one over.")
    ])
}

extension LoadRemoteOptions {
    static let options = OptionTable([
        .init("loadFactory", .boolean, "Whether the factory runs; else it is the result."),
        .init("from", .caller, "Who asks."),
    ])

    init(_ call: LuaCall) throws {
        let options = try Self.options.read(call, 1)
        given = call[1].isNothing ? .nil : call[1]
        loadFactory = options["loadFactory"].boolValue ?? loadFactory
        from = options["from"].stringValue ?? from
    }
}

extension LoadShareOptions {
    static let options = OptionTable([
        .init("customShareInfo", SharedModule.optionType(), "Goes before the host's own entry."),
        .init("resolver", .function("fun(entries: mf.Shared[]): mf.Shared"), "Chooses among the host's entries."),
        .init("from", .caller, "Who asks."),
    ])

    init(_ call: LuaCall) throws {
        let options = try Self.options.read(call, 1)
        customShareInfo = options["customShareInfo"]
        resolver = options["resolver"]
        from = options["from"].stringValue ?? from
    }
}

extension Host {
    /// Emits a hook with whatever arguments; the result of a waterfall is the data, else the last result.
    func emit(_ name: String, _ data: LuaValue) async throws -> LuaValue {
        guard let hook = Lifecycle.named[name] else { throw MFError.unknownHookToEmit(name) }
        guard name == lifecycle.generatePreloadAssets.name else { return try await hooks.emit(hook, open: data) }
        // The built-in plan is made as by a listener before all others.
        let builtIn = try builtInPlan(for: data)
        let result = try await hooks.emit(hook, open: data)
        return result.isNil ? builtIn.luaValue : result
    }

    private func builtInPlan(for data: LuaValue) throws -> PreloadPlan {
        let entries = try data.entries(expecting: "the arguments of generatePreloadAssets")
        let fields = Dictionary(entries.compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }) { $1 }
        guard let options = fields["preloadOptions"], let info = fields["remoteInfo"],
            let snapshot = fields["remoteSnapshot"]
        else { return PreloadPlan() }
        return try builtInPlan(
            try PreloadOptions.fromLua(options), remoteInfo: try Remote.fromLua(info),
            snapshot: try Snapshot.fromLua(snapshot),
            global: try fields["globalSnapshot"].map { try LiveMap<Snapshot>.fromLua($0) })
    }
}

extension MFError {
    /// `host:emit` of something that is no hook.
    static func unknownHookToEmit(_ name: String) -> MFError {
        MFError(
            .unknownHook, "there is no hook `\(name)`", context: [("hook", name)],
            hint: closestMatch(to: name, in: Lifecycle.named.keys).map { "did you mean `\($0)`?" })
    }

    /// `host.method()` in place of `host:method()`.
    static func notCalledOnHost(_ name: String) -> MFError {
        MFError(.badArgument, "`\(name)` is a method of a host", hint: "call it with a colon: `host:\(name)(…)`")
    }
}

/// `host.remoteHandler`.
final class RemoteHandlerView: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private unowned let host: Host
    init(host: Host) { self.host = host }
    static let luaTypeName = "mf.RemoteHandler"
    var luaKeys: [LuaKey] { [.string("idToRemoteMap")] }
    func luaGet(_ key: LuaKey) -> LuaValue {
        guard key == .string("idToRemoteMap") else { return .nil }
        return .record(
            LuaRecord(
                host.idToRemoteMap.map {
                    ($0.key, ["name": .string($0.value.name), "expose": .string($0.value.expose)])
                }))
    }
}

/// `host.snapshotHandler`.
final class SnapshotHandlerView: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private unowned let host: Host
    init(host: Host) { self.host = host }
    static let luaTypeName = "mf.SnapshotHandler"
    static let luaMethods = [
        LuaCallable(async: "loadRemoteSnapshotInfo") { call in
            let host = try call.object(0, as: SnapshotHandlerView.self).host
            let parameters = try call.table(1)
            let remote = try Remote.fromLua(try parameters.get("moduleInfo"))
            let id = try parameters.get("id").stringValue ?? remote.name
            let (snapshot, global) = try await host.loadSnapshot(
                of: remote, id: id,
                initiator: try parameters.get("initiator").stringValue ?? "loadRemote")
            return [["remoteSnapshot": .object(snapshot), "globalSnapshot": .object(global)]]
        }
    ]
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}
