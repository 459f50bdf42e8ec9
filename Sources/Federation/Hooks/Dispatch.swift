import Diagnostics
import EventLoops
import LuaBridge

/// One emission under way: what its listeners are called with, and what has come of it so far.
struct Dispatch<A: Sendable> {
    var arguments: A
    /// The table that Lua listeners were called with last; in a waterfall, as long as no listener of Swift has come after.
    var table: LuaTable?
    var result = LuaValue.nil
    /// Whether a listener has ended it.
    var isOver = false

    init(_ arguments: A) { self.arguments = arguments }
}

// MARK: - The loops

extension TapList {
    /// Calls the listeners one after another; those that are added meanwhile, too.
    func call(_ dispatch: inout Dispatch<A>, of bus: HookBus) throws {
        var visited = 0
        while visited < taps.count {
            let runs = try runs(from: visited)
            visited = taps.count
            for index in runs.indices {
                let run = runs[index]
                guard try isCalled(run, dispatch, bus) else { continue }
                do {
                    switch run.body {
                    case .lua(let listeners):
                        let keeps = keepsTable(after: index, of: runs)
                        let data = try data(of: dispatch, run.gate)
                        try take(bus.state.emit(kind.emission, listeners, data, keep: keeps), into: &dispatch)
                    case .swift(let listener):
                        _ = try run.first.account.tally.count({ bus.state.loop.now }, isNothing: \.self) {
                            try call(listener, &dispatch)
                        }
                    }
                    run.succeeded()
                } catch {
                    try fail(error, run, bus)
                }
            }
        }
    }

    /// Calls the listeners one after another, each awaited, until one ends it.
    func callAsync(_ dispatch: inout Dispatch<A>, of bus: HookBus) async throws {
        let runs = try runs()
        for index in runs.indices {
            let run = runs[index]
            guard try isCalled(run, dispatch, bus) else { continue }
            do {
                switch run.body {
                case .lua(let listeners):
                    let keeps = keepsTable(after: index, of: runs)
                    let data = try data(of: dispatch, run.gate)
                    // Most runs have no gate, and are called without one more async frame.
                    let outcome =
                        run.gate == nil
                        ? try await bus.state.emitAsync(kind.emission, listeners, data, keep: keeps) {
                            run.activity(hook)
                        } : try await emission(kind.emission, run, listeners, data, keep: keeps, bus.state)
                    try take(outcome, into: &dispatch)
                case .swift(let listener): try await callAsync(listener, run, &dispatch, bus)
                }
                run.succeeded()
            } catch {
                try fail(error, run, bus)
            }
            if dispatch.isOver { return }
        }
    }
}

// MARK: - One call

extension TapList {
    /// Calls Lua listeners that may wait, for as long as their plugin's policy says.
    func emission(
        _ kind: LuaEmission.Kind, _ run: Run, _ listeners: LuaListeners, _ data: LuaEmission.Data, keep: Bool,
        _ state: LuaState
    ) async throws -> LuaEmission.Result {
        guard let time = run.gate?.plugin.policy.timeout else {
            return try await state.emitAsync(kind, listeners, data, keep: keep) { run.activity(hook) }
        }
        return try await state.loop.within(time, late: self.timedOut(run.first, time)) {
            try await state.emitAsync(kind, listeners, data, keep: keep) { run.activity(self.hook) }
        }
    }

    /// - Returns: Whether the listener returned nothing.
    private func call(_ listener: SwiftListener<A>, _ dispatch: inout Dispatch<A>) throws -> Bool {
        switch listener {
        case .sync(let listener):
            let value = try listener(dispatch.arguments)
            if !value.isNil { dispatch.result = value }
            return value.isNil
        case .syncWaterfall(let listener):
            dispatch.arguments = try listener(dispatch.arguments)
            dispatch.table = nil
            return false
        case .async, .asyncWaterfall: return true
        }
    }

