import Diagnostics
import EventLoops
import LuaBridge

/// Identifies one registration of a plugin with one host.
struct PluginID: Hashable, Sendable {
    let number: Int
    /// The plugin's place among all: what it is replaced by has the same.
    var rank: Int

    init(number: Int, rank: Int? = nil) {
        self.number = number
        self.rank = rank ?? number
    }
}

/// A host's listeners and the loops that call them.
///
/// A hook without listeners costs one look-up: callers ask ``hears(_:)`` before they build arguments.
final class HookBus {
    private let state: LuaState
    /// The listeners as they are now.
    @exclusivity(unchecked)
    var view: ListenerSnapshot
    /// Those that loads under way began with, before plugins were replaced.
    @exclusivity(unchecked)
    var olderViews: [ListenerSnapshot] = []
    /// Whether some plugin was read from a file, and may therefore be replaced while a load is under way.
    @exclusivity(unchecked)
    var mayReload = false
    /// Whether some plugin ran in a tenant: then loads note what tenants use of their time.
    @exclusivity(unchecked)
    var hasTenants = false

    /// The hooks that can be listened to.
    let table: HookTable

    init(_ table: HookTable, state: LuaState) {
        (self.table, self.state) = (table, state)
        view = ListenerSnapshot(table.all.map { $0.makeTapList() })
    }

    /// The listeners of a hook.
    @inline(__always)
    func taps<A, M>(_ hook: Hook<A, M>) -> TapList<A> {
        // The list was made by this very declaration's `makeTapList`, so its type is `TapList<A>`.
        unsafeDowncast(currentView.lists[hook.index], to: TapList<A>.self)
    }

    /// The listeners that count for the running task.
    @inline(__always)
    var currentView: ListenerSnapshot { olderViews.isEmpty ? view : pinnedView }

    @inline(never)
    private var pinnedView: ListenerSnapshot { PinnedView.view(of: self) ?? view }

    /// The lists of a hook: what is added counts for loads under way, too.
    func stores(named name: String) -> [any AnyTapList] {
        guard let hook = table.named[name] else { return [] }
        return distinct(allViews.map { $0.lists[hook.index] })
    }

    var stores: [any AnyTapList] { distinct(allViews.flatMap(\.lists)) }

    private var allViews: [ListenerSnapshot] { [view] + olderViews }

    /// Views share the lists in which they do not differ.
    private func distinct(_ stores: [any AnyTapList]) -> [any AnyTapList] {
        var seen: Set<ObjectIdentifier> = []
        return stores.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// Whether anybody listens.
    @inline(__always)
    func hears<A, M>(_ hook: Hook<A, M>) -> Bool { !taps(hook).isEmpty }
}

// MARK: - Emitting with typed arguments

extension HookBus {
    /// Calls all listeners; the result is the last one that is not nothing.
    @discardableResult
    @inline(__always)
    func emit<A>(_ hook: SyncHook<A>, _ arguments: @autoclosure () -> A) throws -> LuaValue {
        let list = taps(hook)
        return list.isEmpty ? .nil : try list.nested { try call(list, of: hook, arguments()) }
    }

    private func call<A>(_ list: TapList<A>, of hook: SyncHook<A>, _ arguments: A) throws -> LuaValue {
        var data = emission(hook, arguments)
        var result = LuaValue.nil
        var visited = 0
        while visited < list.taps.count {
            let end = list.taps.count
            let runs = try list.runs(from: visited)
            for run in runs {
                switch run {
                case .lua(let listeners, let first):
                    let outcome = try naming(list, first) {
                        try state.emit(.sync, listeners, data, keep: runs.count > 1)
                    }
                    if let table = outcome.data { data = .table(table) }
                    if !outcome.outcome.isNil { result = outcome.outcome }
                case .swift(.sync(let listener), let index):
                    let value = try naming(list, index) { try listener(arguments) }
                    if !value.isNil { result = value }
                case .swift: break
                }
            }
            visited = end
        }
        return result
    }

    /// Calls the listeners one after another, each awaited. `false` stops and is the result.
    @discardableResult
    @inline(__always)
    func emit<A>(_ hook: AsyncHook<A>, _ arguments: @autoclosure () -> A) async throws -> LuaValue {
        let list = taps(hook)
        return list.isEmpty ? .nil : try await call(list, of: hook, arguments())
    }

    private func call<A>(_ list: TapList<A>, of hook: AsyncHook<A>, _ arguments: A) async throws -> LuaValue {
        var data = emission(hook, arguments)
        var result = LuaValue.nil
        let runs = try list.runs()
        for run in runs {
            switch run {
            case .lua(let listeners, let first):
                let outcome: LuaEmission.Result
                do {
                    outcome = try await state.emitAsync(.async, listeners, data, keep: runs.count > 1) {
                        list.activity(first)
                    }
                } catch let error as MFError {
                    throw list.named(error, first: first)
                }
                if outcome.aborted { return .boolean(false) }
                if let table = outcome.data { data = .table(table) }
                if !outcome.outcome.isNil, !outcome.outcomeIsData { result = outcome.outcome }
            case .swift(.async(let listener), let index):
                let value = try await naming(list, index) {
                    try await list.activity(index).run { try await listener(arguments) }
                }
                if case .boolean(false) = value { return value }
                if !value.isNil { result = value }
            case .swift: break
            }
        }
        return result
    }

    /// Hands the arguments from listener to listener and returns what the last one left.
    @inline(__always)
    func emit<A>(_ hook: SyncWaterfallHook<A>, _ arguments: A) throws -> A {
        let list = taps(hook)
        return list.isEmpty ? arguments : try list.nested { try call(list, of: hook, arguments) }
    }

