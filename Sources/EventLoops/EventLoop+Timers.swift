// Confined to the loop's thread, but for what says otherwise.
extension EventLoop {
    /// Runs an action after a while. On the loop only.
    ///
    /// - Parameter isBackground: Whether it only tidies up: what waits is not woken by it (see ``onStarved``).
    /// - Returns: What ``cancel(_:)`` wants to know.
    @discardableResult public func schedule(
        after delay: Duration, isBackground: Bool = false, _ action: @escaping () -> Void
    ) -> TimerID {
        checkOnLoop()
        return timers.add(deadline: deadline(after: delay), isBackground: isBackground, .call(action))
    }

    /// Cancels a timer; one that has fired is passed over. On the loop only.
    public func cancel(_ timer: TimerID) {
        checkOnLoop()
        timers.remove(timer)
    }

    func fireTimers() {
        guard !timers.isEmpty else { return }
        let now = nanoseconds
        // Timers that these actions add wait for the next turn, so that a timer of no delay starves nobody.
        let horizon = timers.horizon
        while let action = timers.popDue(at: now, before: horizon) {
            switch action {
            case .call(let action): action()
            case .resume(let continuation): continuation.resume()
            }
        }
    }

    /// How long to wait for descriptors: not at all, until the next timer, or (-1) without end.
    func timeUntilNextTimer() -> Int64 {
        guard let deadline = timers.nextDeadline() else { return -1 }
        return max(0, deadline - nanoseconds)
    }

    func deadline(after delay: Duration) -> Int64 {
        let (seconds, attoseconds) = delay.components
        let delay = Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000)
        return Int64(clamping: max(0, Int128(nanoseconds) + delay))
    }
}
