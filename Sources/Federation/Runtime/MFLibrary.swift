import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge
import Posix

/// What `require("mf")` returns.
enum MFLibrary {
    /// The version of mflua.
    static let version = LibraryInfo.version

    /// A function of the library that belongs to no host.
    struct Function: Sendable, Dated {
        let name: String
        let signature: String
        let summary: String
        var availability = Availability()
        let make: @Sendable (Runtime) -> LuaCallable
    }

    static let functions: [Function] = hostFunctions + taskFunctions + toolFunctions + operationFunctions

    /// The functions that reach the system, as the script has them.
    private static let operationFunctions = Operations.functions.map { function in
        Function(
            name: function.name, signature: function.signature, summary: function.summary,
            availability: function.availability
        ) { runtime in
            function.make(runtime.operations { [unowned runtime] in runtime.registry.reloads.owner })
        }
    }

    /// The library's table for a runtime.
    static func table(_ runtime: Runtime) throws -> LuaTable {
        var record = LuaRecord([("version", .string(version)), ("null", .null)])
        for function in functions { record.append(function.name, .callable(function.make(runtime))) }
        record = telling(record, by: nil, to: runtime.registry)
        for function in HostFunction.all where !["emit"].contains(function.name) {
            record.append(
                function.name,
                .callable(
                    function.callable { call in
                        guard let host = runtime.registry.current?.host else { throw MFError.noCurrentHost(call.name) }
                        return (host, call)
                    }))
        }
        record.append("json", .record(JSONLibrary.record))
        record.append("log", .record(LogLibrary.record(runtime)))
        let operations = runtime.operations { [unowned runtime] in runtime.registry.reloads.owner }
        for namespace in Operations.namespaces {
            let functions = telling(
                namespace.record(operations), by: nil, to: runtime.registry,
                declared: namespace.functions.map { ($0.name, $0.availability) }, as: "mf.\(namespace.name).")
            record.append(namespace.name, .record(functions))
        }
        for (name, value) in Operations.values { record.append(name, value) }
        record.append(
            "env",
            .table(
                try runtime.state.readOnly(
                    try runtime.state.makeTable(
                        .record(LuaRecord(EnvironmentVariables.all.map { ($0.name, .string($0.value)) }))))))
        return try runtime.state.makeTable(.record(record))
    }

    /// The same functions of `mf`; those that go tell of their calls. Those of hosts do so anyway.
    ///
    /// - Parameters:
    ///   - user: Whose code calls them; nil: whoever calls is asked.
    ///   - prefix: What is written before their names.
    static func telling(
        _ record: LuaRecord, by user: Notices.User?, to registry: FederationRegistry,
        declared: [(name: String, availability: Availability)] = functions.map { ($0.name, $0.availability) },
        as prefix: String = "mf."
    ) -> LuaRecord {
        var record = record
        for function in declared where function.availability.deprecated != nil {
            guard case .callable(let own) = record[function.name] else { continue }
            record[function.name] = .callable(
                own.telling(of: prefix + function.name, function.availability, by: user) { [unowned registry] _ in
                    registry
                })
        }
        return record
    }

