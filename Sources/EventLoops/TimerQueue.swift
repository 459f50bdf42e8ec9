internal import HeapModule

/// Names a timer that was scheduled, so that it can be cancelled.
public struct TimerID: Hashable, Sendable {
    let number: UInt64
}

/// Timers by deadline; those of one deadline in the order they were added.
///
/// A cancelled timer leaves its entry in the heap, to be skipped when it is due. When such entries are the majority,
/// the heap is made anew: so cancelling costs O(log n) over time, and thousands of timeouts that never come do not
/// pile up.
struct TimerQueue {
    enum Action {
        case call(() -> Void)
        case resume(UnsafeContinuation<Void, any Error>)
    }

    private struct Entry: Comparable {
        let deadline: Int64
        let number: UInt64

        static func < (a: Entry, b: Entry) -> Bool {
            (a.deadline, a.number) < (b.deadline, b.number)
        }
    }

    private var heap = Heap<Entry>()
    private var actions: [UInt64: Action] = [:]
    /// Those of ``actions`` that nobody waits for.
    private var background: Set<UInt64> = []
    private var nextNumber: UInt64 = 1

    var isEmpty: Bool { actions.isEmpty }

    /// Whether somebody waits for one of them.
    var isAwaited: Bool { actions.count > background.count }

    /// How many entries are kept, cancelled ones included.
    var entryCount: Int { heap.count }

    mutating func add(deadline: Int64, isBackground: Bool = false, _ action: Action) -> TimerID {
        let number = nextNumber
        nextNumber += 1
        heap.insert(Entry(deadline: deadline, number: number))
        actions[number] = action
        if isBackground { background.insert(number) }
        return TimerID(number: number)
    }

    /// Takes a timer out; nil when it has fired or was removed before.
    @discardableResult mutating func remove(_ timer: TimerID) -> Action? {
        guard let action = take(timer.number) else { return nil }
        if actions.isEmpty {
            heap = Heap()
        } else if heap.count > 64, heap.count > 2 * actions.count {
            let live = actions
            heap = Heap(heap.unordered.filter { live[$0.number] != nil })
        }
        return action
    }

    mutating func removeAll() -> [Action] {
        let all = actions.sorted { $0.key < $1.key }.map(\.value)
        actions = [:]
        background = []
        heap = Heap()
        return all
    }

    private mutating func take(_ number: UInt64) -> Action? {
        background.remove(number)
        return actions.removeValue(forKey: number)
    }

    /// When the next timer is due; nil when there is none.
    mutating func nextDeadline() -> Int64? {
        while let entry = heap.min {
            if actions[entry.number] != nil { return entry.deadline }
            heap.removeMin()
        }
        return nil
    }

    /// The number that the next timer will get: those added from now on are not below it.
    var horizon: UInt64 { nextNumber }

    /// Takes out the first timer that is due and was added before the horizon.
    mutating func popDue(at now: Int64, before horizon: UInt64) -> Action? {
        guard let deadline = nextDeadline(), deadline <= now, let entry = heap.min, entry.number < horizon else {
            return nil
        }
        heap.removeMin()
        return take(entry.number)
    }
}
