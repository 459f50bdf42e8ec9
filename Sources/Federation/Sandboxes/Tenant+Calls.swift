import Diagnostics
import EventLoops
package import LuaBridge

/// Finds a module for a tenant's `require`; nil: there is none.
package typealias TenantModules = @Sendable (String) async throws -> TenantModule?

/// What is known at once of a module that a tenant's `require` asks for, where it cannot wait.
enum TenantModuleAtOnce: Sendable {
    case found(TenantModule)
    /// There is no such module.
    case absent
    /// It has to be asked for, which takes a while.
    case later
}

/// A module that a tenant's `require` found.
package enum TenantModule: Sendable {
    /// Its text, to be run in the tenant, and where it came from.
    case source([UInt8], url: String)
    /// A value of the host.
    case value(LuaValue)
}

private final class FoundModules: @unchecked Sendable {
    // Written and read in `finder`, by a function of the host that the tenant's instance calls on the loop of both.
    private(set) var values: [String: LuaValues] = [:]
    private var bytes = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Keeps what was found, absence too.
    ///
    /// - Throws: ``MFError`` with `LIMIT-003` when all that was found takes more than the limit.
    func keep(_ found: LuaValues, as name: String) throws {
        let size = found.reduce(128 + name.utf8.count) { $0 + $1.heldBytes }
        guard bytes + size <= limit else { throw MFError.foundTooMuch(limit: limit) }
        bytes += size
        values[name] = found
    }
}

extension MFError {
    fileprivate static func foundTooMuch(limit: Int) -> MFError {
        MFError(
            .limitMemory, "the modules that the tenant requires take more than \(limit) bytes",
            context: [("limit", "\(limit)")], hint: "require fewer, or raise the tenant's `memory` limit")
    }
}

extension Tenant {
    /// Runs a chunk in an environment of its own and returns its results. What it returns as functions can be called for
    /// as long as the tenant lives.
    ///
    /// - Parameter name: What messages call the chunk, `@file.lua` for a file.
    /// - Parameter modules: Finds what `require` asks for beyond the tenant's own library.
    /// - Parameter starter: The key of a function in the first result. Where the chunk is run again in a fresh instance, its
    ///   last call that succeeded is made again, too.
    /// - Throws: ``MFError``: `LIMIT-…` when it went over a limit, `LUA-…` when it failed by itself; the context has the
    ///   tenant's name.
    package func run(
        _ source: [UInt8], name: String, arguments: [LuaValue] = [], modules: TenantModules? = nil,
        starter: String? = nil
    ) async throws -> [LuaValue] {
        try await run(source, name: name, arguments: arguments, modules: modules, starter: starter, lifetime: nil)
    }

    /// Runs a chunk whose tasks belong to a lifetime.
    func run(
        _ source: [UInt8], name: String, arguments: [LuaValue] = [], modules: TenantModules?, starter: String?,
        atOnce: (@Sendable (String) -> TenantModuleAtOnce)? = nil, lifetime: Lifetime?
    ) async throws -> [LuaValue] {
        loop.checkOnLoop("Tenant")
        let origin = ReplayableCall(
            source, name: name, try arguments.map(imported), modules: modules.map { finder($0, atOnce: atOnce) },
            starter: starter,
            canWait: true, number: takeNumber(for: lifetime))
        return try exported(try await within { try origin.run(in: $0, canWait: true) }, origin)
    }

    /// The number of a chunk. What its code has spawned ends with a lifetime.
    func takeNumber(for lifetime: Lifetime?) -> Int64 {
        chunks += 1
        let number = chunks
        lifetime?.own(retiring: { [weak self] in self?.end(number, isFinal: false) }) { [weak self] in
            self?.stores[number] = nil
            self?.end(number, isFinal: true)
        }
        return number
    }

    private func end(_ number: Int64, isFinal: Bool) {
        if let instance, !instance.isTerminated { instance.end(number, isFinal: isFinal) }
    }

    /// Runs a chunk that does not wait.
    ///
    /// - Throws: ``MFError`` with a `LIMIT` code if the chunk exceeds a limit, otherwise what it raises.
    package func runNow(_ source: [UInt8], name: String, arguments: [LuaValue] = []) throws -> [LuaValue] {
        loop.checkOnLoop("Tenant")
        let origin = ReplayableCall(
            source, name: name, try arguments.map(imported), canWait: false, number: takeNumber(for: nil))
        return try exported(try atOnce { try origin.run(in: $0, canWait: false).finished(name) }, origin)
    }

