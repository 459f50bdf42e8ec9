import Diagnostics
import LuaBridge

/// What Lua code may look for and a tenant does not have: calling it says so, and what grants it.
enum TenantLacks {
    /// Functions of a host's `mf` that no tenant has, or that this one was not granted: the names of all of them, as a test compares.
    static let ofMF: Set<String> = [
        "addGlobalSnapshot", "after", "all", "at", "connect", "createInstance", "emit", "every", "exec", "fetch",
        "getGlobalSnapshot", "getInstance",
        "globalShareScopes", "hash", "init", "initOptions", "initRawContainer", "initShareScopeMap",
        "initializeSharing",
        "instances", "live", "loadRemote", "loadShare", "loadShareSync", "now", "on", "onShutdown", "preloadRemote",
        "process", "ready",
        "registerGlobalPlugins",
        "registerPlugins", "registerRemotes", "registerShared", "reload", "removePlugins", "removeRemotes", "response",
        "secret", "serve",
        "revalidate", "sleep", "spawn", "store", "tenantStats", "time", "type", "watch",
    ]
    /// Tables of functions of a host's `mf` that no tenant has.
    static let namespaces: [String: Set<String>] = [
        "base64": ["decode", "encode"],
        "metrics": ["counter", "gauge", "handler", "histogram"],
        "fs": ["list", "mkdir", "read", "remove", "stat", "tail", "write"],
    ]
    /// Globals and fields that are nil, also where a program only asks whether they are there, and what they are called.
    private static let absent: [String: String] = {
        let globals = ["io", "package", "dofile", "loadfile"].map { ($0, $0) }
        let ofOS = ["execute", "getenv", "setlocale", "tmpname"].map { ($0, "os.\($0)") }
        let ofDebug = [
            "getinfo", "getlocal", "getregistry", "gethook", "getupvalue", "getuservalue", "sethook", "setlocal",
            "setupvalue", "upvalueid", "upvaluejoin",
        ].map { ($0, "debug.\($0)") }
        return Dictionary(uniqueKeysWithValues: globals + ofOS + ofDebug + [("dump", "string.dump")])
    }()

    /// Gives the tenant's `mf` functions for what it lacks, made when they are asked for.
    ///
    /// - Parameter library: The read-only face of `mf`.
    static func install(in state: LuaState, library: LuaTable) throws {
        guard case .table(let real)? = try library.metatable()?.rawGet("__index") else { return }
        let index = LuaCallable("index") { call in
            guard case .string(let name) = call[1] else { return [.nil] }
            if let functions = namespaces[name] {
                let refusals = functions.sorted().map { function in
                    let path = "mf.\(name).\(function)"
                    return (
                        function,
                        LuaValue.callable(LuaCallable(function) { _ in throw MFError.notAvailableToTenants(path) })
                    )
                }
                return [.table(try call.state.readOnly(try call.state.makeTable(.record(LuaRecord(refusals)))))]
            }
            guard ofMF.contains(name) else { return [.nil] }
            return [.callable(LuaCallable(name) { _ in throw MFError.notAvailableToTenants("mf.\(name)") })]
        }
        try real.setMetatable(try state.makeTable(["__index": .callable(index)]))
    }

    /// The error of code that used what is absent as if it was there; nil for other errors.
    static func error(for error: MFError) -> MFError? {
        guard error.code == .luaRuntime, let start = error.message.firstRange(of: "attempt to "),
            let place = error.message.firstRange(of: "a nil value ("), place.lowerBound > start.lowerBound
        else { return nil }
        let described = error.message[place.upperBound...].dropLast(1).split(separator: " ")
        guard described.count == 2, ["global", "field", "method"].contains(described[0]) else { return nil }
        guard let name = absent[String(described[1].dropFirst().dropLast())],
            (described[0] == "global") != name.contains(".")
        else { return nil }
        let lack = MFError.notAvailableToTenants(name)
        return MFError(
            lack.code, error.message[..<start.lowerBound] + lack.message,
            context: lack.context.map { ($0.key, Optional($0.value)) }, hint: lack.hint, traceback: error.traceback)
    }
}

extension MFError {
    /// - Parameter name: As the code calls it, such as `mf.fetch`.
    static func notAvailableToTenants(_ name: String) -> MFError {
        let hint =
            switch name {
            case "mf.fetch": "list the hosts it can contact in the tenant's `net`"
            case "mf.loadRemote", "mf.preloadRemote":
                "a plugin loads the tenant's own remotes by `args.origin:loadRemote`"
            case "mf.exec", "mf.process":
                "a tenant runs no programs: let a plugin of the host run it and pass on the result"
            case "mf.every", "mf.after", "mf.at": "a tenant waits with `mf.sleep` in a task of `mf.spawn`"
            case "mf.store": "the plugins of a tenant have a store each; the code of its remotes has none"
            case "mf.connect":
                "a tenant has HTTP alone, by `mf.fetch` and its `net`; a plugin of the host can connect for it"
            case "mf.on", "mf.onShutdown", "mf.serve", "mf.watch":
                "a plugin of the host does it and passes on what it learns"
            case _ where name.hasPrefix("mf.fs."):
                "a tenant has no file access: pass it the data it needs, or share a module through the tenant's `shared`"
            case "mf.loadShareSync": "use `mf.loadShare`, of packages that the tenant's `shared` lists"
            case "os.getenv": "list variables in the tenant's `env`, and read them from `mf.env`"
            case "io", "dofile", "loadfile", "os.tmpname":
                "a tenant has no file access: pass it the data it needs, or share a module through the tenant's `shared`"
            case "package": "`require` finds `mf` and the modules of the tenant's own remote"
            case _ where name.hasPrefix("debug."): "a tenant only has `debug.traceback` of `debug`"
            default: "`mflua explain LIMIT-009` lists what a tenant can use"
            }
        return MFError(
            .capabilityMissing, "`\(name)` is not available to a tenant", context: [("name", name)], hint: hint)
    }
}
