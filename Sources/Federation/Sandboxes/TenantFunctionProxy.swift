import Diagnostics
import EventLoops
import LuaBridge

/// Where functions of a tenant came from: a chunk that it ran, or a call of another function.
///
/// After a limit violation it is run again, once in each fresh instance: what came from one run finds itself in one run again, and
/// goes on sharing its variables.
final class ReplayableCall: @unchecked Sendable {
    // Run by its tenant, and by the task of the tenant's loop that waits for the first run.
    private enum Source {
        case chunk([UInt8], name: String, modules: TenantImport?, [LuaValue])
        case call(TenantFunctionProxy, [LuaValue])
    }
    private enum Run {
        case ended([LuaValue])
        case waiting(Task<LuaValues, any Error>)
    }

    private let source: Source
    /// What the tasks of a chunk are owned by.
    private let number: Int64
    /// How many calls lead to it from a chunk that was run.
    let depth: Int
    /// How long such a way may be: whoever calls what a call gave, again and again, keeps no more than this of it, and
    /// neither a call that finds a function again nor the end of the last one recurses more deeply. What came from further
    /// away is not found again.
    static let maximumDepth = 32
    /// Whether its first run could wait: what never waits is never kept waiting by what does.
    private let canWait: Bool
    private var again: (identity: TenantIdentity, run: Run)?
    /// The key of the function in the first result whose last call belongs to every run, as a container's `init` does.
    private let starter: String?
    /// The arguments of that call, once it was made.
    private var startArguments: [LuaValue]?

    private init(_ source: Source, starter: String? = nil, canWait: Bool, number: Int64 = 0) {
        (self.source, self.starter, self.canWait, self.number) = (source, starter, canWait, number)
        if case .call(let function, _) = source { depth = function.depth + 1 } else { depth = 0 }
    }

    convenience init(
        _ source: [UInt8], name: String, _ arguments: [LuaValue], modules: TenantImport? = nil,
        starter: String? = nil, canWait: Bool, number: Int64
    ) {
        self.init(
            .chunk(source, name: name, modules: modules, arguments), starter: starter,
            canWait: canWait, number: number)
    }

    convenience init(call function: TenantFunctionProxy, _ arguments: [LuaValue], canWait: Bool) {
        self.init(.call(function, arguments), canWait: canWait)
    }

    /// Runs it in an instance.
    func run(in instance: any Sandbox, canWait: Bool) throws -> CallOutcome {
        switch source {
        case .chunk(let source, let name, let modules, let arguments):
            try instance.run(source, name: name, modules: modules, owner: number, arguments, canWait: canWait)
        case .call(let function, let arguments):
            try function.start(in: instance, arguments, canWait: canWait)
        }
    }

    /// Notes the call of a function that it gave, if every run is to begin with it.
    fileprivate func note(_ arguments: [LuaValue], at place: ExportPath) {
        guard let starter, place.isKey(.string(starter)) else { return }
        startArguments = arguments
    }

    /// Runs it again as it was begun.
    private func begin(in instance: any Sandbox, canWait: Bool) throws -> CallOutcome {
        let run = try run(in: instance, canWait: canWait)
        guard let starter, let startArguments else { return run }
        @Sendable func call(_ results: [LuaValue]) throws -> CallOutcome {
            guard let export = results.first?[starter].objectValue as? TenantExport else { return .done(results) }
            return try instance.start(export, startArguments, canWait: canWait).map { _ in results }
        }
        switch run {
        case .done(let results): return try call(results)
        case .waiting(let pending):
            return .waiting(TenantPending { try await call(try await pending.finish()).finish() })
        }
    }

