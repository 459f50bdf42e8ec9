import Diagnostics
import EventLoops
import LuaBridge

/// The `mf` of a tenant: what it computes with is made here, what reaches out is a function of the host.
struct TenantLibrary {
    let options: TenantOptions
    /// Functions of the host that the tenant may call, by name: `fetch`, `loadShare`, `print` …
    let imports: [(String, TenantImport)]

    /// Gives a state `mf`, `require` and `print`.
    func install(in instance: InProcessSandbox) throws {
        let state = instance.state
        let tasks = instance.tasks
        var record = LuaRecord([
            ("version", .string(LibraryInfo.version)), ("null", .null),
            ("env", .record(LuaRecord(options.env.map { ($0.key, .string($0.value)) }))),
            ("json", .record(JSONLibrary.record)),
            ("sleep", .callable(tasks.sleep)), ("spawn", .callable(tasks.spawn())), ("all", .callable(tasks.all)),
        ])
        var logs = LuaRecord()
        for (name, function) in imports where name != "print" {
            if name.hasPrefix("log.") {
                logs.append(String(name.dropFirst(4)), .callable(text(function, in: instance)))
            } else if name == "fetch" {
                record.append(name, .callable(tasks.counted(instance.waiting(function))))
            } else if name == "loadShare" {
                let loadShare = tasks.counted(sharing(function, in: instance))
                instance.verbs[name] = loadShare
                record.append(name, .callable(loadShare))
            } else if name == "store" {
                instance.storeImport = function
            } else if name == "loadRemote" {
                instance.verbs[name] = tasks.counted(instance.waiting(function))
            } else {
                record.append(name, .callable(instance.callable(function)))
            }
        }
        record.append("log", .record(logs))
        if let log = imports.first(where: { $0.0 == "log.error" })?.1 {
            tasks.report = { error in
                _ = try? log.body(
                    [.string("a task failed and nobody waited for it: \(MFError.text(of: error))")], false)
            }
        }
        guard case .table(let library) = try instance.readOnly(.record(record)) else { throw MFError.stateGone() }
        let globals = state.globals
        if let print = imports.first(where: { $0.0 == "print" }) {
            try globals.rawSet("print", .callable(text(print.1, in: instance)))
        }
        try globals.rawSet("require", .callable(require(library)))
        try TenantLacks.install(in: state, library: library)
    }

    /// `require` of a tenant: `mf` and the libraries that are there.
    private func require(_ library: LuaTable) -> LuaCallable {
        let known: Set<String> = ["string", "table", "math", "utf8", "coroutine", "os", "debug"]
        return LuaCallable("require") { call in
            let name = try call.string(0)
            if name == "mf" {
                // A chunk's own `mf`: what it spawns belongs to it, and its store is its plugin's.
                guard case .function = call[1] else { return [.table(library)] }
                let own = try call.state.makeTable(.record(LuaRecord([("spawn", call[1]), ("store", call[2])])))
                try own.setMetatable(try call.state.makeTable(.record(LuaRecord([("__index", .table(library))]))))
                return [.table(try call.state.readOnly(own))]
            }
            if call[1].isTruthy { return [.boolean(known.contains(name))] }
            if known.contains(name) { return [try call.state.globals.rawGet(name)] }
            throw MFError.tenantModuleMissing(name)
        }
    }

    /// `mf.loadShare`: a factory of a read-only copy, or false.
    private func sharing(_ function: TenantImport, in instance: InProcessSandbox) -> LuaCallable {
        LuaCallable(async: "loadShare") { [weak instance] call in
            guard let instance else { throw MFError.stateGone() }
            let module = try await function.body([.string(try call.string(0))], true).finish().first ?? .nil
            guard !module.isNil else { return [.boolean(false)] }
            let copy = try instance.readOnly(try instance.enter(module))
            return [.callable(LuaCallable("factory") { _ in [copy] })]
        }
    }

    /// A function that gets its arguments as one text.
    private func text(_ function: TenantImport, in instance: InProcessSandbox) -> LuaCallable {
        LuaCallable(function.name) { call in
            var text = ""
            for argument in call.arguments {
                if !text.isEmpty { text += "\t" }
                text += argument.shortText ?? call.state.toString(argument)
                if text.utf8.count > 64 << 10 || call.state.isOverLimit { break }
            }
            _ = try function.body([.string(text)], false)
            return []
        }
    }
}

extension LuaValue {
    fileprivate var shortText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .nil: "nil"
        default: nil
        }
    }
}

extension MFError {
    static func tenantModuleMissing(_ name: String) -> MFError {
        MFError(
            .moduleNotFound, "module `\(name)` is not available to a tenant", context: [("module", name)],
            hint: "a tenant can require `mf`; it gets shared modules with `mf.loadShare`")
    }
}
