import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// How remotes are registered and removed, and what is shared between the hosts of a runtime.
@Suite(.timeLimit(.minutes(2))) struct RemotesTests {
    private static func entry(_ answer: String) -> String {
        "return { init = function() end, get = function() return function() return '\(answer)' end end }"
    }

    private static let texts = [
        "http://one/entry.lua": entry("one"), "http://two/entry.lua": entry("two"),
        "http://three/mf-manifest.json": SampleRemote.manifest(name: "three"),
        "http://three/remoteEntry.lua": entry("three"),
    ]

    @Test func removedRemoteIsNotFoundAndCanBeRegisteredAgain() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "r", entry = "http://three/mf-manifest.json" } } }
                local first = mf.loadRemote("r/x")
                local removed = host:removeRemotes { "r", "unknown" }
                local ok, problem = pcall(mf.loadRemote, "r/x")
                host:registerRemotes { { name = "r", entry = "http://one/entry.lua" } }
                return first, removed, ok, problem.code, mf.loadRemote("r/x"), #host.options.remotes
                """)
            #expect(result == ["three", ["r"], false, "RUNTIME-004", "one", 1])
        }
    }

    @Test func aRequestThatWasMadeBeforeFollowsWhatIsRegistered() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "r", entry = "http://one/entry.lua" } } }
                local first = mf.loadRemote("r/x")
                host:registerRemotes({ { name = "r", entry = "http://two/entry.lua" } }, { force = true })
                local second = mf.loadRemote("r/x")
                host.options.remotes[1].name = "s"
                local ok, problem = pcall(mf.loadRemote, "r/x")
                return first, second, ok, problem.code, mf.loadRemote("s/x")
                """)
            #expect(result == ["one", "two", false, "RUNTIME-004", "two"])
        }
    }

    @Test func removedRemoteIsFetchedAnewWhenItIsRegisteredAgain() async throws {
        try await withSite(Self.texts) { site in
            try await site.lua(
                """
                local remote = { name = "three", entry = "http://three/mf-manifest.json" }
                local host = mf.init { name = "host", remotes = { remote } }
                mf.loadRemote("three/x")
                mf.loadRemote("three/x")
                host:removeRemotes { "three" }
                host:registerRemotes { remote }
                mf.loadRemote("three/x")
                """)
            let urls = ["http://three/mf-manifest.json", "http://three/remoteEntry.lua"]
            #expect(site.memory?.requestedURLs == urls + urls)
        }
    }

    @Test func firstOfTwoRemotesOfOneNameHolds() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = {
                  { name = "r", entry = "http://one/entry.lua" }, { name = "r", entry = "http://two/entry.lua" } } }
                host:registerRemotes { { name = "r", entry = "http://two/entry.lua" } }
                return mf.loadRemote("r/x"), #host.options.remotes
                """)
            #expect(result == ["one", 1])
            #expect(site.log.messages.count == 2)
            let message = try #require(site.log.messages.first)
            for words in [
                "remote `r` of host `host` is registered already", "http://one/entry.lua", "http://two/entry.lua",
                "force = true",
            ] {
                #expect(message.contains(words), "\(message)")
            }
        }
    }

    @Test func remoteIsReplacedByForce() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "r", entry = "http://one/entry.lua" } } }
                local before = mf.loadRemote("r/x")
                host:registerRemotes({ { name = "r", entry = "http://two/entry.lua" } }, { force = true })
                return before, mf.loadRemote("r/x"), #host.options.remotes
                """)
            #expect(result == ["one", "two", 1])
        }
    }

    @Test func hostsOfARuntimeShareALoadedContainer() async throws {
        try await withSite(Self.texts) { site in
            let remote = "{ name = 'r', entry = 'http://one/entry.lua' }"
            try await site.lua(
                """
                local one = mf.createInstance { name = "one", remotes = { \(remote) } }
                local two = mf.createInstance { name = "two", remotes = { \(remote) } }
                mf.all { function() return one:loadRemote("r/x") end, function() return two:loadRemote("r/x") end }
                """)
            #expect(site.memory?.requestedURLs == ["http://one/entry.lua"])
        }
    }

    @Test func failureIsNotRemembered() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local path = "http://four/entry.lua"
                local host = mf.init { name = "host", remotes = { { name = "r", entry = path } }, plugins = { {
                  name = "move-plugin", createScript = function() return { url = path } end } } }
                local ok = pcall(mf.loadRemote, "r/x")
                path = "http://two/entry.lua"
                return ok, mf.loadRemote("r/x")
                """)
            #expect(result == [false, "two"])
        }
    }
}