    /// The function by which a tenant's `require` asks. What was found once is there at once when it is asked for again.
    func finder(
        _ modules: @escaping TenantModules, atOnce: (@Sendable (String) -> TenantModuleAtOnce)? = nil
    ) -> TenantImport {
        let found = FoundModules(limit: options.memory)
        return TenantImport("require") { [weak self] arguments, canWait in
            guard let self else { throw MFError.stateGone() }
            guard case .string(let name)? = arguments.first else {
                throw MFError.badArgument(1, of: "require", "string expected")
            }
            if let known = found.values[name] { return .done(known) }
            guard canWait else {
                switch atOnce?(name) ?? .later {
                case .found(let module): return .done(try self.values(of: module))
                case .absent: return .done([])
                case .later: throw MFError.tenantCannotWait("require")
                }
            }
            return .waiting(
                TenantPending {
                    let values = try await modules(name).map(self.values) ?? []
                    if found.values[name] == nil { try found.keep(values, as: name) }
                    return values
                })
        }
    }

    private func values(of module: TenantModule) throws -> LuaValues {
        switch module {
        case .source(let source, let url): [.of(source), .string(url)]
        case .value(let value): [.nil, .nil, try imported(value)]
        }
    }

    // MARK: - Ways in

    /// A call that ends at once.
    func atOnce<T>(_ body: (any Sandbox) throws -> T) throws -> T {
        let instance = try current()
        calls += 1
        do {
            let result = try body(instance)
            if instance.isTerminated, let violation = instance.violation { throw violation }
            return result
        } catch {
            throw failure(error, of: instance)
        }
    }

    /// A call that may wait, for as long as the tenant's `wall` limit says.
    func within(_ body: (any Sandbox) throws -> CallOutcome) async throws -> LuaValues {
        let instance = try current()
        calls += 1
        do {
            switch try body(instance) {
            case .done(let values):
                if instance.isTerminated, let violation = instance.violation { throw violation }
                return values
            case .waiting(let pending): return try await within(instance) { try await pending.finish() }
            }
        } catch {
            throw failure(error, of: instance)
        }
    }

    /// The rest of a hook, for as long as the tenant has time in this load. What is not done by then is dropped; the
    /// instance stays.
    func withinLoad<T: Sendable>(
        _ instance: any Sandbox, _ rest: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        guard let time = LoadTime.current else { return try await within(instance, rest) }
        await instance.ready()
        let left = options.wall - time.used(by: name)
        guard left > .zero else { throw LoadTime.Up() }
        let start = loop.now
        defer { time.add(start.duration(to: loop.now), to: name) }
        return try await within(instance, for: left < options.wall ? left : nil, rest)
    }

    /// Runs the part of a hook that does not wait, unless the tenant has had its time in this load.
    ///
    /// - Throws: ``LoadTime/Up`` then.
    func timed<T>(_ body: () throws -> T) throws -> T {
        guard let time = LoadTime.current else { return try body() }
        guard time.used(by: name) < options.wall else { throw LoadTime.Up() }
        let isCounted = isStarted
        let start = loop.now
        defer { if isCounted { time.add(start.duration(to: loop.now), to: name) } }
        return try body()
    }

    /// Whether it has an instance that needs no time to start.
    private var isStarted: Bool { instance.map { ($0 as? WorkerSandbox)?.isSetUp ?? true } ?? false }

    /// - Parameter time: After how long the call is dropped without ending the instance; nil: never.
    func within<T: Sendable>(
        _ instance: any Sandbox, for time: Duration? = nil,
        _ rest: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        await instance.ready()
        let race = TenantRace<T>(instance)
        races.append(race)
        defer { races.removeAll { $0 === race } }
        let task = loop.start {
            do { race.finish(.success(try await rest())) } catch { race.finish(.failure(error)) }
        }
        let timer = loop.schedule(after: time ?? options.wall) {
            if time != nil {
                race.finish(.failure(LoadTime.Up()))
                return task.cancel()
            }
            instance.expire()
            race.finish(.failure(instance.violation ?? MFError(.limitWall, "the call took too long")))
            task.cancel()
        }
        race.onEnd = { task.cancel() }
        defer { loop.cancel(timer) }
        return try await withTaskCancellationHandler {
            try await race.value()
        } onCancel: {
            task.cancel()
        }
    }

    /// A call of a function, from Lua or Swift.
    func start(_ function: TenantFunctionProxy, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome {
        let arguments = try arguments.map(imported)
        let instance = try current()
        calls += 1
        do {
            switch try function.start(in: instance, arguments, canWait: canWait) {
            case .done(let values):
                if instance.isTerminated, let violation = instance.violation { throw violation }
                function.hasAnswered(arguments)
                return .done(try exported(values, from: function, arguments, canWait: canWait))
            case .waiting(let pending):
                guard canWait else { throw MFError.tenantCannotWait(name) }
                return .waiting(
                    TenantPending { [self] in
                        do {
                            let values = try await within(instance) { try await pending.finish() }
                            function.hasAnswered(arguments)
                            return try exported(values, from: function, arguments, canWait: canWait)
                        } catch {
                            throw failure(error, of: instance)
                        }
                    })
            }
        } catch {
            throw failure(error, of: instance)
        }
    }
}

// MARK: - The host's side of the border

extension Tenant {
    /// Values of the host without references.
    func imported(_ values: [LuaValue]) throws -> [LuaValue] {
        values.allSatisfy(\.isImported) ? values : try values.map(imported)
    }

