package import Diagnostics
internal import Synchronization

/// Something under way that others may wait for: a script, a load, a share, a task, a module that is being required.
///
/// Activities and the waits between them are the *wait-for graph*. A wait that would close a circle of it would never
/// end, so it throws `LOAD-001` instead and names the circle. Nothing is recorded for calls that end without waiting.
///
/// ```swift
/// let load = Activity("a/x", key: .init("a/x"))
/// try await load.run { … }                    // the running task's activity waits for the load
/// ```
public final class Activity: @unchecked Sendable {
    // Constants, but for the waits and `listener`: these are reached through `current` alone, which passes over activities of
    // other loops.

    /// The innermost activity that the running task has begun, on whatever loop.
    @TaskLocal package static var running: Activity?

    /// The innermost activity of the running task. One of another loop is none: its waits are that loop's to read and write.
    package static var current: Activity? {
        guard let running, running.loop == EventLoop.current else { return nil }
        return running
    }

    /// What an activity is, as far as circles are concerned.
    package enum Kind: Sendable {
        /// It is named in messages.
        case named
        /// A task of `mf.spawn`.
        case task
        /// A part of the activities of `owner`: it is named where none of them stands beside it in the circle.
        case part(of: String)
        /// Listeners of a hook that are called one after another, and the plugin of each: what a listener loads again may
        /// end, so its depth is limited instead.
        case listeners(of: String, plugin: @Sendable (Int) -> String?)

        var isListeners: Bool { if case .listeners = self { true } else { false } }
        var isTask: Bool { if case .task = self { true } else { false } }
    }

    /// Recognises activities that do the same: one within the other would begin a third, and so on.
    package struct Key: Hashable, Sendable {
        let object: ObjectIdentifier
        let name: String

        /// The key of something that belongs to an object.
        package init(_ name: String, of object: AnyObject) {
            (self.name, self.object) = (name, ObjectIdentifier(object))
        }
    }

    /// How many listeners may wait for one another.
    package static let listenerLimit = 200

    /// The loop that it was made on.
    private let loop = EventLoop.current
    let kind: Kind
    /// What another process knows it by; 0: it knows nothing of it.
    package let number: Int64
    /// What it was begun in the course of; told where it waits for nothing.
    let outer: Activity?
    private let makeName: @Sendable () -> String
    private let key: Key?
    /// Tells which of two that have a key came first.
    private let order: Int
    private static let lastOrder = Atomic<Int>(0)
    private(set) var waitsFor: [Activity] = []
    private(set) var waiters: [Activity] = []
    /// Which of the listeners runs.
    package var listener = 0
    /// Of the outermost of listeners within one another: they went too deep, and unwind.
    private var isUnwinding = false

    /// What messages call it.
    package var name: String {
        guard case .listeners(_, let plugin) = kind, let plugin = plugin(listener) else { return makeName() }
        return "\(makeName()) of plugin `\(plugin)`"
    }

    /// Describes an activity.
    ///
    /// - Parameters:
    ///   - name: What messages call it; asked for when there is something to tell.
    ///   - kind: How it counts in circles.
    ///   - key: What it has in common with others that do the same; nil when no other does.
    ///   - number: What another process knows it by.
    ///   - outer: What it is begun in the course of; told where it waits for nothing.
    package init(
        _ name: @autoclosure @escaping @Sendable () -> String, _ kind: Kind = .named, key: Key? = nil,
        number: Int64 = 0, within outer: Activity? = nil
    ) {
        makeName = name
        self.kind = kind
        self.key = key
        order = key == nil ? 0 : Self.lastOrder.wrappingAdd(1, ordering: .relaxed).newValue
        self.number = number
        self.outer = outer
    }

    /// Describes listeners of a hook.
    ///
    /// - Parameter plugin: The plugin that a listener belongs to, by its place among them.
    package convenience init(listenersOf hook: String, plugin: @escaping @Sendable (Int) -> String?) {
        self.init("hook `\(hook)`", .listeners(of: hook, plugin: plugin))
    }

    // MARK: - Waiting

    /// Runs a body as this activity, for which the running task's activity waits meanwhile.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when the same is under way further out, `LOAD-002`
    ///   when listeners wait for one another too deeply.
    package func run<T>(_ body: () async throws -> T) async throws -> T {
        try await awaited {
            try checkDepth()
            return try await Activity.$running.withValue(self, operation: body)
        }
    }

