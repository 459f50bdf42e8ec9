package import Diagnostics

/// Is told of waits between activities of one process, where others of its circles run in another.
package protocol ActivityObserver: AnyObject {
    /// A wait begins; ``end(_:for:)`` ends it.
    ///
    /// - Parameter fail: Is called with `LOAD-001` when the wait closes a circle.
    func begin(_ waiter: Activity, for awaited: Activity, fail: @escaping @Sendable (MFError) -> Void)

    /// A wait has ended.
    func end(_ waiter: Activity, for awaited: Activity)

    /// Whatever an activity has waited for, and what has waited for it, does so no longer.
    func endAll(of activity: Activity)
}
