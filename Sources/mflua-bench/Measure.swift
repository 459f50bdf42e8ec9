/// Timing by repetition: of several runs the shortest is the least disturbed.
enum Measure {
    private static let clock = ContinuousClock()

    /// Nanoseconds that one run of the body takes, at best.
    static func best(of runs: Int, _ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<runs { best = min(best, nanoseconds(try clock.measure(body))) }
        return best
    }

    /// The same for a body that waits.
    static func bestAwaited(of runs: Int, _ body: () async throws -> Void) async rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<runs {
            let start = clock.now
            try await body()
            best = min(best, nanoseconds(clock.now - start))
        }
        return best
    }

    /// Nanoseconds of one call, when `times` calls are one run and the best of `runs` runs counts.
    static func each(_ times: Int, runs: Int = 7, _ body: () throws -> Void) rethrows -> Double {
        try best(of: runs) { for _ in 0..<times { try body() } } / Double(times)
    }

    /// The best of several values that somebody else measured.
    static func least(of runs: Int, _ value: () throws -> Double) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<runs { best = min(best, try value()) }
        return best
    }

    /// The value that a share of all values does not exceed.
    static func percentile(_ share: Double, of values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .infinity }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    static func nanoseconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
    }
}
