/// Passes over a plugin that keeps failing, and tries it again later.
///
/// It is told the time, and keeps none of its own.
struct Breaker: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum State: Sendable, Equatable {
        /// Calls go through. The times of the failures since the last success.
        case closed([Instant])
        /// Nothing goes through until then; the pause has this length.
        case open(until: Instant, pause: Duration)
        /// One call is under way that decides.
        case trying(pause: Duration)
    }

    static let longestPause = Duration.seconds(600)

    let rule: PluginPolicy.Trip
    private(set) var state = State.closed([])

    init(_ rule: PluginPolicy.Trip) { self.rule = rule }

    /// Whether a call goes through now; where it is the one that tries, it has to be told of its end.
    mutating func admits(at now: Instant) -> Bool {
        switch state {
        case .closed: return true
        case .trying: return false
        case .open(let until, let pause):
            guard now >= until else { return false }
            state = .trying(pause: pause)
            return true
        }
    }

    /// - Returns: Whether it has closed.
    @discardableResult
    mutating func succeed() -> Bool {
        switch state {
        case .closed(let failures) where failures.isEmpty: return false
        case .closed:
            state = .closed([])
            return false
        case .trying:
            state = .closed([])
            return true
        // A call that began before it opened.
        case .open: return false
        }
    }

    /// - Returns: Whether it has opened.
    mutating func fail(at now: Instant) -> Bool {
        switch state {
        case .closed(var failures):
            failures.append(now)
            failures.removeAll { $0.duration(to: now) > rule.window }
            guard failures.count >= rule.errors else {
                state = .closed(failures)
                return false
            }
            state = .open(until: now + rule.open, pause: rule.open)
            return true
        case .trying(let pause):
            let next = min(pause * 2, Self.longestPause)
            state = .open(until: now + next, pause: next)
            return true
        case .open: return false
        }
    }

    /// A call that was to try has ended without a verdict, such as one whose task was cancelled.
    mutating func withdraw(at now: Instant) {
        if case .trying(let pause) = state { state = .open(until: now, pause: pause) }
    }

    mutating func reset() { state = .closed([]) }

    var isOpen: Bool { if case .closed = state { false } else { true } }
}
