internal import CEventLoop
internal import Synchronization

/// The monotonic clock, which can be put forward: what waits for hours is tested in milliseconds.
///
/// ```swift
/// let loop = try EventLoop.start(clock: LoopClock())
/// await loop.advance(by: .seconds(3600))
/// ```
public final class LoopClock: Sendable {
    private let skipped = Atomic<Int64>(0)

    /// A clock that shows the system's time until it is put forward.
    public init() {}

    /// How far it has been put forward.
    var lead: Duration { .nanoseconds(skipped.load(ordering: .acquiring)) }

    /// Nanoseconds of the monotonic clock.
    var nanoseconds: Int64 { mf_monotonic_now() + skipped.load(ordering: .acquiring) }

    /// Puts the clock forward to a time; one that has passed is no change.
    func advance(to nanoseconds: Int64) {
        let missing = nanoseconds - self.nanoseconds
        if missing > 0 { skipped.add(missing, ordering: .acquiringAndReleasing) }
    }
}

extension EventLoop {
    /// Puts the clock of the loop forward. Timers that become due on the way run at their own time, in their order, and
    /// what they begin runs before the next. On the loop only.
    ///
    /// - Precondition: The loop was started with a clock.
    public func advance(by duration: Duration) async {
        checkOnLoop()
        guard let clock else { preconditionFailure("the loop `\(name)` goes by the system's clock") }
        // What was begun before counts its time from before.
        await settle()
        let end = deadline(after: duration)
        while let next = timers.nextDeadline(), next <= end {
            clock.advance(to: next)
            await settle()
        }
        clock.advance(to: end)
        await settle()
    }

    /// Lets everything run that can.
    private func settle() async {
        repeat { await yieldToIO() } while !queue.isEmpty || !turns.isEmpty
    }
}
