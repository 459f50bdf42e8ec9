import Diagnostics
import EventLoops
import LuaBridge

/// A tenant's life in a Lua state of its own.
final class InProcessSandbox: Sandbox, @unchecked Sendable {
    // Called by its tenant alone, next to calls of `state`, which check the thread; the libraries it gives are called by `state`.
    let identity = TenantIdentity()
    let state: LuaState
    let tasks: TaskRunner
    /// What the code of each chunk has begun, by the chunk's number.
    private var owners: [Int64: Lifetime] = [:]
    var onViolation: () -> Void = {}
    /// What a host's view lets the tenant do, by name.
    var verbs: [String: LuaCallable] = [:]
    /// The host's function through which plugins use their stores.
    var storeImport: TenantImport?
    /// How much a store may take: what is larger does not cross the border.
    let storeQuota: Int
    private let base: LuaTable
    private var lastModule: Int64 = 0
    private var prepare: LuaFunction?
    private var views: [ObjectIdentifier: WeakView] = [:]
    private var lastUsage = TenantUsage()
    @exclusivity(unchecked)
    private var lastViolation: MFError?

    private struct WeakView { weak var view: TenantView? }

    /// Makes a state with the tenant's libraries and its `mf`.
    init(loop: EventLoop, options: TenantOptions, imports: [(String, TenantImport)]) throws {
        var limits = LuaLimits(memory: options.memory, cpu: options.cpu, message: options.message)
        limits.wall = options.wall
        state = try LuaState(loop: loop, configuration: .tenant(limits))
        base = state.globals
        storeQuota = options.store
        tasks = TaskRunner(loop: loop, limit: options.tasks) { [unowned state] place in
            state.terminateForTasks(startedAt: place)
        }
        try TenantLibrary(options: options, imports: imports).install(in: self)
        tasks.onViolation = { [weak self] in self?.onViolation() }
    }

    deinit {
        // Lua holds functions of Swift that hold the state: without this it would never go.
        state.loop.runOnLoop { [state, tasks] in
            tasks.cancelAll()
            state.close()
        }
    }

    var violation: MFError? {
        if lastViolation == nil { lastViolation = state.violation }
        return lastViolation
    }

    var isTerminated: Bool { lastViolation != nil || state.isTerminated }

    var usage: TenantUsage {
        if !state.isClosed {
            lastUsage = TenantUsage(
                memory: state.memoryInUse, peakMemory: state.peakMemoryInUse, cpu: state.cpuTime)
        }
        return lastUsage
    }

    func run(
        _ source: [UInt8], name: String, modules: TenantImport?, owner: Int64, _ arguments: [LuaValue], canWait: Bool
    ) throws -> CallOutcome {
        let scope = owners[owner] ?? Lifetime()
        owners[owner] = scope
        let environment = try state.makeEnvironment(over: base)
        if prepare == nil { prepare = try state.load(Self.preparation, name: "=tenant") }
        let find = modules.map { LuaValue.callable(callable($0)) } ?? .nil
        let package = try state.makeTable(.record([:]))
        if let prepare {
            _ = try state.call(
                prepare,
                [
                    .table(environment), .table(package), find, .callable(tasks.spawn { scope }),
                    .callable(store(of: owner)),
                ])
        }
        try state.installRequire(
            in: environment, package: package, numbering: { [weak self] in self?.numberModule() ?? 0 },
            observer: { [weak tasks] in tasks?.workerWaits })
        let chunk = try state.load(source, name: name, environment: environment)
        return try call(chunk, arguments, canWait: canWait)
    }

    /// Has `load` compile into the globals of the chunk that calls it, and `require` find the chunk's own modules.
    private static let preparation = """
        local environment, package, find, spawn, store = ...
        local load, select, library, error = load, select, require, error
        local function missing(name) return library(name) end
        package.loaded = {}
        package.searchers = { function(name)
          if name == "mf" then return function() return library(name, spawn, store) end end
          if not find or library(name, true) then return missing end
          local source, url, value = find(name)
          if not source then
            if value == nil then return missing end
            return function() return value end
          end
          local chunk, message = load(source, "@" .. url, "t", environment)
          if not chunk then error(message, 0) end
          return chunk, url
        end }
        environment.load = function(chunk, name, mode, ...)
          if select("#", ...) > 0 then return load(chunk, name, mode, (...)) end
          return load(chunk, name, mode, environment)
        end
        """

    /// Numbers modules that are being loaded, apart from the tasks.
    private func numberModule() -> Int64 {
        lastModule += 1
        return MirroredWaits.firstModule - lastModule
    }

