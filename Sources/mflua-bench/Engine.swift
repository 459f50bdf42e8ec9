import Federation

/// A runtime that runs pieces of Lua and times them.
struct Engine {
    let runtime: Runtime

    func run(_ source: String) async throws {
        _ = try await runtime.evaluate(source, name: "=bench")
    }

    /// Nanoseconds of one round of a loop written in Lua, given the number of rounds.
    func each(_ rounds: Int, runs: Int = 7, _ loop: (Int) -> String) async throws -> Double {
        let source = loop(rounds)
        return try await Measure.bestAwaited(of: runs) { try await run(source) } / Double(rounds)
    }
}
