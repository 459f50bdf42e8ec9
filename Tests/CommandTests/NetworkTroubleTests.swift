import TestSupport
import Testing

/// What is said, and what goes on, when the machine and not the server is the reason.
@Suite(.timeLimit(.minutes(1))) struct NetworkTroubleTests {
    private static let entry = "return { init = function() end, get = function() return function() return 42 end end }"

    private func run(_ script: String, environment: [String: String?], limit: String = "-c 0") async throws
        -> ChildProcess.Result
    {
        try await ChildProcess(
            "sh",
            ["-c", "ulimit \(limit) && exec \"$0\" -e \"$1\"", Places.mflua, "local mf = require('mf') " + script],
            environment: environment
        ).result()
    }

    @Test func withoutDescriptorsALoadFailsAndWorksAgainAfter() async throws {
        let server = LoopbackServer { _ in [.text(Self.entry)] }
        defer { server.stop() }
        let result = try await run(
            """
            mf.fetch("\(server.url)/warm")
            mf.init { name = "host", remotes = {
              { name = "a", entry = "http://127.0.0.2:\(server.port)/a.lua" }, { name = "b", entry = "\(server.url)/b.lua" } } }
            local files = {}
            repeat local file = io.open("/dev/null") files[#files + 1] = file until not file
            local ok, problem = pcall(mf.loadRemote, "a/x")
            print(ok, problem.cause.message or problem.message)
            for _, file in ipairs(files) do file:close() end
            print(mf.loadRemote("b/x"))
            """, environment: ["http_proxy": nil, "all_proxy": nil], limit: "-n 64")
        let lines = result.output.split(separator: "\n")
        #expect(
            lines == [
                "false\tno connection to `127.0.0.2:\(server.port)` can be made: too many open files", "42",
            ], "\(result)")
    }

    @Test(arguments: ["http_proxy", "all_proxy"]) func aDeadProxyIsNamed(variable: String) async throws {
        let dead = DeadPort()
        let server = LoopbackServer { _ in [.text(Self.entry)] }
        defer { server.stop() }
        var environment: [String: String?] = ["http_proxy": nil, "all_proxy": nil, "no_proxy": nil, "NO_PROXY": nil]
        environment[variable] = "http://user:secret@127.0.0.1:\(dead.number)"
        let result = try await run(
            """
            local ok, problem = pcall(mf.fetch, "\(server.url)/x")
            print(ok, problem.message, problem.hint)
            """, environment: environment)
        withExtendedLifetime(dead) {}
        #expect(result.output.contains("cannot connect to the proxy `127.0.0.1:\(dead.number)`"), "\(result)")
        #expect(result.output.contains("check http_proxy"), "\(result)")
        #expect(!result.output.contains("secret"), "\(result)")
        #expect(server.connectionCount == 0)
    }
}