    func start(_ function: TenantExport, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome {
        guard let function = function.function, function.state === state else { throw MFError.stateGone() }
        return try call(function, arguments, canWait: canWait)
    }

    private func call(_ function: LuaFunction, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome {
        let arguments = try enter(arguments)
        if canWait { return try state.start(function, arguments, sliceable: true).map { try $0.map(self.leave) } }
        return .done(try state.call(function, arguments).map(leave))
    }

    func emit(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue]) throws
        -> LuaEmission.Result
    {
        let entered = try enter(values)
        let result = try state.emit(kind, try list(listener), .values(shape, entered), keep: false)
        return try leave(result, values, entered)
    }

    func startEmission(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue])
        throws -> TenantEmission
    {
        let entered = try enter(values)
        switch try state.startEmission(kind, try list(listener), .values(shape, entered), sliceable: true) {
        case .done(let result): return .done(try leave(result, values, entered))
        case .waiting(let pending): return .waiting { try self.leave(try await pending.finish(), values, entered) }
        }
    }

    private func list(_ listener: TenantExport) throws -> LuaListeners {
        if let known = listener.list { return known }
        guard let function = listener.function, function.state === state else { throw MFError.stateGone() }
        let list = try LuaListeners(state: state, functions: [function])
        listener.list = list
        return list
    }

    private func leave(_ result: LuaEmission.Result, _ values: [LuaValue], _ entered: [LuaValue]) throws
        -> LuaEmission.Result
    {
        var result = result
        result.data = nil
        result.outcome = result.outcomeIsData ? .nil : try leave(result.outcome)
        guard result.hasChanges else {
            result.fields = values
            return result
        }
        for index in result.fields.indices {
            // What was not touched is what the host gave.
            if index < entered.count, result.fields[index].isUntouched(entered[index]) {
                result.fields[index] = values[index]
            } else {
                result.fields[index] = try leave(result.fields[index])
            }
        }
        return result
    }

    func ready() async {}
    func expire() { state.terminateForWallTime() }

    func release(_ export: UInt64) {}

    func end(_ owner: Int64, isFinal: Bool) {
        guard let scope = owners[owner] else { return }
        if isFinal {
            owners[owner] = nil
            scope.close()
        } else {
            scope.retire()
        }
    }

    func close() {
        _ = usage
        _ = violation
        if !isTerminated { tasks.reportAllUnheard() }
        tasks.close()
        state.closeWithTasks()
    }
}

// MARK: - The border

extension InProcessSandbox {
    /// Values of the host as the tenant gets them.
    func enter(_ values: [LuaValue]) throws -> [LuaValue] {
        for value in values {
            switch value {
            case .object, .array, .record: return try values.map(enter)
            default: continue
            }
        }
        return values
    }

    /// A value of the host as the tenant gets it.
    func enter(_ value: LuaValue) throws -> LuaValue {
        switch value {
        case .object(let object): return .wrapped(object, self)
        case .array(let elements): return .array(try elements.map(enter))
        case .record(let record):
            return .record(LuaRecord(try record.entries.map { .init(key: $0.key, value: try enter($0.value)) }))
        default: return value
        }
    }

    /// A value of the tenant as the host gets it: tables are copied, functions become exports.
    func leave(_ value: LuaValue) throws -> LuaValue {
        switch value {
        case .table(let table): return try leave(try table.copied(depth: 64))
        case .function(let function): return .object(TenantExport(self, function))
        case .object(let object):
            if let view = object as? TenantView { return .object(view.object) }
            if object is WorkerView { return value }
            if object is LuaErrorObject { return value }
            if object is StoreView { throw MFError.cannotCross("mf.Store") }
            return try leave(try object.snapshot(depth: 8))
        case .array(let elements): return .array(try elements.map(leave))
        case .record(let record):
            return .record(LuaRecord(try record.entries.map { .init(key: $0.key, value: try leave($0.value)) }))
        case .userdata(let reference): throw MFError.cannotCross(reference.isCoroutine ? "coroutine" : "userdata")
        default: return value
        }
    }

    /// Tables that the tenant cannot change, made of a copy.
    func readOnly(_ value: LuaValue) throws -> LuaValue {
        switch value {
        case .array(let elements):
            return .table(try state.readOnly(try state.makeTable(.array(try elements.map(readOnly)))))
        case .record(let record):
            let entries = try record.entries.map { LuaRecord.Entry(key: $0.key, value: try readOnly($0.value)) }
            return .table(try state.readOnly(try state.makeTable(.record(LuaRecord(entries)))))
        default: return value
        }
    }

