/// Runs scenarios, several at a time, and judges their traces.
struct Conformance: Sendable {
    let scenarios: [Scenario]
    /// Counts a difference also where a defect of the recorded runtime is pinned.
    var isStrict = false
    /// Prints each trace.
    var showsTraces = false
    /// How many run at the same time.
    var jobs = 4

    /// The outcomes, in the order of the scenarios.
    func run() async throws -> [Outcome] {
        var outcomes = [Outcome?](repeating: nil, count: scenarios.count)
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var next = 0
            func startNext() {
                guard next < scenarios.count else { return }
                let index = next
                next += 1
                group.addTask { (index, await judge(scenarios[index])) }
            }
            for _ in 0..<jobs { startNext() }
            for await (index, outcome) in group {
                outcomes[index] = outcome
                startNext()
            }
        }
        return outcomes.compactMap { $0 }
    }

    /// Runs one scenario and compares its trace.
    func judge(_ scenario: Scenario) async -> Outcome {
        let clock = ContinuousClock()
        let start = clock.now
        let result = await result(of: scenario)
        return Outcome(suite: "scenarios", name: scenario.name, result: result, duration: clock.now - start)
    }

    private func result(of scenario: Scenario) async -> Outcome.Result {
        let run = ScenarioRun(scenario)
        do {
            let trace = try await run.traceWithinLimit()
            if showsTraces { print("== \(scenario.name)\n\(trace)", terminator: "") }
            guard let expected = scenario.expected else { return .failed("  there is no expected trace") }
            let difference = try TraceDifference.first(
                expected: expected, actual: trace, fromBrowser: scenario.isFromBrowser)
            guard let difference else { return .passed }
            if let defect = scenario.defect, !isStrict { return .allowed(defect) }
            return .failed(difference.rendered())
        } catch {
            if showsTraces { print("== \(scenario.name)\n\(run.partialTrace)") }
            return .failed("  the scenario could not be run: \(error)")
        }
    }
}