    private func call<A>(_ list: TapList<A>, of hook: SyncWaterfallHook<A>, _ arguments: A) throws -> A {
        var arguments = arguments
        var visited = 0
        while visited < list.taps.count {
            let end = list.taps.count
            let runs = try list.runs(from: visited)
            for run in runs {
                switch run {
                case .lua(let listeners, let first):
                    let outcome = try naming(list, first) {
                        try state.emit(.syncWaterfall, listeners, emission(hook, arguments), keep: false)
                    }
                    try take(outcome, into: &arguments, of: hook, list, first)
                case .swift(.syncWaterfall(let listener), let index):
                    arguments = try naming(list, index) { try listener(arguments) }
                case .swift: break
                }
            }
            visited = end
        }
        return arguments
    }

    /// Hands the arguments from listener to listener, each awaited, and returns what the last one left.
    @inline(__always)
    func emit<A>(_ hook: AsyncWaterfallHook<A>, _ arguments: A) async throws -> A {
        let list = taps(hook)
        return list.isEmpty ? arguments : try await call(list, of: hook, arguments)
    }

    private func call<A>(_ list: TapList<A>, of hook: AsyncWaterfallHook<A>, _ arguments: A) async throws -> A {
        var arguments = arguments
        let runs = try list.runs()
        for run in runs {
            switch run {
            case .lua(let listeners, let first):
                let outcome: LuaEmission.Result
                do {
                    outcome = try await state.emitAsync(
                        .asyncWaterfall, listeners, emission(hook, arguments), keep: false
                    ) { list.activity(first) }
                } catch let error as MFError {
                    throw list.named(error, first: first)
                }
                try take(outcome, into: &arguments, of: hook, list, first)
            case .swift(.asyncWaterfall(let listener), let index):
                let given = arguments
                arguments = try await naming(list, index) {
                    try await list.activity(index).run { try await listener(given) }
                }
            case .swift: break
            }
        }
        return arguments
    }

    private func emission<A, M>(_ hook: Hook<A, M>, _ arguments: A) -> LuaEmission.Data {
        .values(hook.shape, hook.values(of: arguments))
    }

    /// Reads the fields that listeners may replace back into the arguments.
    private func take<A, M>(
        _ outcome: LuaEmission.Result, into arguments: inout A, of hook: Hook<A, M>, _ list: TapList<A>, _ first: Int
    ) throws {
        guard outcome.hasChanges else { return }
        for (field, value) in zip(hook.fields, outcome.fields) {
            guard let set = field.set else { continue }
            do {
                try set(&arguments, value)
            } catch let error as MFError {
                throw list.named(MFError.badHookField(field.name, hook: hook.name, cause: error), first: first)
            }
        }
    }
}

// MARK: - Naming the plugin in a failure

extension HookBus {
    private func naming<A, T>(_ list: TapList<A>, _ first: Int, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as MFError { throw list.named(error, first: first) }
    }

    private func naming<A, T>(_ list: TapList<A>, _ first: Int, _ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as MFError { throw list.named(error, first: first) }
    }
}

extension TapList {
    /// What the listeners from one on are while they wait.
    fileprivate func activity(_ first: Int) -> Activity {
        let plugins = taps.map(\.plugin)
        return Activity(listenersOf: hook) { listener in
            plugins.indices.contains(first + listener) ? plugins[first + listener] : nil
        }
    }

    /// The error with the names of the hook and of the plugin whose listener failed.
    fileprivate func named(_ error: MFError, first: Int) -> MFError {
        let index = first + (error["listener"].flatMap { Int($0) } ?? 0)
        let plugin = taps.indices.contains(index) ? taps[index].plugin : nil
        let error = kind.canWait ? error : tooDeep(error, plugin: plugin)
        let named = error.removing(context: "listener").inHook(hook, plugin: plugin)
        if error.code == .badHookValue { return named.sayingWho(hook) }
        guard error.code == .cannotWait, !kind.canWait else { return named }
        return named.replacing(
            hint: "`\(hook)` is a sync hook: wait beside it in `mf.spawn`, or in a listener of an async hook")
    }
}

// MARK: - Emitting with whatever arguments

extension HookBus {
    /// Emits a hook as `host:emit` does: with any value, and with its result as it is.
    func emit(_ hook: any DeclaredHook, open data: LuaValue) async throws -> LuaValue {
        if hook.kind.isWaterfall, ![.table, .object].contains(LuaShapeOfData(data)) {
            throw MFError.badHookData(hook.name, found: data)
        }
        return try await currentView.lists[hook.index].emit(open: data, in: state)
    }

    private enum LuaShapeOfData {
        case table, object, other
        init(_ value: LuaValue) {
            switch value {
            case .table, .record, .array: self = .table
            case .object: self = .object
            default: self = .other
            }
        }
    }
}

extension TapList {
    /// Calls the listeners with arguments that are not their hook's own.
    func emit(open value: LuaValue, in state: LuaState) async throws -> LuaValue {
        var data: LuaEmission.Data = if case .table(let table) = value { .table(table) } else { .value(value) }
        var current = value
        var result = LuaValue.nil
        var visited = 0
        repeat {
            let end = taps.count
            for run in try runs(from: visited) {
                guard case .lua(let listeners, let first) = run else { continue }
                let outcome: LuaEmission.Result
                do {
                    outcome =
                        kind.canWait
                        ? try await state.emitAsync(kind.emission, listeners, data, keep: true) { activity(first) }
                        : try state.emit(kind.emission, listeners, data, keep: true)
                } catch let error as MFError {
                    throw named(error, first: first)
                }
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
            visited = end
        } while kind == .sync || kind == .syncWaterfall ? visited < taps.count : false
        return kind.isWaterfall ? current : result
    }
}
