import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct OriginFeedTests {
    private static let entry = """
        local exposes = { ["./x"] = function() return require("lib.x") end, ["./y"] = function() return { n = 0 } end }
        return { init = function() end, get = function(name) return exposes[name] end }
        """
    private static let initialise = """
        mf.init { name = "shell", remotes = {
          { name = "r", entry = "http://s/r/entry.lua" }, { name = "q", entry = "http://s/q/entry.lua" } } }
        function x() return mf.loadRemote("r/x").n end
        """

    private func site(feed: Int = 200, watches: Bool = true) async throws -> FeedingSite {
        try await FeedingSite(
            feed: feed, watches: watches,
            [
                "http://s/r/entry.lua": Self.entry, "http://s/q/entry.lua": Self.entry,
                "http://s/r/lib/x.lua": "return { n = 1 }", "http://s/q/lib/x.lua": "return { n = 10 }",
            ])
    }

    @Test func savedFileIsLiveAndOthersAreNotAskedFor() async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("live = mf.live('r/x') mf.loadRemote('q/x') return live.n") == 1)
        await site.nextConnection()
        let asked = site.requests("/q/entry.lua").count
        site.put("http://s/r/lib/x.lua", "return { n = 2 }")
        site.tell("r/lib/x.lua", "elsewhere.lua")
        let update = await site.nextUpdate()
        #expect(update?.error == nil)
        #expect(update?.generation == 2)
        #expect(update?.changed == ["http://s/r/lib/x.lua"])
        #expect(update?.line.hasPrefix("updated r in shell: generation 2, ") == true)
        #expect(try await site.run("return live.n") == 2)
        #expect(site.requests("/q/entry.lua").count == asked)
        await site.tearDown()
    }

    @Test func whatChangedBeforeTheFirstWordIsAskedFor() async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        site.put("http://s/r/lib/x.lua", "return { n = 2 }")
        site.send("id: 0\nevent: hello\n\n")
        #expect(await site.nextUpdate()?.generation == 2)
        #expect(try await site.run("return x()") == 2)
        await site.tearDown()
    }

    @Test(arguments: ["return {", "error('at load')", nil]) func brokenModuleLeavesTheOldOneServing(
        broken: String?
    ) async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        site.put("http://s/r/lib/x.lua", broken)
        site.tell("r/lib/x.lua")
        let update = await site.nextUpdate()
        #expect(update?.error != nil)
        #expect(update?.line.hasPrefix("not updated r in shell: ") == true)
        #expect(update?.line.contains("; generation 1 serves on (http://s/r/lib/x.lua)") == true)
        #expect(try await site.run("return x()") == 1)
        #expect(try await site.run("return mf.loadRemote('r/y').n") == 0)
        site.put("http://s/r/lib/x.lua", "return { n = 3 }")
        site.tell("r/lib/x.lua", id: 2)
        #expect(await site.nextUpdate()?.generation == 2)
        #expect(try await site.run("return x()") == 3)
        await site.tearDown()
    }

    @Test func manyWordsInQuickSuccessionEndOnTheLastFile() async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        for turn in 2...50 {
            site.put("http://s/r/lib/x.lua", "return { n = \(turn) }")
            site.tell("r/lib/x.lua", id: turn)
        }
        while await site.nextUpdate()?.error == nil, try await site.run("return x()") != 50 {}
        #expect(try await site.run("return x()") == 50)
        await site.tearDown()
    }

    @Test func lostConnectionIsTakenUpAgainWhereItWasLeft() async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        site.put("http://s/r/lib/x.lua", "return { n = 2 }")
        site.tell("r/lib/x.lua", id: 41)
        _ = await site.nextUpdate()
        site.hangUp()
        site.put("http://s/r/lib/x.lua", "return { n = 3 }")
        await site.nextConnection()
        let request = try #require(site.requests("/.mflua/events").last)
        #expect(request.headers.contains { $0.0 == "Last-Event-ID" && $0.1 == "41" })
        site.send("id: 41\nevent: hello\n\n")
        #expect(await site.nextUpdate()?.generation == 3)
        await site.tearDown()
    }

    @Test(arguments: [404, 403, 299]) func serverWithoutFeedIsAskedOnceAndKeepsNothingAlive(status: Int) async throws {
        let site = try await site(feed: status)
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        try await site.runtime.waitUntilIdle()
        try await site.run("mf.loadRemote('q/x') mf.loadRemote('r/y')")
        try await site.runtime.waitUntilIdle()
        #expect(site.requests("/.mflua/events").count == 1)
        await site.tearDown()
    }

    @Test func serverInTroubleIsAskedAgain() async throws {
        let site = try await site(feed: 503)
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        await site.nextConnection()
        #expect(site.requests("/.mflua/events").count >= 2)
        await site.tearDown()
    }

    @Test func hostThatDoesNotWatchListensToNobody() async throws {
        let site = try await site(watches: false)
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        try await site.runtime.waitUntilIdle()
        #expect(site.requests("/.mflua/events").isEmpty)
        try await site.run(
            """
            local other = mf.createInstance { name = "other", watch = true,
              remotes = { { name = "r", entry = "http://s/r/entry.lua" } } }
            other:loadRemote("r/x")
            """)
        await site.nextConnection()
        #expect(site.listenerCount == 1)
        await site.tearDown()
    }

    @Test(arguments: ["mf.removeRemotes { 'r', 'q' }", "mf.getInstance():dispose()"])
    func lettingGoOfTheLastRemoteEndsTheListening(how: String) async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        for _ in 1...3 {
            #expect(try await site.run("mf.loadRemote('q/x') return x()") == 1)
            await site.nextConnection()
            try await site.run(how)
            try await site.runtime.waitUntilIdle()
            while site.listenerCount > 0 { await Task.yield() }
            try await site.run(
                how.contains("dispose")
                    ? Self.initialise
                    : "mf.registerRemotes { "
                        + "{ name = 'r', entry = 'http://s/r/entry.lua' }, { name = 'q', entry = 'http://s/q/entry.lua' } }"
            )
        }
        await site.tearDown()
    }

    @Test func stoppingEndsTheListening() async throws {
        let site = try await site()
        try await site.run(Self.initialise)
        #expect(try await site.run("return x()") == 1)
        await site.nextConnection()
        await site.stopWatching()
        try await site.runtime.waitUntilIdle()
        while site.listenerCount > 0 { await Task.yield() }
        await site.tearDown()
    }
}
