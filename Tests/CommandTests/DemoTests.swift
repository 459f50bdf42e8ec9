import TestSupport
import Testing

/// What `make demo` shows.
@Suite(.timeLimit(.minutes(2))) struct DemoTests {
    private func demo(trace: String) async throws -> ChildProcess.Result {
        let script = Places.root + "/Fixtures/hosts/ops-agent/demo.sh"
        return try await ChildProcess.run(script, [Places.mflua], environment: ["TRACE": trace])
    }

    @Test func demoShowsTheMachineAndOutlivesADeadRemote() async throws {
        let result = try await demo(trace: "off")
        #expect(result.code == 0, "\(result)")
        for title in ["Filesystems", "Disks since boot", "Log files", "Invoices"] {
            #expect(result.output.contains("\n\(title)\n"), "\(result)")
        }
        #expect(result.output.contains("the billing remote is down"), "\(result)")
        #expect(result.errors.isEmpty, "\(result)")
        // Sizes in the log report are written by the host's shared module.
        let report = try #require(result.output.firstRange(of: "Log files\n").map { result.output[$0.upperBound...] })
        #expect(report.contains("iB ") || report.contains(" B ") || report.contains("none"), "\(result)")
    }

    @Test func traceShowsThePhases() async throws {
        let result = try await demo(trace: "debug")
        #expect(result.code == 0, "\(result)")
        for phase in ["init", "beforeRequest", "fetch", "afterResolve", "createScript", "onLoad", "errorLoadRemote"] {
            #expect(result.errors.contains(" \(phase) "), "\(phase)\n\(result)")
        }
    }
}
