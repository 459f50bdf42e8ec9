import Diagnostics
import EventLoop
import LuaBridge

/// The `mf` of a tenant: what it computes with is made here, what reaches out is a function of the host.
struct TenantLibrary {
    let options: TenantOptions
    /// Functions of the host that the tenant may call, by name: `fetch`, `loadShare`, `print` …
    let imports: [(String, TenantImport)]

    /// Gives a state `mf`, `require` and `print`.
    func install(in instance: StateInstance) throws {
        let state = instance.state
        let tasks = instance.tasks
        var record = LuaRecord([
            ("version", .string(MFLibrary.version)), ("null", .null),
            ("env", .record(LuaRecord(options.env.map { ($0.key, .string($0.value)) }))),
            ("json", .record(JSONLibrary.record)),
            ("sleep", .callable(tasks.sleep)), ("spawn", .callable(tasks.spawn)), ("all", .callable(tasks.all)),
        ])
        var logs = LuaRecord()
        for (name, function) in imports where name != "print" {
            if name.hasPrefix("log.") {
                logs.append(String(name.dropFirst(4)), .callable(text(function, in: instance)))
            } else if name == "fetch" {
                record.append(name, .callable(tasks.counted(instance.callable(function))))
            } else if name == "loadShare" {
                record.append(name, .callable(tasks.counted(sharing(function, in: instance))))
            } else {
                record.append(name, .callable(instance.callable(function)))
            }
        }
        record.append("log", .record(logs))
        let library = try state.readOnly(try state.makeTable(.record(record)))
        let globals = state.globals
        if let print = imports.first(where: { $0.0 == "print" }) {
            try globals.rawSet("print", .callable(text(print.1, in: instance)))
        }
        try globals.rawSet("require", .callable(require(library)))
    }

    /// `require` of a tenant: `mf` and the libraries that are there.
    private func require(_ library: LuaTable) -> LuaCallable {
        let known: Set<String> = ["string", "table", "math", "utf8", "coroutine", "os"]
        return LuaCallable("require") { call in
            let name = try call.string(0)
            if call[1].isTruthy { return [.boolean(name == "mf" || known.contains(name))] }
            if name == "mf" { return [.table(library)] }
            if known.contains(name) { return [try call.state.globals.rawGet(name)] }
            throw MFError.tenantModuleMissing(name)
        }
    }

    /// `mf.loadShare`: a factory of a read-only copy, or false.
    private func sharing(_ function: TenantImport, in instance: StateInstance) -> LuaCallable {
        LuaCallable(async: "loadShare") { [weak instance] call in
            guard let instance else { throw MFError.stateGone() }
            let module = try await function.body([.string(try call.string(0))], true).finish().first ?? .nil
            guard !module.isNil else { return [.boolean(false)] }
            let copy = try instance.readOnly(try instance.enter(module))
            return [.callable(LuaCallable("factory") { _ in [copy] })]
        }
    }

    /// A function that gets its arguments as one text.
    private func text(_ function: TenantImport, in instance: StateInstance) -> LuaCallable {
        LuaCallable(function.name) { call in
            var text = ""
            for argument in call.arguments {
                if !text.isEmpty { text += "\t" }
                text += argument.shortText ?? call.state.toString(argument)
                if text.utf8.count > 64 << 10 { break }
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
        case .table: "table"
        case .function: "function"
        default: nil
        }
    }
}

extension MFError {
    static func tenantModuleMissing(_ name: String) -> MFError {
        MFError(
            .moduleNotFound, "module `\(name)` is not available to a tenant", context: [("module", name)],
            hint: "a tenant has `mf`; what it shares with others it gets by `mf.loadShare`")
    }
}

/// What a tenant has under way beside its calls.
final class TenantTasks: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private let loop: EventLoop
    private let limit: Int
    private let onExcess: () -> Void
    private var alive = 0
    private var spawned: [UInt64: Task<LuaValues, any Error>] = [:]
    private var lastNumber: UInt64 = 0

    init(loop: EventLoop, limit: Int, onExcess: @escaping () -> Void) {
        (self.loop, self.limit, self.onExcess) = (loop, limit, onExcess)
    }

    private func begin() throws {
        guard alive < limit else {
            onExcess()
            throw MFError(.limitTasks, "\(limit) tasks are under way", hint: "wait for some before starting more")
        }
        alive += 1
    }

    private func counting<T>(_ body: () async throws -> T) async throws -> T {
        try begin()
        defer { alive -= 1 }
        return try await body()
    }

    var sleep: LuaCallable {
        LuaCallable(async: "sleep") { [self] call in
            let milliseconds = try call.number(0)
            guard milliseconds.isFinite, milliseconds >= 0 else { throw call.mismatch(0, "number of milliseconds") }
            try await counting { try await loop.sleep(for: .microseconds(Int64(min(milliseconds, 1e9) * 1000))) }
            return []
        }
    }

    /// A function of the host that counts as a task while it is under way.
    func counted(_ callable: LuaCallable) -> LuaCallable {
        LuaCallable(async: callable.name) { [self] call in
            try await counting { try await callable.start(call).finish() }
        }
    }

    var spawn: LuaCallable {
        LuaCallable("spawn") { [self] call in
            return [.object(TenantTask(try start(try call.function(0), Array(call.arguments.dropFirst()))))]
        }
    }

    private func start(_ function: LuaFunction, _ arguments: [LuaValue]) throws -> Task<LuaValues, any Error> {
        try begin()
        lastNumber += 1
        let number = lastNumber
        let task = loop.start { [self] in
            defer {
                alive -= 1
                spawned[number] = nil
            }
            return try await function.state.start(function, arguments, sliceable: true).finish()
        }
        spawned[number] = task
        return task
    }

    /// Ends what was spawned.
    func cancelAll() {
        for task in spawned.values { task.cancel() }
    }

    var all: LuaCallable {
        LuaCallable(async: "all") { [self] call in
            let functions = try call.table(0).pairs().compactMap { $0.1.functionValue }
            var tasks: [Task<LuaValues, any Error>] = []
            defer { for task in tasks { task.cancel() } }
            for function in functions { tasks.append(try start(function, [])) }
            var results: [LuaValue] = []
            for task in tasks { results.append(try await task.value.first ?? .nil) }
            return [.array(results)]
        }
    }
}

/// What `mf.spawn` gives a tenant.
final class TenantTask: LuaObject {
    private let task: Task<LuaValues, any Error>

    init(_ task: Task<LuaValues, any Error>) { self.task = task }

    static let luaTypeName = "mf.Task"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
    static let luaMethods = [
        LuaCallable(async: "wait") { call in
            do {
                return try await call.object(0, as: TenantTask.self).task.value
            } catch is CancellationError {
                throw MFError.taskCancelled()
            }
        },
        LuaCallable("cancel") { call in
            try call.object(0, as: TenantTask.self).task.cancel()
            return []
        },
    ]
}
