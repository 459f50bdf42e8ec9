import Glibc
import TestSupport
import Testing

/// How a running host script is ended from outside.
@Suite struct SignalTests {
    private func run(_ code: String, signals: [Int32]) async throws -> ChildProcess.Result {
        let child = try ChildProcess(Places.mflua, ["-e", code])
        #expect(try await child.nextOutput() == "ready\n")
        for signal in signals { child.signal(signal) }
        return try await child.result()
    }

    private static let waiting = "io.stdout:setvbuf('no') print('ready') require('mf').sleep(3600000)"

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func waitingScriptEndsQuietly(signal: Int32, code: Int32) async throws {
        let result = try await run(Self.waiting, signals: [signal])
        #expect(result.code == code, "\(result)")
        #expect(result.errors.isEmpty, "\(result)")
    }

    @Test func waitingTasksEndToo() async throws {
        let result = try await run(
            """
            local mf = require("mf")
            for _ = 1, 100 do mf.spawn(function() mf.sleep(3600000) end) end
            io.stdout:setvbuf("no") print("ready")
            """, signals: [SIGINT])
        #expect(result.code == 130, "\(result)")
    }

    @Test func spinningScriptIsEndedAllTheSame() async throws {
        let result = try await run("io.stdout:setvbuf('no') print('ready') while true do end", signals: [SIGINT])
        #expect(result.code == 130, "\(result)")
    }

    /// A mask would be inherited by what a script starts, and Ctrl-C would not end it.
    @Test func programsThatAScriptStartsHearSignals() async throws {
        let result = try await mflua("-e", "os.execute('grep SigBlk /proc/self/status')")
        #expect(result.output == "SigBlk:\t0000000000000000\n", "\(result)")
    }
}
