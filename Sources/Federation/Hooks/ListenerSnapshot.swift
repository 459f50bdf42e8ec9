import EventLoops

/// A host's listeners as they were at one moment of its reloads.
///
/// A load that is under way while a plugin is replaced goes on with the view it began with, through all of its hooks.
final class ListenerSnapshot: @unchecked Sendable {
    // `pins` and `closing` are counted by loads of one host, at their beginning and end, on its loop.

    /// The listeners of each hook, at the hook's index.
    let lists: [any AnyTapList]
    /// How many loads go on with this view.
    var pins = 0
    /// The generations that ended with this view: closed when the last load has let go of it.
    var closing: [Lifetime] = []

    init(_ lists: [any AnyTapList]) { self.lists = lists }

    func close() {
        for scope in closing { scope.close() }
        closing = []
    }
}

/// The views that the running task's loads began with, one a host.
final class PinnedView: Sendable {
    @TaskLocal static var current: PinnedView?

    private let bus: ObjectIdentifier
    let view: ListenerSnapshot
    private let outer: PinnedView?

    init(_ view: ListenerSnapshot, of bus: HookBus, outer: PinnedView?) {
        self.bus = ObjectIdentifier(bus)
        self.view = view
        self.outer = outer
    }

    /// The view that a load of this task began with.
    static func view(of bus: HookBus) -> ListenerSnapshot? {
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

    private func unpin(_ view: ListenerSnapshot) {
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
        _ old: PluginID, hooks: [String], ending scope: Lifetime, listen: (String, any AnyTapList) -> Void
    ) {
        var lists = view.lists
        let wanted = Set(hooks.compactMap { table.named[$0]?.index })
        for index in lists.indices where wanted.contains(index) || lists[index].holds(old) {
            lists[index] = lists[index].copy()
            lists[index].remove(owner: old)
        }
        let next = ListenerSnapshot(lists)
        for name in hooks {
            if let hook = table.named[name] { listen(name, next.lists[hook.index]) }
        }
        let last = view
        view = next
        if last.pins > 0 { olderViews.append(last) }
        end(scope, of: last)
    }

    /// Ends what a generation owns, but for what loads under way may wait for.
    func end(_ scope: Lifetime, of view: ListenerSnapshot? = nil) {
        let view = view ?? self.view
        scope.leave()
        if view.pins > 0 { view.closing.append(scope) } else { scope.close() }
    }
}
