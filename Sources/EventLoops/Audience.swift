internal import Synchronization

/// Those who wait for work that others may wait for, too: what computes for nobody any more can be stopped.
///
/// A caller whose deadline has passed cannot be told so on the loop as long as the work keeps the loop's thread busy. So
/// who waits is counted under a lock, and code that is interrupted asks whether it is still wanted.
package final class Audience: Sendable {
    /// Of the work that the running task does.
    @TaskLocal static var current: Audience?

    private struct State {
        /// What each of those who wait does it for; nil for a caller of its own.
        var waiters: [Int: Audience?] = [:]
        var hasBegun = false
    }

    private let state = Mutex(State())
    /// Set when the work has ended: what it has left behind, such as tasks, is nobody's to stop.
    let isOver = OnceFlag()

    func join(_ number: Int) {
        let current = Audience.current
        state.withLock {
            $0.waiters[number] = .some(current)
            $0.hasBegun = true
        }
    }

    /// Somebody does not wait any more.
    ///
    /// - Returns: Whether that was the last one, before the work has ended.
    func leave(_ number: Int) -> Bool {
        state.withLock {
            $0.waiters.removeValue(forKey: number)
            return $0.waiters.isEmpty && !isOver.isSet
        }
    }

    /// The work has ended. Those who waited are let go: a task that the work has started, and that waited for it, is one of
    /// its own audience, which would keep itself for ever.
    func end() {
        isOver.set()
        state.withLock { $0.waiters.removeAll() }
    }

    /// Whether somebody still waits, or nobody ever has.
    private var isWanted: Bool {
        let state = state.withLock { $0 }
        if isOver.isSet || !state.hasBegun { return true }
        return state.waiters.values.contains { $0?.isWanted ?? true }
    }

    /// Whether all who waited for what the running task does have given up.
    package static var isGone: Bool { !(current?.isWanted ?? true) }
}