    /// Runs a body that does not wait as this activity.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when the same is under way further out.
    package func runNow<T>(_ body: () throws -> T) throws -> T {
        guard let outer = Activity.current else { return try Activity.$running.withValue(self, operation: body) }
        try begin(outer)
        defer { end(outer) }
        return try Activity.$running.withValue(self, operation: body)
    }

    /// Runs a body that waits for the end of this activity.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when this activity waits for the running task's.
    package func awaited<T>(_ body: () async throws -> T) async throws -> T {
        guard let waiter = Activity.current else { return try await body() }
        try begin(waiter)
        defer { end(waiter) }
        return try await body()
    }

    /// Begins a wait for this activity; ``end(_:)`` ends it.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when this activity waits for the waiter; then no wait has begun.
    package func begin(_ waiter: Activity) throws {
        if let circle = circle(from: waiter) { throw MFError.waitCircle(circle) }
        waiter.waitsFor.append(self)
        waiters.append(waiter)
    }

    /// Ends a wait for this activity.
    package func end(_ waiter: Activity) {
        waiter.waitsFor.removeLast(of: self)
        waiters.removeLast(of: waiter)
    }

    /// The activities of the circle that a wait of `waiter` for this one would close, the first again at the end.
    private func circle(from waiter: Activity) -> [Activity]? {
        if waiter === self { return [self, self] }
        // What has only begun waits for nothing.
        if waitsFor.isEmpty, key == nil { return nil }
        let ahead = closure { $0.waitsFor }
        if let back = ahead.path(to: waiter) { return back + [self] }
        guard ahead.activities.contains(where: { $0.key != nil }) else { return nil }
        // The same again, further out. What lies beyond a listener does not count: its depth does. One that came before
        // the outer one is no repetition: the outer one joins it.
        let behind = waiter.closure { $0.kind.isListeners ? [] : $0.waiters }
        for outer in behind.activities where outer.key != nil {
            guard let inner = ahead.activities.first(where: { $0.key == outer.key && $0.order >= outer.order }) else {
                continue
            }
            return (behind.path(to: outer) ?? []).reversed() + (ahead.path(to: inner) ?? [])
        }
        return nil
    }

    /// Limits how deeply listeners wait for one another.
    private func checkDepth() throws {
        guard kind.isListeners, waiters.contains(where: { $0.kind.isListeners || !$0.waiters.isEmpty }) else { return }
        let nested = closure { $0.waiters }.activities.filter(\.kind.isListeners)
        guard nested.count > 1, let outermost = nested.last else { return }
        if nested.count > Self.listenerLimit { outermost.isUnwinding = true }
        // All that are further in fail at once: trying again at each depth would take for ever.
        if outermost.isUnwinding { throw MFError.listenersTooDeep(nested[1]) }
    }
}

extension [Activity] {
    fileprivate mutating func removeLast(of activity: Activity) {
        if let index = lastIndex(where: { $0 === activity }) { remove(at: index) }
    }
}

extension MFError {
    /// Whether a load would not end by itself: whatever fails for it fails with this error and no other around it.
    package var isOfEndlessLoad: Bool { code == .waitCircle || code == .listenersTooDeep }

    /// What waits for itself would wait for ever.
    static func waitCircle(_ circle: [Activity]) -> MFError {
        let text = circle.circleText
        return MFError(
            .waitCircle, "circular wait: \(text)", context: [("circle", text)],
            hint: circle.allSatisfy(\.kind.isTask)
                ? "let one of the tasks end without waiting for the other"
                : "load one of them later: inside the function that uses it")
    }

    /// Listeners that load what they were called for, and are called for that again.
    static func listenersTooDeep(_ culprit: Activity) -> MFError {
        guard case .listeners(let hook, let plugin) = culprit.kind else {
            return MFError(.listenersTooDeep, culprit.name)
        }
        return listenersTooDeep(hook, plugin: plugin(culprit.listener), depth: Activity.listenerLimit)
    }

    /// Listeners of a hook that repeat what they were called for, so that they are called for it again.
    package static func listenersTooDeep(_ hook: String, plugin owner: String?, depth: Int) -> MFError {
        MFError(
            .listenersTooDeep,
            "hook `\(hook)`\(owner.map { " of plugin `\($0)`" } ?? "") repeatedly loads what it is called for, "
                + "\(depth) levels deep",
            context: [("hook", hook), ("plugin", owner)],
            hint: "return early when the listener is called for its own load, or limit the attempts")
    }
}
