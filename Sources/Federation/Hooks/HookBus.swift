import Diagnostics
import EventLoops
import LuaBridge

/// Identifies one registration of a plugin with one host.
struct PluginID: Hashable, Sendable {
    let number: Int
    /// The plugin's place in the list: what it is replaced by has the same.
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
    let state: LuaState
    /// The name that the remote of a call is registered under; the host knows.
    var remoteName: (HookSubject) -> String? = { _ in nil }
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
    /// The declarations that say which names go.
    var dated: HookTable

    init(_ table: HookTable, state: LuaState) {
        (self.table, self.state, dated) = (table, state, table)
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

    /// Whether some plugin's listeners are called has changed.
    func recompile() {
        for store in stores { store.recompile() }
    }

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
        return list.isEmpty ? .nil : try list.nested { try call(list, arguments()).result }
    }

    /// Calls the listeners one after another, each awaited. `false` stops and is the result.
    @discardableResult
    @inline(__always)
    func emit<A>(_ hook: AsyncHook<A>, _ arguments: @autoclosure () -> A) async throws -> LuaValue {
        let list = taps(hook)
        guard !list.isEmpty else { return .nil }
        // Called straight from here: one more async frame takes 250 instructions.
        var dispatch = Dispatch(arguments())
        try await list.callAsync(&dispatch, of: self)
        return dispatch.result
    }

    /// Hands the arguments from listener to listener and returns what the last one left.
    @inline(__always)
    func emit<A>(_ hook: SyncWaterfallHook<A>, _ arguments: A) throws -> A {
        let list = taps(hook)
        return list.isEmpty ? arguments : try list.nested { try call(list, arguments).arguments }
    }

    /// Hands the arguments from listener to listener, each awaited, and returns what the last one left.
    @inline(__always)
    func emit<A>(_ hook: AsyncWaterfallHook<A>, _ arguments: A) async throws -> A {
        let list = taps(hook)
        guard !list.isEmpty else { return arguments }
        var dispatch = Dispatch(arguments)
        try await list.callAsync(&dispatch, of: self)
        return dispatch.arguments
    }

    private func call<A>(_ list: TapList<A>, _ arguments: A) throws -> Dispatch<A> {
        var dispatch = Dispatch(arguments)
        try list.call(&dispatch, of: self)
        return dispatch
    }
}
