internal import CLuaShim
internal import Diagnostics
internal import EventLoops

/// A call that has begun.
public enum CallOutcome: Sendable {
    /// It has ended already.
    case done(LuaValues)
    /// It waits for something.
    case waiting(any PendingCall)
}

/// The rest of a call that waits. Letting go of it without finishing it drops the call.
public protocol PendingCall: AnyObject, Sendable {
    /// Waits for the end of the call. Call it once.
    ///
    /// - Throws: The error of the call; `CancellationError` if the task is cancelled.
    func finish() async throws -> LuaValues
}

extension LuaState {
    /// Whether the Lua code that calls Swift right now may wait. On the loop, inside of a callable.
    public var canWait: Bool { open().map { mf_may_wait($0) } ?? false }

    /// Calls a function in a pooled coroutine and returns as soon as it ends or waits.
    ///
    /// - Parameter sliceable: Whether a tenant's code may be interrupted to let others run; that counts as waiting.
    /// - Parameter payer: Whose limit on processor time the call draws on; nil: it gets its own.
    /// - Throws: as ``call(_:_:)``.
    package func start(
        _ function: LuaFunction, _ arguments: [LuaValue] = [], sliceable: Bool, payer: CPUBudget? = nil
    ) throws -> CallOutcome {
        let handle = try alive()
        if let payer { mf_pay_from(handle, payer.pointer) }
        defer { if payer != nil { mf_pay_from(handle, nil) } }
        try write(arguments, callee: function, handle)
        var span = mf_span()
        var task: OpaquePointer?
        mf_set_sliceable(handle, sliceable)
        let status = withExtendedLifetime(arguments) {
            mf_task_call(handle, function.slot, Int32(arguments.count), false, &task, &span)
        }
        mf_set_sliceable(handle, false)
        guard let task else {
            try check(status)
            return .done(read(span))
        }
        return .waiting(LuaPendingCall(self, LuaTask(task), status))
    }

    /// Emits in a pooled coroutine and returns as soon as the listeners have ended or one waits.
    ///
    /// - Throws: as ``emit(_:_:_:keep:)``.
    package func startEmission(
        _ kind: LuaEmission.Kind, _ listeners: LuaListeners, _ data: LuaEmission.Data, sliceable: Bool
    ) throws -> LuaEmission.Start {
        let handle = try alive()
        var emission = try prepare(kind, listeners, data, false, handle)
        var span = mf_span()
        var task: OpaquePointer?
        mf_set_sliceable(handle, sliceable)
        let status = withExtendedLifetime((listeners, data)) { mf_task_emit(handle, &emission, &task, &span) }
        mf_set_sliceable(handle, false)
        guard let task else { return .done(try finish(emission, status, span, data)) }
        return .waiting(LuaPendingEmission(LuaPendingCall(self, LuaTask(task), status), emission, data))
    }
}

extension LuaEmission {
    /// An emission that has begun.
    package enum Start {
        /// It has ended already.
        case done(Result)
        /// A listener waits.
        case waiting(LuaPendingEmission)
    }
}

/// A coroutine that waits, held until it is finished or let go of.
final class LuaPendingCall: PendingCall, @unchecked Sendable {
    // `finish` checks the thread. `deinit`, on any thread, reads what nobody else can reach any more and sends it to the loop.
    let state: LuaState
    private let task: LuaTask
    private let status: Int32
    private var waited: (body: @Sendable (LuaCall) async throws -> LuaValues, call: LuaCall)?
    private var isHeld = true

    init(_ state: LuaState, _ task: LuaTask, _ status: Int32) {
        (self.state, self.task, self.status) = (state, task, status)
        // At once: the next coroutine that waits puts its own there.
        if Int(status) == MF_WAITING { waited = state.pending.take() }
    }

    deinit {
        guard isHeld else { return }
        // Not from here: this may be in the middle of anything.
        state.loop.submit { [state, task] in state.drop(task) }
    }

    func finish() async throws -> LuaValues {
        var emission = mf_emission()
        let (last, results) = try await finish(&emission)
        try state.check(last)
        return state.read(results)
    }

    func finish(_ emission: inout mf_emission) async throws -> (Int32, mf_span) {
        state.loop.checkOnLoop("PendingCall", "finish()")
        guard isHeld else { preconditionFailure("a call was finished twice: this is a bug, please file an issue") }
        isHeld = false
        if let waited { state.pending = waited }
        waited = nil
        return try await state.drive(task, status, emission: &emission)
    }
}

/// An emission that waits.
package final class LuaPendingEmission: @unchecked Sendable {
    // Constants; `finish`, the only way to use them, checks the thread in `LuaPendingCall`.
    private let call: LuaPendingCall
    private var emission: mf_emission
    private let data: LuaEmission.Data

    init(_ call: LuaPendingCall, _ emission: mf_emission, _ data: LuaEmission.Data) {
        (self.call, self.emission, self.data) = (call, emission, data)
    }

    /// Waits for the end of the emission. To be called once.
    ///
    /// - Throws: As ``LuaState/emitAsync(_:_:_:keep:as:)``.
    package func finish() async throws -> LuaEmission.Result {
        let state = call.state
        var emission = emission
        let (last, results) = try await call.finish(&emission)
        return try state.finish(emission, last, results, data)
    }
}

extension LuaCallable {
    /// Begins a call from Swift, as Lua does it.
    ///
    /// - Throws: The error that the Swift function throws.
    public func start(_ call: LuaCall) throws -> CallOutcome {
        switch box.body {
        case .returning(let body): return .done(try body(call))
        case .starting(let body): return try body(call)
        case .waiting(let body): return .waiting(LuaPendingBody(call, body))
        }
    }
}

/// A function of Swift that was called and not begun yet.
private final class LuaPendingBody: PendingCall {
    private let call: LuaCall
    private let body: @Sendable (LuaCall) async throws -> LuaValues

    init(_ call: LuaCall, _ body: @escaping @Sendable (LuaCall) async throws -> LuaValues) {
        (self.call, self.body) = (call, body)
    }

    func finish() async throws -> LuaValues { try await body(call) }
}

extension LuaEmission.Result {
    /// Makes a result, as listeners outside of Lua have it.
    public init(outcome: LuaValue, isData: Bool, aborted: Bool, fields: [LuaValue]) {
        self.init(
            outcome: outcome, outcomeIsData: isData, aborted: aborted, fields: fields, hasChanges: true, data: nil)
    }
}
