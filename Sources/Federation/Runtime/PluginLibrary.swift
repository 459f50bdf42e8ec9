import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// The `mf` that a plugin's file gets: what the plugin starts or registers through it belongs to its generation.
enum PluginLibrary {
    /// Gives an environment its own `mf`, which reads through to the library.
    static func install(in environment: LuaTable, for generation: PluginGeneration, _ runtime: Runtime) throws {
        guard case .table(let package) = try environment.get("package"),
            case .table(let loaded) = try package.get("loaded"), case .table(let library) = try loaded.get("mf")
        else { return }
        let scope = generation.scope
        var record = LuaRecord()
        record.append("spawn", .callable(runtime.tasks.spawn { scope }))
        record.append(
            "createInstance",
            .callable(
                LuaCallable("createInstance") { call in
                    let options = try HostOptions.read(call, for: nil)
                    return try runtime.owning(scope) { [.object(try runtime.makeHost(options))] }
                }))
        for function in HostFunction.all {
            guard case .now(let body) = function.body else { continue }
            record.append(
                function.name,
                .callable(
                    LuaCallable(function.name) { call in
                        guard let host = runtime.registry.current else { throw MFError.noCurrentHost(call.name) }
                        return try runtime.owning(scope) { try body(host, call) }
                    }))
        }
        try put(record, over: library, into: loaded, runtime)
    }

    /// Gives a remote's environment its own `mf`: what the remote's code spawns belongs to its generation.
    static func install(in environment: LuaTable, forRemote lifetime: Lifetime, _ runtime: Runtime) throws {
        guard case .table(let package) = try environment.get("package"),
            case .table(let loaded) = try package.get("loaded"), case .table(let library) = try loaded.get("mf")
        else { return }
        try put(["spawn": .callable(runtime.tasks.spawn { lifetime })], over: library, into: loaded, runtime)
    }

    private static func put(
        _ functions: LuaRecord, over library: LuaTable, into loaded: LuaTable, _ runtime: Runtime
    ) throws {
        let own = try runtime.state.makeTable(.record(functions))
        try own.setMetatable(try runtime.state.makeTable(.record(LuaRecord([("__index", .table(library))]))))
        try loaded.set("mf", .table(own))
    }
}

extension Runtime {
    /// Runs a step of a reload and raises in Lua code that goes on for too long: a plugin that never ends its load must
    /// not stop the host.
    ///
    /// Plugins of the host's own state are the team's own: this ends what loops by mistake, not what wants to go on.
    func withinLoadTime<T>(_ body: () throws -> T) throws -> T {
        let guards = try reloads.guards(of: state)
        _ = try state.call(guards.begin, [.number(configuration.reloadTime / .seconds(1))])
        defer { _ = try? state.call(guards.end, []) }
        return try body()
    }
}
