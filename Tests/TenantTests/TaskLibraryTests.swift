import Diagnostics
import EventLoops
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// `mf.spawn`, `mf.all` and `mf.sleep` are one library: each script gives the same in a host and at both levels of tenants.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TaskLibraryTests {
    init() { useBuiltWorker() }

    /// Scripts, and what they return.
    private static let scripts: [(script: String, expected: String)] = [
        (
            """
            local closed = false
            local function sleeper()
                local guard <close> = setmetatable({}, { __close = function() closed = true end })
                mf.sleep(3600000)
            end
            local ok, problem = pcall(mf.all, { sleeper, function() error("no", 0) end })
            while not closed do mf.sleep(1) end
            return ok, problem, closed
            """, "false no true"
        ),
        (
            "local r = mf.all { function() return 1, 2 end, function() mf.sleep(1) return 3 end } return #r, r[1], r[2]",
            "2 1 3"
        ),
        ("return #mf.all {}", "0"),
        ("local t = mf.spawn(function(a, b) return a, b end, 1, 2) return t:wait()", "1 2"),
        ("local t = mf.spawn(error, 'no', 0) return pcall(t.wait, t)", "false no"),
        ("return (pcall(mf.sleep, -1))", "false"),
        ("return (pcall(mf.sleep, 0 / 0))", "false"),
        ("return (pcall(mf.all, { 1 }))", "false"),
        ("return (pcall(mf.all, { print, nil, print }))", "false"),
    ]

    private static func wrapped(_ script: String) -> String {
        """
        local mf = require("mf")
        local results = table.pack((function() \(script) end)())
        for i = 1, results.n do results[i] = tostring(results[i]) end
        return table.concat(results, " ", 1, results.n)
        """
    }

    @Test(arguments: scripts) func hostRunsIt(script: String, expected: String) async throws {
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher([:])))
        let result = try? await runtime.evaluate(Self.wrapped(script))
        await runtime.shutdown()
        #expect(result == [.string(expected)])
    }

    @Test(arguments: scripts, [TenantOptions.Level.state, .process]) func tenantRunsIt(
        _ entry: (script: String, expected: String), level: TenantOptions.Level
    ) async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .with { $0.level = level })
            let result = try await tenant.run(Self.wrapped(entry.script))
            #expect(result == .string(entry.expected))
        }
    }
}
