import Diagnostics
import LuaBridge

/// One life of a tenant: a Lua state of its own, or a worker process. It ends with the first limit it goes over.
///
/// Values that go in and come out are trees without references: what is a function is a ``TenantImport`` (the host's) or a
/// ``TenantExport`` (the tenant's), what is a view stays the host's object.
protocol Sandbox: AnyObject, Sendable {
    /// What tells it from others, and may be kept when it is gone.
    var identity: TenantIdentity { get }
    /// The limit it went over, or why it died; nil while it is sound.
    var violation: MFError? { get }
    /// Whether ``violation`` has something to tell.
    var isTerminated: Bool { get }
    /// Is called when something beside a call, such as a spawned task, went over a limit.
    var onViolation: () -> Void { get set }
    /// Waits until it can be called: the time that takes is not the tenant's.
    func ready() async
    /// Memory and time.
    var usage: TenantUsage { get }
    /// Compiles and runs a chunk. `modules` finds what its `require` asks for beyond the tenant's library; what its code
    /// spawns belongs to `owner`.
    func run(
        _ source: [UInt8], name: String, modules: TenantImport?, owner: Int64, _ arguments: [LuaValue], canWait: Bool
    ) throws -> CallOutcome
    /// Ends what an owner's code has spawned; unless that is final, each task as soon as nobody waits for it.
    func end(_ owner: Int64, isFinal: Bool)
    /// Calls a function of the tenant.
    func start(_ function: TenantExport, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome
    /// Calls a listener of a hook.
    func emit(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue]) throws
        -> LuaEmission.Result
    /// Calls a listener of a hook that may wait.
    func startEmission(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue])
        throws -> TenantEmission
    /// Ends it for the time that a call took with its waits.
    func expire()
    /// Gives a function back that the host no longer holds.
    func release(_ export: UInt64)
    /// Ends it.
    func close()
}

/// An emission that has begun.
enum TenantEmission {
    case done(LuaEmission.Result)
    case waiting(@Sendable () async throws -> LuaEmission.Result)
}

/// What an instance has used.
struct TenantUsage: Sendable {
    var memory = 0
    var peakMemory = 0
    var cpu = Duration.zero
}

/// A function of the host on its way into a tenant.
final class TenantImport: LuaObject {
    let name: String
    /// Begins a call. The last argument tells whether the tenant's code can wait.
    let body: @Sendable ([LuaValue], Bool) throws -> CallOutcome

    private let onRelease: (@Sendable () -> Void)?

    init(
        _ name: String, onRelease: (@Sendable () -> Void)? = nil,
        _ body: @escaping @Sendable ([LuaValue], Bool) throws -> CallOutcome
    ) {
        (self.name, self.body, self.onRelease) = (name, body, onRelease)
    }

    deinit { onRelease?() }

    static let luaTypeName = "mf.Import"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

/// What an instance of a tenant is known by to what outlives it.
final class TenantIdentity: Sendable {}

/// A function of a tenant on its way to the host. It does not keep its instance alive.
final class TenantExport: LuaObject, @unchecked Sendable {
    // Constants, but for `list`, which emissions set on the loop, and a weak reference; `release` may be called anywhere.
    let identity: TenantIdentity
    /// The function, where the tenant is a state of this process.
    let function: LuaFunction?
    /// Its number, where the tenant is a worker.
    let number: UInt64
    /// The function as the one listener of an emission, once it was that.
    @exclusivity(unchecked)
    var list: LuaListeners?

    /// Where the worker hears that its function is no longer needed.
    private weak var worker: (any Sandbox)?

    init(_ instance: any Sandbox, _ function: LuaFunction) {
        (identity, self.function, number) = (instance.identity, function, 0)
    }

    init(_ worker: any Sandbox, number: UInt64) {
        (identity, function, self.number, self.worker) = (worker.identity, nil, number, worker)
    }

    deinit { if number != 0 { worker?.release(number) } }

    static let luaTypeName = "mf.Export"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

/// A call whose results go through a function.
final class TenantPending: PendingCall {
    private let rest: @Sendable () async throws -> LuaValues

    init(_ rest: @escaping @Sendable () async throws -> LuaValues) { self.rest = rest }

    func finish() async throws -> LuaValues { try await rest() }
}

extension CallOutcome {
    /// The same call with other results.
    func map(_ transform: @escaping @Sendable (LuaValues) throws -> LuaValues) throws -> CallOutcome {
        switch self {
        case .done(let values): return .done(try transform(values))
        case .waiting(let pending): return .waiting(TenantPending { try transform(try await pending.finish()) })
        }
    }

    /// The results, waited for.
    func finish() async throws -> LuaValues {
        switch self {
        case .done(let values): return values
        case .waiting(let pending): return try await pending.finish()
        }
    }

    /// The results of a call that was not allowed to wait.
    func finished(_ name: String) throws -> LuaValues {
        guard case .done(let values) = self else { throw MFError.tenantCannotWait(name) }
        return values
    }
}
