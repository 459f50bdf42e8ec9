import Serving
import TestSupport
import Testing

/// A script that waits for what cannot come ends with exit code 13 and is told what waits for what.
@Suite(.timeLimit(.minutes(2))) struct NothingLeftTests {
    /// A task that begins a module in a coroutine which nobody resumes; the script waits for that module.
    private static let wait = """
        local half = coroutine.create(function() return require('half') end)
        mf.spawn(function() coroutine.resume(half) end):wait()
        require('half')
        """

    private func run(_ script: String) async throws -> ChildProcess.Result {
        let folder = try TemporaryFolder()
        try folder.write("half.lua", "coroutine.yield()")
        try folder.write("host.lua", "local mf = require('mf')\n" + script)
        return try await mflua("host.lua", in: folder)
    }

    private func expectNothingLeft(_ result: ChildProcess.Result) {
        #expect(result.code == 13, "\(result)")
        #expect(result.errors.contains("the script -> module `half` -> task 1"), "\(result)")
        #expect(result.errors.contains("LOAD-003"), "\(result)")
    }

    @Test func aScriptThatWaitsForATaskThatNobodyWakesEnds() async throws {
        expectNothingLeft(try await run(Self.wait))
    }

    /// Runs the script beside a tenant whose expose is loaded.
    private func run(level: String, expose: String) async throws -> ChildProcess.Result {
        let server = try await HTTPServer.start { _ in .text(Self.entry(expose)) }
        let result = try await run(Self.tenant(level, at: server.baseURL) + Self.wait)
        await server.stop()
        return result
    }

    private static func tenant(_ level: String, at url: String) -> String {
        """
        mf.init {
          name = 'host', tenants = { acme = { level = '\(level)', wall = '500ms' } },
          remotes = { { name = 'own', entry = '\(url)/own.lua', tenant = 'acme' } } }
        assert(mf.loadRemote('own/x').answer == 42)

        """
    }

    private static func entry(_ factory: String) -> String {
        """
        local mf = require('mf')
        return { init = function() end, get = function() return function() \(factory) return { answer = 42 } end end }
        """
    }

    @Test(arguments: ["state", "process"]) func aLiveTenantDoesNotKeepItWaiting(level: String) async throws {
        expectNothingLeft(try await run(level: level, expose: ""))
    }

    @Test(arguments: ["state", "process"]) func aTenantsTaskIsAwaited(level: String) async throws {
        let result = try await run(
            level: level, expose: "mf.spawn(function() mf.sleep(50) print('the task is done') end)")
        expectNothingLeft(result)
        #expect(result.errors.contains("the task is done"), "\(result)")
    }

    @Test func anIdleConnectionDoesNotKeepItWaiting() async throws {
        let server = try await HTTPServer.start { _ in .text("yes") }
        let result = try await run("assert(mf.fetch('\(server.baseURL)/x').body == 'yes')\n" + Self.wait)
        expectNothingLeft(result)
        await server.stop()
    }
}
