import ArgumentParser
import Glibc
import Posix

/// Runs scenarios recorded from Module Federation's own runtime against the Lua API.
@main
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mflua-conformance",
        abstract: "Run recorded scenarios against the Lua API and compare the traces.",
        discussion: """
            DIR holds `scenarios/NAME.json` and `expected/NAME.jsonl`, and, where there are tables, `semver.json` and \
            `match.json`. The last line is `N passed, N failed`; the exit code is 1 when any failed.
            """)

    @Argument(help: ArgumentHelp("The folder.", valueName: "dir"))
    var folder: String

    @Option(help: ArgumentHelp("Only scenarios whose name begins so, or one table by name.", valueName: "name"))
    var only: String?

    @Flag(help: "Print the traces.")
    var print = false

    @Option(help: ArgumentHelp("Write the outcomes as JUnit XML.", valueName: "file"))
    var junit: String?

    @Flag(help: "Also count differences where a defect of the recorded runtime is pinned.")
    var strict = false

    @Option(help: ArgumentHelp("How many scenarios run at the same time.", valueName: "n"))
    var jobs = 2

    func validate() throws {
        guard File.exists(folder) else { throw ValidationError("there is no folder `\(folder)`") }
        guard jobs > 0 else { throw ValidationError("at least one scenario has to run at a time") }
    }

    func run() async throws {
        let scenarios = try Scenario.all(in: folder, only: only)
        var outcomes = try await Conformance(scenarios: scenarios, isStrict: strict, showsTraces: print, jobs: jobs)
            .run()
        outcomes += try Tables.outcomes(in: folder, only: only)
        for outcome in outcomes { Self.show(outcome) }
        if let junit { try File.write(JUnitReport(outcomes: outcomes).xml, to: junit) }
        let failed = outcomes.count { $0.failure != nil }
        Swift.print("\(outcomes.count - failed) passed, \(failed) failed")
        if failed > 0 { throw ExitCode(1) }
    }

    private static func show(_ outcome: Outcome) {
        switch outcome.result {
        case .passed: break
        case .allowed(let why): Swift.print("\(outcome.name): different, as allowed (\(why))")
        case .failed(let text): Swift.print("\(outcome.name): FAILED\n\(text)")
        }
    }
}