    /// What it gives in a fresh instance of its tenant, in which it is run once.
    fileprivate func results(in instance: any Sandbox, of tenant: Tenant, canWait: Bool) throws -> CallOutcome {
        let canWait = canWait && self.canWait
        if let again, again.identity === instance.identity {
            switch again.run {
            case .ended(let results): return .done(results)
            case .waiting(let task):
                guard canWait else { throw MFError.tenantCannotWait(tenant.name) }
                return .waiting(TenantPending { try await task.value })
            }
        }
        again = nil
        let identity = instance.identity
        switch try begin(in: instance, canWait: canWait) {
        case .done(let results):
            again = (identity, .ended(results))
            return .done(results)
        case .waiting(let pending):
            guard canWait else { throw MFError.tenantCannotWait(tenant.name) }
            let task = tenant.loop.start { [self] in
                do {
                    let results = try await pending.finish()
                    if again?.identity === identity { again = (identity, .ended(results)) }
                    return results
                } catch {
                    if again?.identity === identity { again = nil }
                    throw error
                }
            }
            again = (identity, .waiting(task))
            return .waiting(TenantPending { try await task.value })
        }
    }
}

/// The place of a value among what an origin gave: the number of the result, then keys.
struct ExportPath: Sendable {
    let origin: ReplayableCall
    private let path: [LuaValue]

    /// The place of one of the results, counted from 0.
    init(_ origin: ReplayableCall, result: Int) { self.init(origin, [.integer(Int64(result))]) }

    private init(_ origin: ReplayableCall, _ path: [LuaValue]) { (self.origin, self.path) = (origin, path) }

    func at(_ key: LuaValue) -> ExportPath { ExportPath(origin, path + [key]) }

    /// Whether it is that of a key in the first result.
    fileprivate func isKey(_ key: LuaValue) -> Bool { path == [.integer(0), key] }

    /// The function there.
    fileprivate func export(in results: [LuaValue]) -> TenantExport? {
        guard let number = path.first?.intValue, results.indices.contains(number) else { return nil }
        let found = path.dropFirst().reduce(results[number]) { value, key in
            switch key {
            case .string(let name): value[name]
            case .integer(let index): value[Int(index)]
            default: .nil
            }
        }
        return found.objectValue as? TenantExport
    }
}

/// A function of a tenant as the host holds it. After a limit violation it finds itself again in the fresh instance.
final class TenantFunctionProxy: @unchecked Sendable {
    // `export` is replaced in `resolved`, for a call that its tenant makes on its own loop.
    unowned let tenant: Tenant
    @exclusivity(unchecked)
    private var export: TenantExport
    private let place: ExportPath?

    /// - Parameter place: Where it is to be found again; nil: nowhere.
    init(_ tenant: Tenant, _ export: TenantExport, _ place: ExportPath?) {
        (self.tenant, self.export, self.place) = (tenant, export, place)
    }

    /// How many calls lead to it from a chunk that was run.
    var depth: Int { place?.origin.depth ?? 0 }

    /// Whether what its calls give can be found again.
    var isRepeatable: Bool { place != nil && depth < ReplayableCall.maximumDepth }

    /// Notes that a call of it has succeeded.
    func hasAnswered(_ arguments: [LuaValue]) {
        if let place { place.origin.note(arguments, at: place) }
    }

    /// Calls it in an instance that runs.
    func start(in instance: any Sandbox, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome {
        if export.identity === instance.identity { return try instance.start(export, arguments, canWait: canWait) }
        switch try again(in: instance, canWait: canWait) {
        case .done: return try instance.start(export, arguments, canWait: canWait)
        case .waiting(let pending):
            return .waiting(
                TenantPending { [self] in
                    _ = try await pending.finish()
                    return try await instance.start(export, arguments, canWait: canWait).finish()
                })
        }
    }

    /// The function in an instance that runs, for a call that does not wait for it.
    @inline(__always)
    func resolved(in instance: any Sandbox) throws -> TenantExport {
        if export.identity === instance.identity { return export }
        _ = try again(in: instance, canWait: false)
        return export
    }

    /// Finds the function in a fresh instance.
    @inline(never)
    private func again(in instance: any Sandbox, canWait: Bool) throws -> CallOutcome {
        guard let place else { throw MFError.tenantReplaced(tenant.name) }
        return try place.origin.results(in: instance, of: tenant, canWait: canWait).map { [self] results in
            guard let found = place.export(in: results) else { throw MFError.tenantReplaced(tenant.name) }
            export = found
            return results
        }
    }
}
