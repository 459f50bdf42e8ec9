import ArgumentParser
import EventLoops
import Federation
import Glibc

/// Runs hostile Lua files as a tenant's code and checks that host and neighbours are none the worse.
@main
struct AttacksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mflua-attacks",
        abstract: "Runs every Lua file of a folder as a tenant's chunk and checks how it ends.")

    @Argument(help: "The folder with the cases.") var folder: String
    @Option(
        help: "Where the tenant's code runs: state or process.",
        transform: { name in
            guard let level = TenantOptions.Level(rawValue: name) else {
                throw ValidationError("the levels are state and process")
            }
            return level
        })
    var level = TenantOptions.Level.state
    @Option(help: "Run only the cases whose names contain this.") var only: String?
    @Flag(help: "Print a line for every case.") var verbose = false

    static func main() {
        TenantWorker.runIfRequested()
        main(nil)
    }

    func run() throws {
        let cases = try AttackCase.all(in: folder).filter { only.map($0.name.contains) ?? true }
        let loop = EventLoop()
        let done = Blocking<Int>()
        let (level, verbose) = (level, verbose)
        loop.start {
            do {
                done.finish(try await Self.run(cases, level, loop, verbose: verbose))
            } catch {
                print("cannot run the cases: \(error)")
                done.finish(2)
            }
        }
        let status = done.wait()
        throw ExitCode(Int32(status))
    }

    /// Runs all cases; what the program ends with.
    private static func run(
        _ cases: [AttackCase], _ level: TenantOptions.Level, _ loop: EventLoop, verbose: Bool
    ) async throws -> Int {
        let arena = try await Arena(level: level, loop: loop)
        defer { arena.close() }
        var failed = 0
        for attack in cases {
            let report = await arena.run(attack)
            if let problem = report.problem {
                failed += 1
                print("FAILED \(attack.name): \(problem)")
            } else if verbose {
                print("passed \(attack.name): \(report.ending) in \(report.milliseconds) ms")
            }
            fflush(nil)  // what is known, should the next one take everything down
        }
        if !Arena.measures { print("neither time nor memory was measured: a sanitizer changes both") }
        print("\(cases.count - failed) passed, \(failed) failed")
        return failed == 0 && !cases.isEmpty ? 0 : 1
    }
}
