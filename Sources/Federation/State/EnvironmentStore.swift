import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import LuaLibrary

/// The environments (`_ENV`) that plugins and remotes run in: globals of their own over read-only libraries.
final class EnvironmentStore: @unchecked Sendable {
    // Asks `state` at each step, which checks the thread; the tables beside it belong to the registry of that state.
    private let state: LuaState
    private let tasks: TaskRunner
    private var prepare: LuaFunction!
    private var base: LuaTable!
    private var sharedLibrary: LuaFunction!
    /// What the `mf` of each environment reads through to.
    private var library: LuaTable?
    private var modules: [(name: String, value: LuaValue)] = []
    private var environments: [String: LuaTable] = [:]
    /// What the `mf` of a plugin has of its own: what the plugin starts or registers through it belongs to its generation.
    var pluginFunctions: @Sendable (_ generation: PluginGeneration, _ file: String) -> LuaRecord = { _, _ in LuaRecord()
    }
    /// What the `mf` of a remote has of its own: what the remote begins through it belongs to its generation.
    var remoteFunctions: @Sendable (Lifetime) -> LuaRecord = { _ in LuaRecord() }
    /// Where relative paths of plugins are looked up first.
    var scriptFolder = "."

    init(state: LuaState, tasks: TaskRunner) { (self.state, self.tasks) = (state, tasks) }

    /// Builds what all environments share.
    func start() throws {
        let readOnly = LuaCallable("readOnly") { call in [.table(try call.state.readOnly(try call.table(0)))] }
        let chunk = try state.load(LuaLibrary.source(of: "mf/environment.lua"), name: "@mf/environment.lua")
        let parts = try state.call(chunk, [.table(state.globals), .callable(readOnly)])
        guard parts.count == 3, case .table(let base) = parts[0], case .function(let prepare) = parts[1],
            case .function(let sharedLibrary) = parts[2]
        else { throw MFError(.luaRuntime, "lua/mf/environment.lua did not return a table and two functions") }
        (self.base, self.prepare, self.sharedLibrary) = (base, prepare, sharedLibrary)
    }

    /// Makes a module known to all environments, those that are there already included.
    func provide(_ name: String, _ value: LuaValue) throws {
        let table =
            try value.luaTypeName == "table" && value.tableValue == nil
            ? .table(state.makeTable(value)) : value
        modules.removeAll { $0.name == name }
        modules.append((name, table))
        try offer(name, table, in: state.globals)
        for environment in environments.values { try offer(name, table, in: environment) }
    }

    /// A module that was registered from Swift.
    func module(provided name: String) -> LuaValue? { modules.first { $0.name == name }?.value }

    private func offer(_ name: String, _ value: LuaValue, in environment: LuaTable) throws {
        guard case .table(let package) = try environment.get("package"),
            case .table(let loaded) = try package.get("loaded")
        else { return }
        try loaded.set(name, value)
    }

    /// A remote's environment.
    func environment(of key: String) -> LuaTable? { environments[key] }

    /// The key of the remote whose code calls.
    func remote(calling caller: LuaCaller) -> String? {
        environments.first { caller.runs(in: LuaEnvironmentID($0.value)) == true }?.key
    }

    /// Notes the environment of a remote whose entry is about to run.
    func keep(_ environment: LuaTable, of key: String) { environments[key] = environment }

    /// Puts the environment in place again that a new version would have replaced.
    func restore(_ environment: LuaTable?, of key: String) { environments[key] = environment }

    /// Forgets a remote's environment.
    func remove(_ key: String) { environments[key] = nil }

    func removeAll() {
        environments = [:]
        modules = []
        library = nil
    }

    /// An environment whose `require` asks `searcher` after `package.preload`.
    ///
    /// - Parameters:
    ///   - advice: What is to be done when a module is not found.
    ///   - note: Hears of each file that `require` reads on its `path`.
    func makeEnvironment(
        searcher: LuaCallable?, path: String, advice: String? = nil, note: (@Sendable (String) -> Void)? = nil
    ) throws -> LuaTable {
        let environment = try state.makeEnvironment(over: base)
        _ = try state.call(
            prepare,
            [
                .table(environment), searcher.map { .callable($0) } ?? .nil, .string(path),
                note.map { note in
                    .callable(
                        LuaCallable("note") { call in
                            note(try call.string(0))
                            return []
                        })
                } ?? .nil,
            ])
        try state.installRequire(in: environment, advice: advice)
        for module in modules { try offer(module.name, module.value, in: environment) }
        return environment
    }

    // MARK: - The library of an environment

    /// Gives a remote's environment its own `mf`: what the remote's code spawns belongs to its generation.
    func giveLibrary(to environment: LuaTable, owner: Lifetime) throws {
        var functions = remoteFunctions(owner)
        functions.append("spawn", .callable(tasks.spawn { owner }))
        try giveLibrary(functions, to: environment)
    }

    /// Gives an environment its own `mf`: some functions that go before those of the library, which it reads through to.
    func giveLibrary(_ functions: LuaRecord, to environment: LuaTable) throws {
        guard case .table(let package) = try environment.get("package"),
            case .table(let loaded) = try package.get("loaded"), case .table(let library) = try loaded.get("mf")
        else { return }
        if self.library == nil {
            self.library = try state.call(sharedLibrary, [.table(library)]).first?.tableValue
        }
        let own = try state.makeTable(.record(functions))
        let shared = self.library.map { LuaValue.table($0) } ?? .nil
        try own.setMetatable(try state.makeTable(.record(LuaRecord([("__index", shared)]))))
        try loaded.set("mf", .table(own))
    }

    // MARK: - What tenants are given

    /// The modules that were registered from Swift, for tenants.
    var provided: TenantModules {
        { [weak self] name in self?.module(provided: name).map { .value($0) } }
    }

    /// The same for code that cannot wait.
    var providedAtOnce: @Sendable (String) -> TenantModuleAtOnce {
        { [weak self] name in self?.module(provided: name).map { .found(.value($0)) } ?? .absent }
    }
}
