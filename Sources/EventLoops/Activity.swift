internal import Diagnostics

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
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// The innermost activity of the running task.
    @TaskLocal public static var current: Activity?

    /// What an activity is, as far as circles are concerned.
    public enum Kind: Sendable {
        /// It is named in messages.
        case named
        /// A part of the activities of `owner`: it is named where none of them stands beside it in the circle.
        case part(of: String)
        /// Listeners of a hook that are called one after another, and the plugin of each: what a listener loads again may
        /// end, so its depth is limited instead.
        case listeners(of: String, plugin: @Sendable (Int) -> String?)

        var isListeners: Bool { if case .listeners = self { true } else { false } }
    }

    /// Recognises activities that do the same: one within the other would begin a third, and so on.
    public struct Key: Hashable, Sendable {
        let object: ObjectIdentifier
        let name: String

        /// The key of something that belongs to an object.
        public init(_ name: String, of object: AnyObject) {
            (self.name, self.object) = (name, ObjectIdentifier(object))
        }
    }

    /// How many listeners may wait for one another.
    public static let listenerLimit = 200

    let kind: Kind
    private let makeName: @Sendable () -> String
    private let key: Key?
    private var waitsFor: [Activity] = []
    private var waiters: [Activity] = []
    /// Which of the listeners runs.
    public var listener = 0
    /// In a worker: the request of its host that it answers; 0: none.
    private let request: UInt64
    /// Of the outermost of listeners within one another: they went too deep, and unwind.
    private var isUnwinding = false

    /// What messages call it.
    public var name: String { makeName() }

    /// Describes an activity.
    ///
    /// - Parameters:
    ///   - name: What messages call it; asked for when there is something to tell.
    ///   - kind: How it counts in circles.
    ///   - key: What it has in common with others that do the same; nil when no other does.
    public init(_ name: @autoclosure @escaping @Sendable () -> String, _ kind: Kind = .named, key: Key? = nil) {
        makeName = name
        self.kind = kind
        self.key = key
        request = 0
    }

    /// Describes a request of another process, in the one that answers it.
    public init(request: UInt64) {
        makeName = { "request \(request)" }
        kind = .named
        key = nil
        self.request = request
    }

    /// The request of another process that waits for this activity; 0: none does.
    public var requestServed: UInt64 {
        if request != 0 || waiters.isEmpty { return request }
        return closure { $0.waiters }.activities.first { $0.request != 0 }?.request ?? 0
    }

    /// Describes what is done in the course of another activity, and ends no sooner than that goes on.
    public convenience init(_ name: @autoclosure @escaping @Sendable () -> String, within outer: Activity?) {
        self.init(name())
        if let outer { waitsFor = [outer] }
    }

    /// Describes listeners of a hook.
    ///
    /// - Parameter plugin: The plugin that a listener belongs to, by its place among them.
    public convenience init(listenersOf hook: String, plugin: @escaping @Sendable (Int) -> String?) {
        self.init("hook `\(hook)`", .listeners(of: hook, plugin: plugin))
    }

    // MARK: - Waiting

    /// Runs a body as this activity, for which the running task's activity waits meanwhile.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when the same is under way further out, `LOAD-002`
    ///   when listeners wait for one another too deeply.
    public func run<T>(_ body: () async throws -> T) async throws -> T {
        try await awaited {
            try checkDepth()
            return try await Activity.$current.withValue(self, operation: body)
        }
    }

    /// Runs a body that does not wait as this activity.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when the same is under way further out.
    public func runNow<T>(_ body: () throws -> T) throws -> T {
        guard let outer = Activity.current else { return try Activity.$current.withValue(self, operation: body) }
        if let circle = circle(from: outer) { throw MFError.waitCircle(circle) }
        note(outer)
        defer { forget(outer) }
        return try Activity.$current.withValue(self, operation: body)
    }

    /// Runs a body that waits for the end of this activity.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-001` when this activity waits for the running task's.
    public func awaited<T>(_ body: () async throws -> T) async throws -> T {
        guard let waiter = Activity.current else { return try await body() }
        if let circle = circle(from: waiter) { throw MFError.waitCircle(circle) }
        note(waiter)
        defer { forget(waiter) }
        return try await body()
    }

    private func note(_ waiter: Activity) {
        waiter.waitsFor.append(self)
        waiters.append(waiter)
    }

    private func forget(_ waiter: Activity) {
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
        // The same again, further out. What lies beyond a listener does not count: its depth does.
        let behind = waiter.closure { $0.kind.isListeners ? [] : $0.waiters }
        for outer in behind.activities where outer.key != nil {
            guard let inner = ahead.activities.first(where: { $0.key == outer.key }) else { continue }
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

    // MARK: - Walking

    /// The activities that are reached from one, nearest first, and the way to each.
    private struct Closure {
        var activities: [Activity] = []
        var previous: [ObjectIdentifier: Activity] = [:]

        /// From the first activity to another.
        func path(to last: Activity) -> [Activity]? {
            guard let first = activities.first else { return nil }
            var path = [last]
            while let here = path.last, here !== first {
                guard let next = previous[ObjectIdentifier(here)] else { return nil }
                path.append(next)
            }
            return path.reversed()
        }
    }

    private func closure(_ next: (Activity) -> [Activity]) -> Closure {
        var closure = Closure()
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        closure.activities = [self]
        var position = 0
        while position < closure.activities.count {
            let here = closure.activities[position]
            position += 1
            for other in next(here) where seen.insert(ObjectIdentifier(other)).inserted {
                closure.previous[ObjectIdentifier(other)] = here
                closure.activities.append(other)
            }
        }
        return closure
    }
}

extension Activity {
    /// What it waits for, and what that waits for: `task 1 -> share `lib``.
    public var waitText: String {
        closure { Array($0.waitsFor.prefix(1)) }.activities.map(\.name).joined(separator: " -> ")
    }
}

extension [Activity] {
    fileprivate mutating func removeLast(of activity: Activity) {
        if let index = lastIndex(where: { $0 === activity }) { remove(at: index) }
    }

    /// The names of a circle whose first activity stands at the end again: `a/x -> b/x -> a/x`.
    fileprivate var circleText: String {
        let circle = dropLast()
        // A part goes without saying where the activity before it in the circle is of the same owner.
        let told = circle.enumerated().filter { index, activity in
            guard case .part(let owner) = activity.kind else { return true }
            let before = circle[(index + circle.count - 1) % circle.count]
            return !before.name.hasPrefix(owner + "/")
        }.map(\.element.name)
        let names = told.isEmpty ? circle.map(\.name) : told
        return (names + names.prefix(1)).joined(separator: " -> ")
    }
}

extension MFError {
    /// What waits for itself would wait for ever.
    static func waitCircle(_ circle: [Activity]) -> MFError {
        let text = circle.circleText
        return MFError(
            .waitCircle, "circular wait: \(text)", context: [("circle", text)],
            hint: "load one of them later: inside the function that uses it")
    }

    /// Listeners that load what they were called for, and are called for that again.
    static func listenersTooDeep(_ culprit: Activity) -> MFError {
        guard case .listeners(let hook, let plugin) = culprit.kind else {
            return MFError(.listenersTooDeep, culprit.name)
        }
        let owner = plugin(culprit.listener)
        return MFError(
            .listenersTooDeep,
            "hook `\(hook)`\(owner.map { " of plugin `\($0)`" } ?? "") loads again what it was called for, "
                + "\(Activity.listenerLimit) times over",
            context: [("hook", hook), ("plugin", owner)],
            hint: "return without loading when the listener is called for its own load, or count the attempts")
    }
}