    /// A value of the host without references: tables copied, functions as imports, the host's objects as the tenant may
    /// see them.
    func imported(_ value: LuaValue) throws -> LuaValue {
        switch value {
        case .table(let table): return try imported(try table.copied(depth: 64))
        case .function(let function): return .object(importing(function))
        case .callable(let callable): return .object(importing(callable))
        case .array(let elements): return .array(try elements.map(imported))
        case .record(let record):
            return .record(LuaRecord(try record.entries.map { .init(key: $0.key, value: try imported($0.value)) }))
        case .userdata(let reference): throw MFError.cannotCross(reference.isCoroutine ? "coroutine" : "userdata")
        case .object(let object) where type(of: object).luaTypeName.hasPrefix("mf."):
            return .object(value.isImported ? object : services.show(object))
        default: return value
        }
    }

    private func importing(_ function: LuaFunction) -> TenantImport {
        TenantImport("function") { [weak self] arguments, canWait in
            guard let self else { throw MFError.stateGone() }
            let arguments = try arguments.map { try self.exported($0, nil) }
            guard canWait else { return .done(try function.state.call(function, arguments).map(imported)) }
            return try function.state.start(function, arguments, sliceable: false).map { try $0.map(self.imported) }
        }
    }

    private func importing(_ callable: LuaCallable) -> TenantImport {
        TenantImport(callable.name) { [weak self] arguments, canWait in
            guard let self else { throw MFError.stateGone() }
            let call = LuaCall(
                state: host, name: callable.name, arguments: try arguments.map { try self.exported($0, nil) })
            let start = try callable.start(call)
            if !canWait, case .waiting = start { throw MFError.tenantCannotWait(callable.name) }
            return try start.map { try $0.map(self.imported) }
        }
    }

    /// A value of the tenant as the host uses it, when it has no place to be found at again.
    func exported(_ value: LuaValue) throws -> LuaValue { value.crossesAsItIs ? value : try exported(value, nil) }

    /// What a call gave as the host uses it: its functions are found again by the same call where it can be made again.
    private func exported(
        _ results: [LuaValue], from function: TenantFunctionProxy, _ arguments: [LuaValue], canWait: Bool
    ) throws -> [LuaValue] {
        if results.allSatisfy(\.crossesAsItIs) { return results }
        guard function.isRepeatable, arguments.allSatisfy(\.isPlain) else {
            return try results.map { try exported($0, nil) }
        }
        return try exported(results, ReplayableCall(call: function, arguments, canWait: canWait))
    }

    /// What an origin gave as the host uses it.
    private func exported(_ results: [LuaValue], _ origin: ReplayableCall) throws -> [LuaValue] {
        try results.enumerated().map { try exported($1, ExportPath(origin, result: $0)) }
    }

    /// A value of the tenant as the host uses it: exports become functions.
    private func exported(_ value: LuaValue, _ place: ExportPath?) throws -> LuaValue {
        switch value {
        case .object(let object):
            if let shown = object as? ShownObject, !shown.isOfHook { return .object(shown.object) }
            guard let export = object as? TenantExport else { return value }
            return .callable(callable(TenantFunctionProxy(self, export, place)))
        case .array(let elements):
            return .array(
                try elements.enumerated().map { try exported($1, place?.at(.integer(Int64($0 + 1)))) })
        case .record(let record):
            return .record(
                LuaRecord(
                    try record.entries.map { .init(key: $0.key, value: try exported($0.value, place?.at($0.key))) }))
        default: return value
        }
    }

    private func callable(_ function: TenantFunctionProxy) -> LuaCallable {
        LuaCallable(starting: "tenant \(name)") { [self] call in
            try start(function, call.arguments, canWait: call.state.canWait)
        }
    }
}

extension LuaValue {
    /// Whether nothing in a value of the host is a reference or an object that a tenant may not see as it is.
    fileprivate var isImported: Bool {
        switch self {
        case .nil, .boolean, .integer, .number, .string, .bytes, .null: true
        case .object(let object):
            object is ShownObject || object is TenantImport || object is LuaErrorObject
                || object is TenantContainer || object is TenantExport
        default: false
        }
    }

    /// Whether a value of the tenant is for the host what it is.
    fileprivate var crossesAsItIs: Bool {
        switch self {
        case .nil, .boolean, .integer, .number, .string, .bytes, .null: true
        case .object(let object): !(object is TenantExport || object is ShownObject)
        default: false
        }
    }

    /// Whether the value is the same whenever it is handed over.
    var isPlain: Bool {
        switch self {
        case .nil, .boolean, .integer, .number, .string, .bytes, .null: true
        case .array(let elements): elements.allSatisfy(\.isPlain)
        case .record(let record): record.entries.allSatisfy { $0.value.isPlain }
        default: false
        }
    }
}
