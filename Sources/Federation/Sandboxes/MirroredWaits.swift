import Diagnostics
import EventLoops

/// The waits inside of a worker, as far as it has told of them, as part of its host's own wait-for graph.
///
/// A worker names what waits by numbers: a request of its host by its own, a task of the tenant and a module that one
/// requires by a negative one. All of
/// it may be wrong: then a circle is found that is none, in the tenant's own calls, or none that is one, and they end at
/// the tenant's `wall` limit.
final class MirroredWaits {
    private struct Wait { let waiter, awaited: Activity }
    private struct Task { weak var activity: Activity? }

    /// By what waits, then by what is waited for.
    private var waits: [Int64: [Int64: Wait]] = [:]
    /// As long as they wait, are waited for, or have asked for something that is under way.
    private var tasks: [Int64: Task] = [:]
    private(set) var count = 0

    /// The numbers of modules are below this one, those of tasks are not.
    static let firstModule: Int64 = -(1 << 40)
    /// How many waits of modules a worker tells of.
    static let mostModules = 64
    /// The most bytes of a name that a worker gives.
    static let longestName = 512

    /// A task of the worker, or a module that is loaded in it.
    ///
    /// - Parameter name: What messages call it; nil: as tasks are called.
    func task(_ number: Int64, named name: String? = nil) -> Activity {
        if let known = tasks[number]?.activity { return known }
        if tasks.count > 2 * count + 64 { tasks = tasks.filter { $0.value.activity != nil } }
        let activity = Activity(name ?? "task \(number.magnitude)")
        tasks[number] = Task(activity: activity)
        return activity
    }

    /// A wait for a task begins.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when it closes a circle.
    func begin(_ waiter: Activity, _ waiterNumber: Int64, for awaitedNumber: Int64) throws {
        guard waits[waiterNumber]?[awaitedNumber] == nil else { return }
        let awaited = task(awaitedNumber)
        try awaited.begin(waiter)
        waits[waiterNumber, default: [:]][awaitedNumber] = Wait(waiter: waiter, awaited: awaited)
        count += 1
    }

    /// A wait for a task has ended.
    func end(_ waiter: Int64, for awaited: Int64) {
        guard let wait = waits[waiter]?.removeValue(forKey: awaited) else { return }
        if waits[waiter]?.isEmpty == true { waits[waiter] = nil }
        wait.awaited.end(wait.waiter)
        count -= 1
    }

    /// What waited is at its end.
    func endAll(of waiter: Int64) {
        for awaited in (waits[waiter] ?? [:]).keys { end(waiter, for: awaited) }
    }

    /// The worker is at its end.
    func removeAll() {
        for waiter in Array(waits.keys) { endAll(of: waiter) }
        tasks.removeAll()
    }

    deinit { removeAll() }
}
