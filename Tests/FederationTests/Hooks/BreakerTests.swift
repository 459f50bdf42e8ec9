import Testing

@testable import Federation

/// When a plugin that keeps failing is passed over, told by a clock of the test's own.
@Suite struct BreakerTests {
    private enum Step {
        /// A call is asked for at this second; whether it goes through.
        case call(Int, Bool)
        case succeed
        /// A failure at this second; whether the breaker opens by it.
        case fail(Int, Bool)
        case withdraw(Int)
        case reset
    }

    private static let rule = PluginPolicy.Trip(errors: 3, window: .seconds(10), open: .seconds(5))

    private static let courses: [(name: String, steps: [Step])] = [
        ("opens after three failures in a row", [.fail(0, false), .fail(1, false), .fail(2, true), .call(3, false)]),
        (
            "a success between starts anew",
            [.fail(0, false), .fail(1, false), .succeed, .fail(2, false), .fail(3, false), .call(3, true)]
        ),
        (
            "failures outside of the window do not count",
            [.fail(0, false), .fail(1, false), .fail(12, false), .call(12, true)]
        ),
        (
            "after the pause one call tries, the others wait",
            [.fail(0, false), .fail(0, false), .fail(0, true), .call(4, false), .call(5, true), .call(5, false)]
        ),
        (
            "a try that succeeds closes it",
            [
                .fail(0, false), .fail(0, false), .fail(0, true), .call(5, true), .succeed, .call(5, true),
                .fail(6, false),
            ]
        ),
        (
            "a try that fails doubles the pause",
            [
                .fail(0, false), .fail(0, false), .fail(0, true), .call(5, true), .fail(5, true), .call(14, false),
                .call(15, true), .fail(15, true), .call(34, false), .call(35, true),
            ]
        ),
        (
            "a try without a verdict leaves the next one to try",
            [.fail(0, false), .fail(0, false), .fail(0, true), .call(5, true), .withdraw(6), .call(6, true)]
        ),
        (
            "what began before it opened does not close it",
            [.fail(0, false), .fail(0, false), .fail(0, true), .succeed, .call(1, false)]
        ),
        ("it can be reset", [.fail(0, false), .fail(0, false), .fail(0, true), .reset, .call(1, true)]),
    ]

    @Test(arguments: courses.map(\.name)) func passesOverWhatKeepsFailing(course: String) throws {
        let steps = try #require(Self.courses.first { $0.name == course }).steps
        var breaker = Breaker(Self.rule)
        let start = ContinuousClock.now
        for (index, step) in steps.enumerated() {
            switch step {
            case .call(let second, let goes):
                let admitted = breaker.admits(at: start + .seconds(second))
                #expect(admitted == goes, "step \(index)")
            case .fail(let second, let opens):
                let opened = breaker.fail(at: start + .seconds(second))
                #expect(opened == opens, "step \(index)")
            case .succeed: breaker.succeed()
            case .withdraw(let second): breaker.withdraw(at: start + .seconds(second))
            case .reset: breaker.reset()
            }
        }
    }

    @Test func thePauseEndsAtTenMinutes() {
        var breaker = Breaker(PluginPolicy.Trip(errors: 1, window: .seconds(1), open: .seconds(400)))
        let start = ContinuousClock.now
        _ = breaker.fail(at: start)
        let tries = breaker.admits(at: start + .seconds(400))
        _ = breaker.fail(at: start + .seconds(400))
        let (early, late) = (breaker.admits(at: start + .seconds(999)), breaker.admits(at: start + .seconds(1000)))
        #expect((tries, early, late) == (true, false, true))
    }
}
