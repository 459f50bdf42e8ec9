import ArgumentParser
import Diagnostics
import EventLoops
import Glibc
import HotReload
import Posix

/// `mflua test`: runs the specs of a project.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run a project's tests.",
        discussion: """
            Tests are written with busted's words (`describe`, `it`, `assert.are.same`, `spy`, `stub`), in files whose names \
            end with `_spec.lua`. Each file has a Lua state of its own; a test may wait. `mf.test` has remotes in memory, a \
            clock that is put forward, and failures of the network. The exit code is 1 where a test fails.

              mflua test
              mflua test spec/disk_spec.lua --filter 'when the disk is full'
              mflua test --coverage --lcov coverage.info --junit report.xml
            """)

    @Argument(help: ArgumentHelp("Files, or folders of `*_spec.lua`; `spec` if absent.", valueName: "files"))
    var files: [String] = []

    @Option(help: ArgumentHelp("Run only tests whose full name matches a Lua pattern.", valueName: "pattern"))
    var filter: String?

    @Flag(name: .shortAndLong, help: "Name the tests that pass, too.")
    var verbose = false

    @Option(help: ArgumentHelp("Write a report in the form of JUnit.", valueName: "file"))
    var junit: String?

    @Flag(help: "Print which lines of the project's files have run.")
    var coverage = false

    @Option(help: ArgumentHelp("Write the same in the form of lcov.", valueName: "file"))
    var lcov: String?

    @Option(help: ArgumentHelp("How many seconds a file may take; 60 if absent.", valueName: "seconds"))
    var timeout = 60.0

    @Flag(help: "Run again when a Lua file below the working folder changes, until Ctrl-C.")
    var watch = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard timeout > 0, timeout.isFinite else { throw ValidationError("'--timeout' is a number of seconds above 0") }
    }

    func run() async throws {
        try log.apply()
        if !watch {
            guard try await runAll() else { throw ExitCode.failure }
            return
        }
        let loop = try EventLoop.start(name: "mflua.watch")
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watcher = try await loop.perform {
            try FolderWatcher(root: ".", settle: .milliseconds(50), loop: loop) { changed in
                if changed.contains(where: { $0.hasSuffix(".lua") }) { continuation.yield() }
            }
        }
        repeat {
            do { _ = try await runAll() } catch { Terminal.report(error) }
        } while await changes.first { _ in true } != nil
        withExtendedLifetime(watcher) {}
    }

    /// - Returns: Whether no test failed.
    private func runAll() async throws -> Bool {
        let names = try SpecFiles.named(files)
        let results = await withTaskGroup(of: (Int, SpecFileResult).self) { group in
            var results: [SpecFileResult?] = Array(repeating: nil, count: names.count)
            var (started, told) = (0, 0)
            func start() {
                guard started < names.count else { return }
                let number = started
                started += 1
                let run = SpecRun(
                    file: names[number], filter: filter, countsLines: coverage || lcov != nil,
                    limit: .seconds(timeout))
                group.addTask { (number, await run.run()) }
            }
            for _ in 0..<Self.filesAtOnce { start() }
            while let (number, result) = await group.next() {
                results[number] = result
                start()
                while told < names.count, let result = results[told] {
                    print(SpecReport.text(result, namesAll: verbose))
                    fflush(nil)
                    told += 1
                }
            }
            return results.compactMap(\.self)
        }
        let measured = SpecCoverage(results)
        if coverage { print("\n" + measured.text) }
        if let lcov { try write(measured.lcov, to: lcov) }
        if let junit { try write(SpecReport.junit(results), to: junit) }
        print("\n" + SpecReport.sum(results))
        fflush(nil)
        return !results.contains { $0.count(.failed) > 0 }
    }

    /// Each has a thread and a Lua state.
    private static let filesAtOnce = 2

    private func write(_ text: String, to path: String) throws {
        do { try File.write(text, to: path) } catch { throw MFError.cannotWriteReport(path, error.description) }
    }
}

extension MFError {
    static func cannotWriteReport(_ path: String, _ reason: String) -> MFError {
        MFError(
            .cannotWrite, "cannot write the report `\(path)`: \(reason)", context: [("file", path)],
            hint: "name a file in a folder that is there and may be written to")
    }
}
