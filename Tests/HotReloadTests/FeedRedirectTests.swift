import Federation
import HotReload
import LuaBridge
import TestSupport
import Testing

/// Where a feed may be led is decided as it is for everything else that is fetched.
@Suite(.timeLimit(.minutes(1))) struct FeedRedirectTests {
    private static let entry = """
        return { init = function() end, get = function() return function() return { n = 1 } end end }
        """

    /// The feed of a tenant's remote leads to a server that only the owner may ask; listening ends, and so does the work.
    @Test func aTenantsFeedIsNotLedToAnotherServer() async throws {
        let other = LoopbackServer { _ in [.reply(200, [("Content-Type", "text/event-stream")]), .hold] }
        let own = LoopbackServer { request in
            request.path == "/entry.lua"
                ? [.text(Self.entry)] : [.reply(302, [("Location", other.url + "/.mflua/events")])]
        }
        let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical", watchesFiles: true))
        let reloader = try await HotReloader.start(for: runtime) { _ in }
        let result = try await runtime.evaluate(
            """
            local mf = require("mf")
            mf.init { name = "shell", tenants = { guest = {} },
              remotes = { { name = "r", entry = "\(own.url)/entry.lua", tenant = "guest" } } }
            return mf.loadRemote("r/x").n
            """)
        #expect(result == [1])
        while !own.paths.contains("/.mflua/events") { await Task.yield() }
        try await runtime.waitUntilIdle()
        #expect(other.connectionCount == 0)
        await reloader.stop()
        await runtime.shutdown()
        own.stop()
        other.stop()
    }
}
