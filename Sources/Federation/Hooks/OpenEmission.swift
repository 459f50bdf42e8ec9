import Diagnostics
import EventLoops
import LuaBridge

// Emitting with whatever arguments, as `host:emit` does. Listeners of Lua alone can be called with them.

extension HookBus {
    /// Emits a hook with any value, and with its result as it is.
    func emit(_ hook: any DeclaredHook, open data: LuaValue) async throws -> LuaValue {
        if hook.kind.isWaterfall, !data.isOpenData { throw MFError.badHookData(hook.name, found: data) }
        return try await currentView.lists[hook.index].emit(open: data, of: self)
    }
}

extension LuaValue {
    /// Whether a waterfall can hand it on.
    fileprivate var isOpenData: Bool {
        switch self {
        case .table, .record, .array, .object: true
        default: false
        }
    }

    /// What is under a key of a hook's arguments.
    fileprivate func argument(_ name: String) -> LuaValue {
        switch self {
        case .table(let table): (try? table.get(name)) ?? .nil
        case .object(let object): (try? object.luaGet(.string(name))) ?? .nil
        default: self.recordValue?[name] ?? .nil
        }
    }
}

extension TapList {
    /// Calls the listeners with arguments that are not their hook's own. Filters and policies count as in a dispatch; an
    /// observer sees a copy.
    func emit(open value: LuaValue, of bus: HookBus) async throws -> LuaValue {
        let (state, rule) = (bus.state, kind.emission)
        var data: LuaEmission.Data = if case .table(let table) = value { .table(table) } else { .value(value) }
        var current = value
        var result = LuaValue.nil
        var visited = 0
        repeat {
            let runs = try runs(from: visited)
            visited = taps.count
            for run in runs {
                guard case .lua(let listeners) = run.body, try admits(run, current, bus) else { continue }
                let isObserver = run.gate?.plugin.isObserver == true
                let outcome: LuaEmission.Result
                do {
                    let given = run.gate?.plugin.failsClosed == false ? try copied(data) : data
                    outcome =
                        kind.canWait
                        ? try await emission(isObserver ? .async : rule, run, listeners, given, keep: true, state)
                        : try state.emit(isObserver ? .sync : rule, listeners, given, keep: true)
                    run.succeeded()
                } catch {
                    try fail(error, run, bus)
                    continue
                }
                if isObserver { continue }
                if let table = outcome.data {
                    data = .table(table)
                    current = .table(table)
                }
                if outcome.aborted { return .boolean(false) }
                if outcome.outcomeIsData {
                    if kind == .sync { result = current }
                } else if !outcome.outcome.isNil {
                    result = outcome.outcome
                }
            }
        } while !kind.canWait && visited < taps.count
        return kind.isWaterfall ? current : result
    }

    private func admits(_ run: Run, _ data: LuaValue, _ bus: HookBus) throws -> Bool {
        guard let gate = run.gate else { return true }
        return try admits(gate, at: bus.state.loop.now) { key in
            switch key {
            case .argument(_, let name): data.argument(name).stringValue
            case .remote: data.argument("id").stringValue.flatMap { bus.remoteName(.request($0)) }
            case .code: data.argument("error").errorCode
            case .initiator: data.argument("resourceContext").argument("initiator").stringValue
            }
        }
    }

    private func copied(_ data: LuaEmission.Data) throws -> LuaEmission.Data {
        if case .table(let table) = data { .table(try table.shallowCopy()) } else { data }
    }
}