    /// A field of a host's object as a tenant sees it.
    func visible(_ value: LuaValue) throws -> LuaValue {
        switch value {
        case .object, .array, .record: return try enter(try value.withoutFunctions())
        case .string(let text): return .string(publicAddress(text))
        case .table, .function, .callable, .userdata: return .nil
        default: return value
        }
    }

    /// The Lua function for a function of the host.
    func callable(_ function: TenantImport) -> LuaCallable {
        LuaCallable(starting: function.name) { [weak self] call in
            guard let self else { throw MFError.stateGone() }
            let arguments = try call.arguments.map(leave)
            do {
                switch try function.body(arguments, call.state.canWait) {
                case .done(let values): return .done(try values.map(enter))
                case .waiting(let pending):
                    return .waiting(
                        TenantPending {
                            do { return try await pending.finish().map(self.enter) } catch {
                                throw Self.visible(error)
                            }
                        })
                }
            } catch { throw Self.visible(error) }
        }
    }

    /// The Lua function for a function of the host that is called where there can be waiting.
    func waiting(_ function: TenantImport) -> LuaCallable {
        LuaCallable(async: function.name) { [weak self] call in
            guard let self else { throw MFError.stateGone() }
            let arguments = try call.arguments.map(leave)
            do { return try await function.body(arguments, true).finish().map(enter) } catch {
                throw Self.visible(error)
            }
        }
    }

    /// An error of the host's as the tenant sees it: plain values that a script raised are what they are.
    static func visible(_ error: any Error) -> any Error {
        guard let error = error as? MFError else { return error }
        if let thrown = error.thrown as? LuaValue, thrown.isPlain { return error }
        return error.withoutInsides()
    }

    fileprivate func view(of object: any LuaObject) -> TenantView {
        if let known = views[ObjectIdentifier(object)]?.view { return known }
        let isHost = object.tenantTypeName == TenantFields.host
        let view = isHost ? TenantHostView(object, in: self) : TenantView(object, in: self)
        views[ObjectIdentifier(object)] = WeakView(view: view)
        return view
    }

    func forget(_ object: any LuaObject) { views[ObjectIdentifier(object)] = nil }
}

extension LuaValue {
    /// Whether the value came back as it went in; false where that takes long to find out.
    fileprivate func isUntouched(_ other: LuaValue) -> Bool {
        switch (self, other) {
        case (.nil, .nil): true
        case (.string(let a), .string(let b)): a == b
        case (.object(let a), .object(let b)): a === b
        case (.integer(let a), .integer(let b)): a == b
        case (.boolean(let a), .boolean(let b)): a == b
        case (.callable, .callable): self == other
        default: false
        }
    }

    fileprivate static func wrapped(_ object: any LuaObject, _ instance: InProcessSandbox) -> LuaValue {
        if let function = object as? TenantImport { return .callable(instance.callable(function)) }
        if let export = object as? TenantExport, export.identity === instance.identity, let function = export.function {
            return .function(function)
        }
        if let error = object as? LuaErrorObject { return .object(LuaErrorObject(error.error.withoutInsides())) }
        if let view = object as? TenantView { return .object(view) }
        return .object(instance.view(of: object))
    }

    /// The same tree without what can be called or refers to a state.
    fileprivate func withoutFunctions() throws -> LuaValue {
        switch self {
        case .array(let elements): return .array(try elements.map { try $0.withoutFunctions() })
        case .record(let record):
            return .record(
                LuaRecord(try record.entries.map { .init(key: $0.key, value: try $0.value.withoutFunctions()) }))
        case .table, .function, .callable, .userdata: return .nil
        case .object(let object) where object is TenantImport: return .nil
        default: return self
        }
    }
}

extension LuaObject {
    /// The data of an object as a record.
    func snapshot(depth: Int) throws -> LuaValue {
        guard depth > 0 else { return .nil }
        var entries: [LuaRecord.Entry] = []
        for key in luaKeys {
            var value = try luaGet(key)
            switch value {
            case .object(let object) where !(object is LuaErrorObject): value = try object.snapshot(depth: depth - 1)
            case .function, .callable, .userdata, .table: continue
            default: break
            }
            switch key {
            case .string(let name): entries.append(.init(key: .string(name), value: value))
            case .integer(let index): entries.append(.init(key: .integer(index), value: value))
            case .other: continue
            }
        }
        return .record(LuaRecord(entries))
    }
}
