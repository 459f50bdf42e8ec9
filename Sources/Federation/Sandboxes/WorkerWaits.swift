import Diagnostics
import EventLoops
import LuaBridge

/// The waits for tasks and modules inside of a worker. Its host is told of those that can be part of a circle through it.
///
/// A circle through the host needs a request to it. So a wait is told when what is waited for, directly or by what it waits
/// for in turn, has asked the host for something that is not answered: with the request or, where the wait begins later,
/// then. Everything else stays in the worker, and costs nothing.
final class WorkerWaits: ActivityObserver {
    private struct Wait: Hashable {
        let waiter, awaited: Int64

        var isOfModule: Bool { min(waiter, awaited) < MirroredWaits.firstModule }
    }

    private unowned let peer: TenantPeer
    private let loop: EventLoop
    /// How many requests of an activity the host has not answered.
    private var asking: [ObjectIdentifier: Int] = [:]
    /// What the host knows.
    private var told: Set<Wait> = []
    /// How many of these are waits of modules, or for them.
    private var toldModules = 0

    init(_ peer: TenantPeer, _ loop: EventLoop) { (self.peer, self.loop) = (peer, loop) }

    // MARK: - Requests

    /// An activity is about to ask the host for something.
    func ask(_ activity: Activity) {
        asking[ObjectIdentifier(activity), default: 0] += 1
        tellWaits(behind: activity)
    }

    /// A request of an activity is answered, or nobody waits for its answer any more.
    func answered(_ activity: Activity) {
        let left = asking[ObjectIdentifier(activity), default: 1] - 1
        asking[ObjectIdentifier(activity)] = left > 0 ? left : nil
    }

    // MARK: - Waits

    /// A wait for a task begins; ``end(_:for:)`` ends it.
    ///
    /// - Parameter fail: Is called with `LOAD-001` when the wait closes a circle through the host.
    func begin(_ waiter: Activity, for awaited: Activity, fail: @escaping @Sendable (MFError) -> Void) {
        guard awaited.waits(forOne: { asking[ObjectIdentifier($0)] != nil }) else { return }
        tellWaits(behind: waiter)
        guard let verdict = tell(waiter, awaited) else { return }
        loop.start {
            do { _ = try await verdict.finish() } catch let error as MFError { fail(error) }
        }
    }

    /// A wait for a task has ended.
    func end(_ waiter: Activity, for awaited: Activity) {
        end(Wait(waiter: waiter.number, awaited: awaited.number))
    }

    /// Whatever an activity has waited for, and what has waited for it, does so no longer.
    func endAll(of activity: Activity) {
        if told.isEmpty { return }
        for wait in told where wait.waiter == activity.number || wait.awaited == activity.number { end(wait) }
    }

    private func end(_ wait: Wait) {
        guard told.remove(wait) != nil else { return }
        if wait.isOfModule { toldModules -= 1 }
        peer.tell("waited", [.integer(wait.waiter), .integer(wait.awaited)])
    }

    /// Tells of the waits that lead to an activity which did not ask for anything until now: none of them closes a circle,
    /// as the host does not know yet that the activity waits.
    private func tellWaits(behind activity: Activity) {
        for (waiter, awaited) in activity.waitsBehind { tell(waiter, awaited) }
    }

    /// Tells of a wait that the host does not know.
    @discardableResult private func tell(_ waiter: Activity, _ awaited: Activity) -> CallOutcome? {
        let wait = Wait(waiter: waiter.number, awaited: awaited.number)
        guard waiter.number != 0, awaited.number != 0 else { return nil }
        if wait.isOfModule, toldModules >= MirroredWaits.mostModules { return nil }
        guard told.insert(wait).inserted else { return nil }
        if wait.isOfModule { toldModules += 1 }
        var values: LuaValues = [.integer(wait.waiter), .integer(wait.awaited)]
        if wait.awaited < MirroredWaits.firstModule { values.append(.string(awaited.name)) }
        return try? peer.ask("waits", values, by: nil, canWait: true, deadline: .zero)
    }
}
