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
                record.append(name, .callable(tasks.counted(instance.waiting(function))))
            } else if name == "loadShare" {
                let loadShare = tasks.counted(sharing(function, in: instance))
                instance.verbs[name] = loadShare
                record.append(name, .callable(loadShare))
            } else if name == "loadRemote" {
                instance.verbs[name] = tasks.counted(instance.waiting(function))
            } else {
                record.append(name, .callable(instance.callable(function)))
            }
        }
        record.append("log", .record(logs))
        guard case .table(let library) = try instance.readOnly(.record(record)) else { throw MFError.stateGone() }
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

    /// Is called when a spawned task finds the state over a limit.
    var onDoom: () -> Void = {}

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
            [.object(TenantTask(try start(try call.function(0), Array(call.arguments.dropFirst()))))]
        }
    }

    private func start(_ function: LuaFunction, _ arguments: [LuaValue]) throws -> Spawned {
        let state = function.state
        let payer = try state.accountOfCall()
        try begin()
        lastNumber += 1
        let number = lastNumber
        let holding = HeldResults(state)
        let task = loop.start { [self] in
            defer {
                alive -= 1
                spawned[number] = nil
                if state.isDoomed { onDoom() }
            }
            // One task after another: a tenant that spawns many has no more turns than others.
            if loop.hasTurnsWaiting(state) { await loop.giveWay(state) }
            try Task.checkCancellation()
            let results = try await state.start(function, arguments, sliceable: true, payer: payer).finish()
            holding.hold(results)
            return results
        }
        spawned[number] = task
        return Spawned(task: task, holding: holding)
    }

    /// Ends what was spawned.
    func cancelAll() {
        for task in spawned.values { task.cancel() }
    }

    var all: LuaCallable {
        LuaCallable(async: "all") { [self] call in
            let functions = try call.table(0).pairs().compactMap { $0.1.functionValue }
            var all: [Spawned] = []
            defer { for spawned in all { spawned.task.cancel() } }
            for function in functions { all.append(try start(function, [])) }
            var results: [LuaValue] = []
            for spawned in all { results.append(try await spawned.task.value.first ?? .nil) }
            return [.array(results)]
        }
    }
}

/// A task that has begun, and what its results take.
private struct Spawned {
    let task: Task<LuaValues, any Error>
    let holding: HeldResults
}

/// Results that Swift keeps for a tenant, which its memory limit counts for as long as they are kept.
private final class HeldResults: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    // The exception is `deinit`, which sends what it has to do to the loop.
    private let state: LuaState
    private var bytes = 0

    init(_ state: LuaState) { self.state = state }

    func hold(_ values: LuaValues) {
        bytes = values.reduce(0) { $0 + $1.heldBytes }
        state.charge(bytes)
    }

    deinit {
        if bytes > 0 { state.loop.runOnLoop { [state, bytes] in state.charge(-bytes) } }
    }
}

extension LuaValue {
    /// About what a value takes outside of Lua.
    fileprivate var heldBytes: Int {
        switch self {
        case .string(let text): text.utf8.count + 32
        case .bytes(let bytes): bytes.count + 32
        case .array(let elements): elements.reduce(32) { $0 + $1.heldBytes }
        case .record(let record): record.entries.reduce(32) { $0 + $1.key.heldBytes + $1.value.heldBytes }
        default: 32
        }
    }
}

/// What `mf.spawn` gives a tenant.
final class TenantTask: LuaObject {
    private let spawned: Spawned
    private var task: Task<LuaValues, any Error> { spawned.task }

    fileprivate init(_ spawned: Spawned) { self.spawned = spawned }

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
