import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import LuaLibrary

/// The environments (`_ENV`) that plugins and remotes run in: globals of their own over read-only libraries.
final class EnvironmentStore: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private unowned var runtime: Runtime!
    private var prepare: LuaFunction!
    private var base: LuaTable!
    private var provided: [(name: String, value: LuaValue)] = []
    private var environments: [String: LuaTable] = [:]
    /// Where relative paths of plugins are looked up first.
    var scriptFolder = "."

    /// Builds what all environments share.
    func start(_ runtime: Runtime) throws {
        self.runtime = runtime
        let state = runtime.state
        let readOnly = LuaCallable("readOnly") { call in [.table(try call.state.readOnly(try call.table(0)))] }
        let chunk = try state.load(LuaLibrary.source(of: "mf/environment.lua"), name: "@mf/environment.lua")
        let parts = try state.call(chunk, [.table(state.globals), .callable(readOnly)])
        guard parts.count == 2, case .table(let base) = parts[0], case .function(let prepare) = parts[1] else {
            throw MFError(.luaRuntime, "lua/mf/environment.lua did not return a table and a function")
        }
        // An environment's own metatable leads here: nobody is to change it for the others.
        (self.base, self.prepare) = (try state.readOnly(base), prepare)
    }

    /// Makes a module known to all environments, those that are there already included.
    func provide(_ name: String, _ value: LuaValue) throws {
        let table =
            try value.luaTypeName == "table" && value.tableValue == nil
            ? .table(runtime.state.makeTable(value)) : value
        provided.removeAll { $0.name == name }
        provided.append((name, table))
        try offer(name, table, in: runtime.state.globals)
        for environment in environments.values { try offer(name, table, in: environment) }
    }

    /// A module that was registered from Swift.
    func module(provided name: String) -> LuaValue? { provided.first { $0.name == name }?.value }

    private func offer(_ name: String, _ value: LuaValue, in environment: LuaTable) throws {
        guard case .table(let package) = try environment.get("package"),
            case .table(let loaded) = try package.get("loaded")
        else { return }
        try loaded.set(name, value)
    }

    /// A remote's environment.
    func environment(of key: String) -> LuaTable? { environments[key] }

    /// Puts the environment in place again that a new version would have replaced.
    func restore(_ environment: LuaTable?, of key: String) { environments[key] = environment }

    /// Forgets a remote's environment.
    func remove(_ key: String) { environments[key] = nil }

    func removeAll() {
        environments = [:]
        provided = []
    }

    /// An environment whose `require` asks `searcher` after `package.preload`.
    ///
    /// - Parameters:
    ///   - advice: What is to be done when a module is not found.
    ///   - note: Hears of each file that `require` reads on its `path`.
    func makeEnvironment(
        searcher: LuaCallable?, path: String, advice: String? = nil, note: (@Sendable (String) -> Void)? = nil
    ) throws -> LuaTable {
        let state = runtime.state
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
        for module in provided { try offer(module.name, module.value, in: environment) }
        return environment
    }
}

// MARK: - Remotes

extension EnvironmentStore {
    /// Compiles and runs a remote's entry in an environment of its own; returns what it returned.
    ///
    /// - Parameters:
    ///   - snapshot: The remote's version, where that is not the one that is current.
    ///   - lifetime: What the remote's code spawns belongs to it.
    func runEntry(
        _ source: [UInt8], name: String, remote: ResolvedRemote, snapshot: Snapshot?, host: Host, lifetime: Lifetime
    ) async throws -> LuaValue {
        let modules = RemoteFiles(host: host, remote: remote, entry: name, snapshot: snapshot)
        let environment = try makeEnvironment(searcher: modules.searcher, path: "", advice: modules.advice)
        try PluginLibrary.install(in: environment, forRemote: lifetime, runtime)
        modules.environment = environment
        environments[remote.entryKey] = environment
        let chunk: LuaFunction
        do {
            chunk = try runtime.state.load(source, name: "@" + redacted(name), environment: environment)
        } catch let error as MFError where error.code == .luaSyntax {
            guard let language = foreignLanguage(source, url: name) else { throw error }
            throw MFError.entryNotLua(name, found: language, cause: error)
        }
        return try await runtime.call(.function(chunk), [])
    }

    /// What a text that does not compile as Lua seems to be.
    private func foreignLanguage(_ source: [UInt8], url: String) -> String? {
        let start = source.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        if start.first == UInt8(ascii: "<") { return "HTML or XML" }
        let head = String(decoding: source.prefix(4_096), as: UTF8.self)
        let signs = [
            "\"use strict\"", "'use strict'", "/*", "//", "(()=>", "(function(", "var ", "const ", "let ", "import ",
            "export ",
            "!function",
        ]
        let trimmed = head.drop { $0.isWhitespace }
        let path = url.prefix { $0 != "?" && $0 != "#" }
        let isNamedSo = [".js", ".mjs", ".cjs"].contains(where: path.hasSuffix)
        return isNamedSo || signs.contains(where: trimmed.hasPrefix) ? "JavaScript" : nil
    }
}

extension MFError {
    /// An entry that is plainly something else than Lua.
    static func entryNotLua(_ url: String, found: String, cause: MFError) -> MFError {
        MFError(
            .luaSyntax, "`\(redacted(url))` is \(found), not Lua", context: [("entry", redacted(url))],
            hint:
                "the remote was built for another runtime: point `entry` at a manifest whose `remoteEntry` is a Lua file",
            cause: cause)
    }
}