    private static let hostFunctions = [
        Function(
            name: "init", signature: "fun(options: mf.Options): mf.Host",
            summary: "Creates a host, or extends the one of this name and version; the functions of `mf` use it."
        ) { runtime in
            runtime.afterCommands("init") { call in
                guard call[0].isTable else { throw call.mismatch(0, "table") }
                let known = runtime.registry.host(
                    named: try call[0].field("name").stringValue ?? "",
                    version: try call[0].field("version").stringValue)
                let options = try HostOptions.read(call, for: known)
                if let known {
                    try HostInitializer(known).initialize(again: options)
                    if runtime.registry.current == nil { runtime.registry.current = known }
                    return [.object(known)]
                }
                let host = try runtime.makeHost(options)
                runtime.registry.current = host
                return [.object(host)]
            }
        },
        Function(
            name: "createInstance", signature: "fun(options: mf.Options): mf.Host",
            summary: "Creates a host, even if there is one of this name."
        ) { runtime in
            runtime.afterCommands("createInstance") { call in
                [.object(try runtime.makeHost(try HostOptions.read(call, for: nil)))]
            }
        },
        Function(
            name: "getInstance", signature: "fun(finder?: string|fun(host: mf.Host): boolean): mf.Host?",
            summary: "Returns the current host, the host with a name, or the first one that a function accepts."
        ) { runtime in
            LuaCallable("getInstance") { call in
                switch call[0] {
                case .nil: return [.optional(runtime.registry.current)]
                case .string(let name): return [.optional(runtime.registry.hosts.first { $0.name == name })]
                default:
                    guard case .function(let finder) = call[0] else { throw call.mismatch(0, "string or function") }
                    return [
                        .optional(
                            try runtime.registry.hosts.first {
                                try runtime.state.invokeNow(.function(finder), [.object($0)]).isTruthy
                            })
                    ]
                }
            }
        },
        Function(
            name: "registerGlobalPlugins", signature: "fun(plugins: mf.Plugin[])",
            summary: "Registers plugins for all hosts created later."
        ) { runtime in
            runtime.afterCommands("registerGlobalPlugins") { [unowned runtime] call in
                let registry = runtime.registry
                let values = try OptionType.plugins.read(call, 0, path: "plugins", hooks: Lifecycle.table.names)
                for plugin in try PluginReader(registry, for: nil).readPlugins(try values.luaElements() ?? []) {
                    if registry.globalPlugins.contains(where: { $0.name == plugin.name }) {
                        plugin.source?.generation.scope.close()
                        runtime.log.warning("the global plugin \(plugin.name) is already registered")
                    } else {
                        registry.globalPlugins.append(plugin)
                    }
                }
                return []
            }
        },
        Function(name: "instances", signature: "fun(): mf.Host[]", summary: "Returns all hosts of this runtime.") {
            runtime in
            LuaCallable("instances") { _ in [.array(runtime.registry.hosts.map { .object($0) })] }
        },
        Function(
            name: "getGlobalSnapshot", signature: "fun(): table<string, mf.Snapshot>",
            summary: "Returns all known snapshots by key. Live."
        ) { runtime in LuaCallable("getGlobalSnapshot") { _ in [.object(runtime.registry.snapshots)] } },
        Function(
            name: "addGlobalSnapshot", signature: "fun(snapshots: table<string, mf.Snapshot>): fun()",
            summary: "Adds snapshots; returns a function that removes them."
        ) { runtime in
            LuaCallable("addGlobalSnapshot") { call in
                let added = try LiveMap<Snapshot>.fromLua(try OptionType.table.read(call, 0).detached())
                for (key, snapshot) in added.pairs { runtime.registry.snapshots[key] = snapshot }
                return [
                    .callable(
                        LuaCallable("remove") { _ in
                            for key in added.keys { runtime.registry.snapshots.removeValue(forKey: key) }
                            return []
                        })
                ]
            }
        },
        Function(
            name: "globalShareScopes", signature: "fun(): table<string, mf.ShareScopeMap>",
            summary: "Returns the share scopes of all hosts. Live."
        ) { runtime in LuaCallable("globalShareScopes") { _ in [.object(runtime.registry.shareScopes)] } },
    ]
}

extension Runtime {
    /// What begins and ends with an owner.
    func operations(for owner: @escaping @Sendable () -> Lifetime?) -> Operations {
        Operations(tasks: tasks, facilities: facilities, log: log, owner: owner)
    }

    /// A function whose first argument may have secrets that commands print: it waits for these.
    func afterCommands(_ name: String, _ body: @escaping @Sendable (LuaCall) throws -> LuaValues) -> LuaCallable {
        LuaCallable(starting: name) { [unowned self] call in
            try registry.afterCommands(in: call[0], call, body)
        }
    }

    /// Makes `mf` known to the host's own code, to plugins and to remotes.
    func installLibrary() throws {
        try registry.environments.provide("mf", .table(try MFLibrary.table(self)))
        try offerShippedPlugins()
    }
}

extension MFError {
    /// A function of `mf` before any host was initialised.
    static func noCurrentHost(_ function: String) -> MFError {
        MFError(
            .hostNotFound, "`mf.\(function)` was called before `mf.init`",
            hint: "call `mf.init { name = \"my-host\" }` first, or use the host that `mf.createInstance` returned")
    }
}
