import Diagnostics
import EventLoops
import LuaBridge

/// How many calls of an observer's listener may be under way.
private let mostObserving = 64

extension TapList {
    /// Calls a listener that only watches. What it returns is ignored, what it raises is noted, and where it waits nobody
    /// waits for it.
    func observe(_ body: Run.Body, _ gate: Tap<A>, _ dispatch: Dispatch<A>, _ bus: HookBus) {
        let shown: LuaValue = body.isLua ? .object(shown(dispatch, gate)) : .nil
        let (arguments, state, loop, tally) = (dispatch.arguments, bus.state, bus.state.loop, gate.account.tally)
        guard kind.canWait else {
            do {
                switch body {
                case .lua(let listeners):
                    _ = try state.emit(.sync, listeners, .value(shown), keep: false)
                case .swift(.sync(let listener)):
                    _ = try tally.count({ loop.now }, isNothing: \.isNil) { try listener(arguments) }
                case .swift(.syncWaterfall(let listener)):
                    _ = try tally.count({ loop.now }, isNothing: { _ in false }) { try listener(arguments) }
                case .swift: break
                }
                gate.plugin.succeeded(in: gate.account)
            } catch { note(error, gate, loop) }
            return
        }
        guard gate.account.observing.count < mostObserving else {
            gate.account.passedOver += 1
            return
        }
        let call: @Sendable () async throws -> Void = {
            switch body {
            case .lua(let listeners):
                _ = try await state.emitAsync(
                    .async, listeners, .value(shown), keep: false)
            case .swift(.async(let listener)):
                _ = try await tally.count(waitingBy: { loop.now }, isNothing: \.isNil) { try await listener(arguments) }
            case .swift(.asyncWaterfall(let listener)):
                _ = try await tally.count(waitingBy: { loop.now }, isNothing: { _ in false }) {
                    try await listener(arguments)
                }
            case .swift: break
            }
        }
        gate.account.observe(loop) {
            do {
                if let time = gate.plugin.policy.timeout {
                    try await loop.within(time, late: self.timedOut(gate, time), call)
                } else {
                    try await call()
                }
                gate.plugin.succeeded(in: gate.account)
            } catch { self.note(error, gate, loop) }
        }
    }

    private func note(_ error: any Error, _ gate: Tap<A>, _ loop: EventLoop) {
        guard !(error is CancellationError) else { return gate.plugin.withdraw(at: loop.now) }
        let named = named(error, gate)
        gate.plugin.failed(named, in: gate.account, at: loop.now)
        gate.plugin.passed(named, in: gate.account)
    }

    private func shown(_ dispatch: Dispatch<A>, _ gate: Tap<A>) -> ObservedArguments {
        var values = definition.values(of: dispatch.arguments)
        if let table = dispatch.table {
            for (index, field) in definition.fields.enumerated() {
                values[index] = (try? table.rawGet(field.name)) ?? values[index]
            }
        }
        return ObservedArguments(
            hook: hook, plugin: gate.plugin.name, keys: definition.fields.map(\.name), values: values)
    }
}

extension TapList.Run.Body {
    fileprivate var isLua: Bool { if case .lua = self { true } else { false } }
}

/// The arguments of a hook as an observer sees them: to be read only.
private final class ObservedArguments: LuaObject, Sendable {
    static let luaTypeName = "mf.ObservedArguments"
    private let hook: String
    private let plugin: String
    private let keys: [String]
    private let values: [LuaValue]

    init(hook: String, plugin: String, keys: [String], values: [LuaValue]) {
        (self.hook, self.plugin, self.keys, self.values) = (hook, plugin, keys, values)
    }

    var luaKeys: [LuaKey] { zip(keys, values).filter { !$1.isNil }.map { .string($0.0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key, let index = keys.firstIndex(of: name) else { return .nil }
        return values[index]
    }

    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        throw MFError.observerWrote(key, hook: hook, plugin: plugin)
    }
}

extension HookAccount {
    /// Starts a call that nobody waits for.
    func observe(_ loop: EventLoop, _ call: @escaping @Sendable () async -> Void) {
        let number = nextObservation
        nextObservation += 1
        observing[number] = loop.start { [self] in
            await call()
            observing[number] = nil
        }
    }

    /// Ends the calls that nobody waits for.
    func endObserving() {
        for task in observing.values { task.cancel() }
        observing = [:]
    }
}
