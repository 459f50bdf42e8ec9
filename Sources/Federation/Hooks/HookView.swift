/// A host's listeners as they were at one moment of its reloads.
///
/// A load that is under way while a plugin is replaced goes on with the view it began with, through all of its hooks.
final class HookView: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    private(set) var lists: [ObjectIdentifier: any AnyTapList]
    /// The same by the hooks' index: what every emission looks up.
    private(set) var ordered: [AnyObject?] = []
    /// How many loads go on with this view.
    var pins = 0
    /// The generations that ended with this view: closed when the last load has let go of it.
    var closing: [OwnerScope] = []

    init(_ lists: [ObjectIdentifier: any AnyTapList]) {
        self.lists = lists
        for hook in Lifecycle.all {
            while ordered.count <= hook.index { ordered.append(nil) }
            ordered[hook.index] = lists[hook.identity]
        }
    }

    func close() {
        for scope in closing { scope.close() }
        closing = []
    }
}

/// The views that the running task's loads began with, one a host.
final class PinnedView: Sendable {
    @TaskLocal static var current: PinnedView?

    private let bus: ObjectIdentifier
    let view: HookView
    private let outer: PinnedView?

    init(_ view: HookView, of bus: HookBus, outer: PinnedView?) {
        self.bus = ObjectIdentifier(bus)
        self.view = view
        self.outer = outer
    }

    /// The view that a load of this task began with.
    static func view(of bus: HookBus) -> HookView? {
        var pinned = current
        while let here = pinned {
            if here.bus == ObjectIdentifier(bus) { return here.view }
            pinned = here.outer
        }
        return nil
    }

    /// Whether the running task belongs to a load.
    static var isInDispatch: Bool { current != nil }
}

extension HookBus {
    /// Runs a load with the listeners that are there now, whatever is reloaded meanwhile.
    func pinned<T>(_ body: () async throws -> T) async rethrows -> T {
        guard mayReload, PinnedView.view(of: self) == nil else { return try await body() }
        let view = self.view
        view.pins += 1
        defer { unpin(view) }
        return try await PinnedView.$current.withValue(
            PinnedView(view, of: self, outer: PinnedView.current), operation: body)
    }

    private func unpin(_ view: HookView) {
        view.pins -= 1
        guard view.pins == 0 else { return }
        olderViews.removeAll { $0 === view }
        view.close()
    }

    /// Puts a plugin's new listeners in the place of its old ones.
    ///
    /// - Parameters:
    ///   - hooks: The hooks that the new version listens to.
    ///   - scope: What the old one owns; it ends, but for what loads under way may wait for.
    ///   - listen: Adds the new version's listener of a hook.
    func replace(
        _ old: PluginID, hooks: [String], ending scope: OwnerScope, listen: (String, any TapStore) -> Void
    ) {
        var lists = view.lists
        let wanted = Set(hooks.compactMap { Lifecycle.named[$0]?.identity })
        for (identity, list) in view.lists {
            guard let store = list as? any TapStore, wanted.contains(identity) || store.holds(old) else { continue }
            let copy = store.copy()
            copy.remove(owner: old)
            lists[identity] = copy
        }
        let next = HookView(lists)
        for name in hooks {
            guard let hook = Lifecycle.named[name], let store = next.lists[hook.identity] as? any TapStore else {
                continue
            }
            listen(name, store)
        }
        let last = view
        view = next
        if last.pins > 0 { olderViews.append(last) }
        end(scope, of: last)
    }

    /// Ends what a generation owns, but for what loads under way may wait for.
    func end(_ scope: OwnerScope, of view: HookView? = nil) {
        let view = view ?? self.view
        scope.leave()
        if view.pins > 0 { view.closing.append(scope) } else { scope.close() }
    }
}
