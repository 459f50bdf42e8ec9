import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// The `mf` that a plugin's file gets: what the plugin starts or registers through it belongs to its generation.
enum PluginLibrary {
    /// The functions that a generation has of its own.
    ///
    /// Those that go are among them: it is told whose plugin calls them.
    static func functions(for generation: PluginGeneration, of file: String, _ runtime: Runtime) -> LuaRecord {
        let (scope, user) = (generation.scope, Notices.User.pluginFile(file))
        var operations = runtime.operations { scope }
        operations.generation = { (generation.number, generation.files) }
        var record = operations.record
        record.append("spawn", .callable(runtime.tasks.spawn { scope }))
        record.append(
            "store",
            .callable(
                LuaCallable("store") { [store = generation.store] call in
                    try call.expectNoStoreName()
                    return [.object(StoreView(store))]
                }))
        record.append("fetch", .callable(MFLibrary.fetch(runtime, for: .plugin(generation))))
        record.append(
            "createInstance",
            .callable(
                runtime.afterCommands("createInstance") { [unowned runtime] call in
                    let options = try HostOptions.read(call, for: nil)
                    return try runtime.registry.reloads.owning(scope) { [.object(try runtime.makeHost(options))] }
                }))
        for function in HostFunction.all {
            guard function.isImmediate || function.availability.deprecated != nil, function.name != "store" else {
                continue
            }
            record.append(
                function.name,
                .callable(
                    function.callable(owning: scope, by: user) { call in
                        guard let host = runtime.registry.current?.host else { throw MFError.noCurrentHost(call.name) }
                        return (host, call)
                    }))
        }
        for function in MFLibrary.functions where function.availability.deprecated != nil && record[function.name].isNil
        {
            record.append(function.name, .callable(function.make(runtime)))
        }
        return MFLibrary.telling(record, by: user, to: runtime.registry)
    }
}