    private func callAsync(
        _ listener: SwiftListener<A>, _ run: Run, _ dispatch: inout Dispatch<A>, _ bus: HookBus
    ) async throws {
        let (loop, arguments, first, activity) = (bus.state.loop, dispatch.arguments, run.first, run.activity(hook))
        func timed<T: Sendable>(_ body: @escaping @Sendable (A) async throws -> T) async throws -> T {
            guard let time = run.gate?.plugin.policy.timeout else {
                return try await activity.run { try await body(arguments) }
            }
            return try await loop.within(time, late: self.timedOut(first, time)) {
                try await activity.run { try await body(arguments) }
            }
        }
        switch listener {
        case .async(let body):
            let value = try await first.account.tally.count(waitingBy: { loop.now }, isNothing: \.isNil) {
                try await timed(body)
            }
            if case .boolean(false) = value { dispatch.isOver = true }
            if !value.isNil { dispatch.result = value }
        case .asyncWaterfall(let body):
            dispatch.arguments = try await first.account.tally.count(waitingBy: { loop.now }, isNothing: { _ in false })
            {
                try await timed(body)
            }
            dispatch.table = nil
        case .sync, .syncWaterfall: return
        }
    }

    /// Whether the table of a run is wanted by the next one: keys that no argument has stay in it.
    private func keepsTable(after index: Int, of runs: [Run]) -> Bool {
        guard kind.isWaterfall else { return runs.count > 1 }
        guard index + 1 < runs.count, case .lua = runs[index + 1].body else { return false }
        return true
    }

    /// What Lua listeners are called with. Where a failure is to leave nothing behind, a copy of it.
    private func data(of dispatch: Dispatch<A>, _ gate: Tap<A>?) throws -> LuaEmission.Data {
        guard var table = dispatch.table else {
            return .values(definition.shape, definition.values(of: dispatch.arguments))
        }
        if let gate, !gate.plugin.failsClosed {
            table = try table.shallowCopy()
        }
        return kind.isWaterfall
            ? .kept(table, definition.shape, definition.values(of: dispatch.arguments)) : .table(table)
    }

    /// Takes what a run of Lua listeners has left.
    private func take(_ outcome: LuaEmission.Result, into dispatch: inout Dispatch<A>) throws {
        if outcome.aborted {
            (dispatch.isOver, dispatch.result) = (true, .boolean(false))
            return
        }
        if kind.isWaterfall {
            // A table that was returned in place of the arguments may lack what no listener is to change.
            dispatch.table = outcome.data
            return try takeFields(of: outcome, into: &dispatch.arguments)
        }
        if let table = outcome.data { dispatch.table = table }
        if !outcome.outcome.isNil, kind == .sync || !outcome.outcomeIsData { dispatch.result = outcome.outcome }
    }

    /// Reads the fields that listeners may replace back into the arguments.
    private func takeFields(of outcome: LuaEmission.Result, into arguments: inout A) throws {
        guard outcome.hasChanges else { return }
        for (field, value) in zip(definition.fields, outcome.fields) {
            guard let set = field.set else { continue }
            do {
                try set(&arguments, value)
            } catch let error as MFError {
                throw MFError.badHookField(field.name, hook: hook, cause: error)
            }
        }
    }
}

// MARK: - Before a call

extension TapList {
    /// Whether a run is called by the loop that asks. An observer is called here, and its result is nobody's.
    @inline(__always)
    private func isCalled(_ run: Run, _ dispatch: Dispatch<A>, _ bus: HookBus) throws -> Bool {
        guard let gate = run.gate else { return true }
        guard try admits(gate, dispatch, bus) else { return false }
        guard gate.plugin.isObserver else { return true }
        observe(run.body, gate, dispatch, bus)
        return false
    }

    private func admits(_ gate: Tap<A>, _ dispatch: Dispatch<A>, _ bus: HookBus) throws -> Bool {
        try admits(
            gate, at: bus.state.loop.now, failsClosed: gate.failsClosed?(dispatch.arguments) ?? true
        ) { text(under: $0, of: dispatch, bus) }
    }

    /// Whether a listener is called: its filter matches, and its plugin has not tripped.
    ///
    /// - Parameters:
    ///   - failsClosed: Whether a failure would fail the step, where the plugin's policy does not say otherwise.
    ///   - text: What the filter's patterns are matched against.
    func admits(
        _ gate: Tap<A>, at now: @autoclosure () -> ContinuousClock.Instant,
        failsClosed: @autoclosure () -> Bool = true, text: (HookFilter.Key) -> String?
    ) throws -> Bool {
        guard gate.filter.matches(text) else {
            gate.account.filtered += 1
            return false
        }
        if gate.plugin.admits(at: now()) { return true }
        gate.account.passedOver += 1
        // What a plugin refuses by raising does not go through while it rests.
        guard gate.plugin.failsClosed, failsClosed() else { return false }
        throw MFError.pluginTripped(gate.plugin.name, hook: hook, last: gate.plugin.lastFailure)
    }

