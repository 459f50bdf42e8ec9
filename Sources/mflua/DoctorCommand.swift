import ArgumentParser
import Diagnostics
import EventLoops
import Federation
import Glibc
import LuaBridge

/// `mflua doctor host.lua`: how the hosts of a script are.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Run a host script and check its plugins, remotes and shared modules.",
        discussion: """
            Runs the script, asks each plugin's `health`, and looks at what the hosts know themselves; then it ends the \
            script. What the script prints goes to standard error. The exit code is 0 where all is well, 1 where \
            something is to be looked at, 2 where something does not work.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(
        help: ArgumentHelp("How many seconds a script that goes on gets before it is checked.", valueName: "seconds"))
    var wait = 5.0

    @OptionGroup var log: LogOptions

    @Argument(help: "The host script.")
    var script: String

    @Argument(parsing: .captureForPassthrough, help: "The script's arguments.")
    var arguments: [String] = []

    func validate() throws {
        guard wait >= 0, wait.isFinite else { throw ValidationError("'--wait' is a number of seconds") }
    }

    func run() async throws {
        try log.apply()
        let source = Script(script)
        _ = try source.source()
        let output = Self.keepOutput()
        let session = try await Session(
            invocation: Invocation(script: script, arguments: arguments), plugins: PluginChoice(safely: false))
        let findings: [Finding]
        do {
            findings = try await examine(source, session)
        } catch {
            await session.end()
            throw error
        }
        await session.end()
        Terminal.write(json ? try Finding.json(findings) : Finding.text(findings), to: output)
        let worst = findings.map(\.line.level).max() ?? .ok
        if worst > .ok { throw ExitCode(worst == .error ? 2 : 1) }
    }

    /// Keeps standard output for the report: what the script prints goes to standard error.
    private static func keepOutput() -> Int32 {
        let output = dup(STDOUT_FILENO)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        return output
    }

    /// Runs the script until it has ended or its time is over, and asks its hosts.
    private func examine(_ source: Script, _ session: Session) async throws -> [Finding] {
        try await session.setArguments()
        let hasLeft = try await session.keepFromLeaving()
        let running = Task { try await session.run(source) }
        let timer = Task {
            try await pause(for: .seconds(wait))
            running.cancel()
        }
        var failure: (any Error)?
        do { try await running.value } catch { failure = error }
        timer.cancel()
        var findings = try await session.runtime.health().map { Finding(host: $0.host, line: $0.line) }
        if try await session.runtime.hostCount() == 0 {
            findings.append(Finding(host: nil, line: HealthLine(.warn, "script", "`\(script)` has made no host")))
        }
        // That its time was over, or that it wanted to leave, is no failure of it.
        if let failure, !(failure is CancellationError), !hasLeft.isSet {
            let error = failure as? MFError
            let line = HealthLine(.error, "script", error?.message ?? "\(failure)", advice: error?.hint)
            findings.append(Finding(host: nil, line: line))
        }
        return findings
    }
}

/// A line about a host.
struct Finding {
    /// The host's name; nil: it is about the script.
    let host: String?
    let line: HealthLine

    /// For people: a line each, then the counts.
    static func text(_ findings: [Finding]) -> String {
        var text = ""
        for finding in findings {
            let line = finding.line
            let host = finding.host.map { "\($0): " } ?? ""
            text += "\(line.level.rawValue.padded(to: 7))\(host)\(line.subject): \(line.text.escapedToOneLine)\n"
            if let advice = line.advice { text += "       \(advice.escapedToOneLine)\n" }
        }
        let counts = HealthLine.Level.allCases.map { level in findings.count { $0.line.level == level } }
        return text + "\(counts[2]) errors, \(counts[1]) warnings, \(counts[0]) ok\n"
    }

    static func json(_ findings: [Finding]) throws -> String {
        let worst = findings.map(\.line.level).max() ?? .ok
        let lines = findings.map { finding in
            LuaValue.record(
                LuaRecord([
                    ("host", finding.host.map { .string($0) } ?? .nil), ("level", .string(finding.line.level.rawValue)),
                    ("subject", .string(finding.line.subject)), ("text", .string(finding.line.text)),
                    ("advice", finding.line.advice.map { .string($0) } ?? .nil),
                ]))
        }
        let report = LuaValue.record(LuaRecord([("status", .string(worst.rawValue)), ("lines", .array(lines))]))
        return String(decoding: try JSON.encode(report, pretty: true), as: UTF8.self) + "\n"
    }
}