    /// What a filter's patterns are matched against: what the next listener would find.
    private func text(under key: HookFilter.Key, of dispatch: Dispatch<A>, _ bus: HookBus) -> String? {
        switch key {
        case .argument(let index, let name):
            if let table = dispatch.table { return (try? table.rawGet(name))?.stringValue }
            return definition.fields[index].get(dispatch.arguments).stringValue
        case .remote: return bus.remoteName(definition.subject(dispatch.arguments))
        case .code: return value(of: "error", dispatch).errorCode
        case .initiator: return value(of: "resourceContext", dispatch).recordValue?["initiator"].stringValue
        }
    }

    private func value(of name: String, _ dispatch: Dispatch<A>) -> LuaValue {
        definition.fields.first { $0.name == name }?.get(dispatch.arguments) ?? .nil
    }
}

extension LuaValue {
    /// The code of an error, as it is in Lua.
    var errorCode: String? {
        switch self {
        case .object(let object): (object as? LuaErrorObject)?.error.code.rawValue
        case .table(let table): (try? table.get("code"))?.stringValue
        default: nil
        }
    }
}

// MARK: - Failures

/// A failure that was told of already, and after which the step goes on as if the listener had returned nothing.
struct PassedFailure: Error {
    /// Nil: the listener was not called at all.
    let cause: (any Error)?
}

extension TapList {
    /// Notes a failure, and raises it unless the plugin's owner, or the border of its tenant, has it pass.
    func fail(_ error: any Error, _ run: Run, _ bus: HookBus) throws {
        if let passed = error as? PassedFailure {
            let tap = run.first
            guard let cause = passed.cause else { return tap.account.passedOver += 1 }
            return tap.plugin.failed(cause, in: tap.account, at: bus.state.loop.now)
        }
        if error is CancellationError {
            run.gate?.plugin.withdraw(at: bus.state.loop.now)
            throw error
        }
        let tap = run.tap(of: error)
        let named = named(error, tap)
        tap.plugin.failed(named, in: tap.account, at: bus.state.loop.now)
        guard tap.plugin.failsClosed else { return tap.plugin.passed(named, in: tap.account) }
        throw named
    }

    func timedOut(_ tap: Tap<A>, _ time: Duration) -> MFError {
        tap.account.timeouts += 1
        return MFError.listenerTimedOut(after: time)
    }

    /// The error with the names of the hook and of the plugin whose listener failed.
    func named(_ error: any Error, _ tap: Tap<A>) -> any Error {
        guard let raised = error as? MFError else { return error }
        let error = kind.canWait ? raised : tooDeep(raised, plugin: tap.plugin.name)
        if error["overran"] != nil, let cpu = tap.plugin.policy.cpu {
            return MFError.listenerOverran(cpu, cause: error).inHook(hook, plugin: tap.plugin.name)
        }
        let named = error.removing(context: "listener").inHook(hook, plugin: tap.plugin.name)
        if error.code == .badHookValue { return named.sayingWho(hook) }
        guard error.code == .cannotWait, !kind.canWait else { return named }
        return named.replacing(
            hint: "`\(hook)` is a sync hook: wait beside it in `mf.spawn`, or in a listener of an async hook")
    }
}

extension TapList.Run {
    var first: Tap<A> { taps[taps.startIndex] }

    /// Its listeners have returned.
    func succeeded() {
        if let gate { gate.plugin.succeeded(in: gate.account) }
    }

    /// The listener that an error came from.
    func tap(of error: any Error) -> Tap<A> {
        let index = taps.startIndex + ((error as? MFError)?["listener"].flatMap { Int($0) } ?? 0)
        return taps.indices.contains(index) ? taps[index] : first
    }

    /// What the listeners are while they wait.
    func activity(_ hook: String) -> Activity {
        let names = taps.map(\.plugin.name)
        return Activity(listenersOf: hook) { names.indices.contains($0) ? names[$0] : nil }
    }
}
