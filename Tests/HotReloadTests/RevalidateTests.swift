import Diagnostics
import EventLoops
@testable import Federation
import Fetch
import LuaBridge
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RevalidateTests {
    /// A remote whose files can be replaced, with entity tags as a server has them.
    private final class Origin: Sendable {
        private let files = Mutex<[String: String]>([:])
        private let statuses = Mutex<[Int]>([])
        private let urls = Mutex<[String]>([])

        func put(_ name: String, _ text: String) { files.withLock { $0["http://r/\(name)"] = text } }
        func remove(_ name: String) { files.withLock { $0["http://r/\(name)"] = nil } }
        /// How often a file was asked for.
        func asked(_ name: String) -> Int { urls.withLock { $0 }.count { $0.hasSuffix("/" + name) } }
        var answered: [Int] { statuses.withLock { $0 } }

        func answer(_ request: FetchRequest) -> FetchResponse {
            urls.withLock { $0.append(request.url) }
            guard let text = files.withLock({ $0[request.url] }) else {
                return FetchResponse(status: 404, url: request.url)
            }
            let tag = "\"\(text.hashValue)\""
            let isKnown = request.headers.contains { $0.0 == "If-None-Match" && $0.1 == tag }
            statuses.withLock { $0.append(isKnown ? 304 : 200) }
            return isKnown
                ? FetchResponse(status: 304, url: request.url)
                : FetchResponse(url: request.url, headers: [("ETag", tag)], body: Array(text.utf8))
        }

        static func entry(_ version: Int) -> String {
            """
            return {
              init = function() end,
              get = function() return function() return { version = function() return \(version) end } end end,
            }
            """
        }

        static func manifest(entry: String, build: String) -> String {
            """
            {"id":"r","name":"r","metaData":{"name":"r","type":"app","buildInfo":{"buildVersion":"\(build)","buildName":"r"},
            "remoteEntry":{"name":"\(entry)","path":"","type":"global"},"types":{"path":"","name":"","zip":"","api":""},
            "globalName":"r","pluginVersion":"0","publicPath":"auto"},"shared":[],"remotes":[],"exposes":[]}
            """
        }
    }

    private func withHost(_ remote: String, _ body: (Runtime, Origin) async throws -> Void) async throws {
        let origin = Origin()
        origin.put("entry.lua", Origin.entry(1))
        origin.put("mf-manifest.json", Origin.manifest(entry: "entry.lua", build: "1"))
        let runtime = try Runtime(
            configuration: RuntimeConfiguration(fetcher: InMemoryFetcher { origin.answer($0) }, logLevel: "critical"))
        try await runtime.evaluate(
            """
            mf = require("mf")
            updates, failures = {}, {}
            mf.init { name = "shell", remotes = { \(remote) }, plugins = { { name = "watch-plugin",
              afterUpdateRemote = function(args) updates[#updates + 1] = args.current.generation end,
              errorLoadRemote = function(args) failures[#failures + 1] = args.lifecycle end } } }
            function version() return mf.loadRemote("r/x").version() end
            """)
        try await body(runtime, origin)
        await runtime.shutdown()
    }

    private static let entry = #"{ name = "r", entry = "http://r/entry.lua" }"#
    private static let manifest = #"{ name = "r", entry = "http://r/mf-manifest.json" }"#

    private func first(_ runtime: Runtime, _ source: String) async throws -> LuaValue {
        try await runtime.evaluate(source).first ?? .nil
    }

    /// Waits for what Lua code tells with `told(…)`.
    private func telling(_ runtime: Runtime) async throws -> AsyncStream<LuaValue>.Iterator {
        let (stream, continuation) = AsyncStream<LuaValue>.makeStream()
        try await runtime.loop.perform {
            try runtime.state.globals.set(
                "told",
                .callable(
                    LuaCallable("told") { call in
                        continuation.yield(call[0])
                        return []
                    }))
        }
        return stream.makeAsyncIterator()
    }

    @Test func intervalAsksAgainAndAgain() async throws {
        try await withHost(#"{ name = "r", entry = "http://r/entry.lua", revalidate = "1ms" }"#) {
            (runtime, origin) async throws in
            var told = try await telling(runtime)
            try await runtime.evaluate(
                """
                mf.registerPlugins { { name = "await-plugin",
                  afterUpdateRemote = function(args) told(args.current.generation) end,
                  errorLoadRemote = function(args) told(args.lifecycle) end } }
                """)
            #expect(try await first(runtime, "return version()") == 1)
            for turn in 2...4 {
                origin.put("entry.lua", Origin.entry(turn))
                #expect(await told.next(isolation: #isolation) == .integer(Int64(turn)))
                #expect(try await first(runtime, "return version()") == .integer(Int64(turn)))
            }
            origin.put("entry.lua", "return {")
            #expect(await told.next(isolation: #isolation) == "revalidate")
            #expect(try await first(runtime, "return version()") == 4)
        }
    }

    /// A second remote of the same interval shows that the first one's time has come and gone.
    @Test(arguments: ["mf.removeRemotes { 'r' }", "mf.getInstance():dispose()"])
    func intervalEndsWithItsRemote(how: String) async throws {
        try await withHost(#"{ name = "r", entry = "http://r/entry.lua", revalidate = "1ms" }"#) {
            (runtime, origin) async throws in
            var told = try await telling(runtime)
            origin.put("other.lua", Origin.entry(1))
            try await runtime.evaluate(
                """
                version()
                other = mf.createInstance { name = "other",
                  remotes = { { name = "other", entry = "http://r/other.lua", revalidate = "1ms" } },
                  plugins = { { name = "await-plugin", afterUpdateRemote = function() told(1) end } } }
                other:loadRemote("other/x")
                mf.getInstance("shell")
                """)
            try await runtime.evaluate(how.contains("dispose") ? "mf.instances()[1]:dispose()" : how)
            let asked = origin.asked("entry.lua")
            for turn in 2...4 {
                origin.put("other.lua", Origin.entry(turn))
                _ = await told.next(isolation: #isolation)
            }
            #expect(origin.asked("entry.lua") <= asked + 1)
        }
    }

    @Test(arguments: ["mf.removeRemotes { 'r' }", "mf.getInstance():dispose()"])
    func longIntervalsTimerEndsWithItsRemoteToo(how: String) async throws {
        try await withHost(#"{ name = "r", entry = "http://r/entry.lua", revalidate = "1h" }"#) {
            (runtime, _) async throws in
            let host = try await runtime.loop.perform { try #require(runtime.registry.hosts.first) }
            #expect(try await runtime.loop.perform { host.revalidations.count == 1 })
            try await runtime.evaluate(how)
            #expect(try await runtime.loop.perform { host.revalidations.isEmpty })
        }
    }

    @Test(arguments: ["soon", "30 s", "0s", "-1s", "1.5", "9999999999h"]) func intervalThatIsNoneIsRefused(
        text: String
    ) async throws {
        try await withHost(Self.entry) { (runtime, _) async throws in
            let message = try await first(
                runtime,
                """
                local ok, problem = pcall(mf.registerRemotes, { { name = "q", entry = "http://q/e.lua", revalidate = "\(text)" } })
                return not ok and problem.message
                """)
            #expect(message.stringValue?.contains("`remotes[1].revalidate`") == true)
            #expect(message.stringValue?.contains("found the string \"\(text)\"") == true)
        }
    }

    @Test(arguments: ["entity tag", "date"]) func bothValidatorsAreSent(validator: String) async throws {
        let requests = Mutex<[FetchRequest]>([])
        let date = "Thu, 26 Nov 2026 10:00:00 GMT"
        let fetcher = InMemoryFetcher { request in
            requests.withLock { $0.append(request) }
            let known = request.headers.contains { $0.1 == (validator == "date" ? date : "\"t\"") }
            if known { return FetchResponse(status: 304, url: request.url) }
            let header = validator == "date" ? ("last-modified", date) : ("etag", "\"t\"")
            return FetchResponse(url: request.url, headers: [header], body: Array(Origin.entry(1).utf8))
        }
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: fetcher))
        try await runtime.evaluate(
            """
            mf = require("mf")
            mf.init { name = "shell", remotes = { { name = "r", entry = "http://r/entry.lua" } } }
            mf.loadRemote("r/x")
            """)
        for _ in 1...2 { #expect(try await first(runtime, "return #mf.revalidate()") == 0) }
        let sent = requests.withLock { $0 }.dropFirst().map { $0.headers.map(\.0) }
        #expect(sent == Array(repeating: [validator == "date" ? "If-Modified-Since" : "If-None-Match"], count: 2))
        await runtime.shutdown()
    }

    /// As build tools name them: each version's files have names of their own, and those before are gone.
    @Test func newManifestNeedsNoneOfTheOldFiles() async throws {
        try await withHost(Self.manifest) { (runtime, origin) async throws in
            #expect(try await first(runtime, "return version()") == 1)
            for turn in 2...4 {
                origin.put("entry-\(turn).lua", Origin.entry(turn))
                origin.put("mf-manifest.json", Origin.manifest(entry: "entry-\(turn).lua", build: "\(turn)"))
                origin.remove(turn == 2 ? "entry.lua" : "entry-\(turn - 1).lua")
                #expect(try await first(runtime, "return #mf.revalidate()") == 1)
                #expect(try await first(runtime, "return version()") == .integer(Int64(turn)))
                #expect(try await first(runtime, "return #mf.revalidate()") == 0)
            }
            #expect(try await first(runtime, "return #failures") == 0)
        }
    }

    @Test func removingWhileAnUpdateIsUnderWayLeavesNothing() async throws {
        try await withHost(Self.entry) { (runtime, origin) async throws in
            #expect(try await first(runtime, "return version()") == 1)
            origin.put("entry.lua", "require('mf').sleep(1) " + Origin.entry(2))
            try await runtime.evaluate(
                """
                task = mf.spawn(function() return #mf.revalidate() end)
                mf.sleep(0)
                mf.removeRemotes { "r" }
                pcall(task.wait, task)
                """)
            #expect(try await first(runtime, "return #updates") == 0)
            #expect(try await first(runtime, "return (pcall(mf.loadRemote, 'r/x'))") == false)
            origin.put("entry.lua", Origin.entry(3))
            try await runtime.evaluate("mf.registerRemotes { \(Self.entry) }")
            #expect(try await first(runtime, "return version()") == 3)
        }
    }

    @Test(arguments: [entry, manifest])
    func newEntryTakesThePlaceOfTheOld(_ remote: String) async throws {
        try await withHost(remote) { (runtime, origin) async throws in
            try await runtime.evaluate("old = mf.loadRemote('r/x') live = mf.live('r/x')")
            #expect(try await first(runtime, "return #mf.revalidate()") == 0)
            #expect(origin.answered.contains(304))
            origin.put("entry.lua", Origin.entry(2))
            #expect(try await first(runtime, "return mf.revalidate()[1]") == "r")
            #expect(try await first(runtime, "return version()") == 2)
            #expect(try await first(runtime, "return live.version()") == 2)
            #expect(try await first(runtime, "return old.version()") == 1)
            #expect(try await first(runtime, "return updates[1]") == 2)
            #expect(try await first(runtime, "return #mf.revalidate()") == 0)
        }
    }

    @Test func newManifestLeadsToItsEntry() async throws {
        try await withHost(Self.manifest) { (runtime, origin) async throws in
            #expect(try await first(runtime, "return version()") == 1)
            origin.put("entry-2.lua", Origin.entry(2))
            origin.put("mf-manifest.json", Origin.manifest(entry: "entry-2.lua", build: "2"))
            #expect(try await first(runtime, "return #mf.revalidate { 'r' }") == 1)
            #expect(try await first(runtime, "return version()") == 2)
        }
    }

    @Test(arguments: [
        "return {", "return nil", "return { init = function() error('no') end, get = print }", "error('x')",
    ])
    func brokenVersionLeavesTheOldOneServing(_ broken: String) async throws {
        try await withHost(Self.manifest) { (runtime, origin) async throws in
            #expect(try await first(runtime, "return version()") == 1)
            origin.put("entry.lua", broken)
            #expect(try await first(runtime, "return #mf.revalidate()") == 0)
            #expect(try await first(runtime, "return failures[#failures]") == "revalidate")
            #expect(try await first(runtime, "return version()") == 1)
            origin.put("entry.lua", Origin.entry(3))
            #expect(try await first(runtime, "return #mf.revalidate()") == 1)
            #expect(try await first(runtime, "return version()") == 3)
        }
    }

    @Test func registeringAndRemovingLeavesNothingBehind() async throws {
        try await withHost(Self.entry) { (runtime, _) async throws in
            func memory() async throws -> Int {
                try await first(
                    runtime, "collectgarbage() collectgarbage() return collectgarbage('count') * 1024 // 1 | 0"
                )
                .intValue ?? 0
            }
            let cycle = """
                for _ = 1, 50 do
                  mf.registerRemotes { { name = "again", entry = "http://r/entry.lua" } }
                  assert(mf.loadRemote("again/x").version() == 1)
                  mf.removeRemotes { "again" }
                  local other = mf.createInstance { name = "other", remotes = { { name = "again", entry = "http://r/entry.lua" } } }
                  assert(other:loadRemote("again/x").version() == 1)
                  other:dispose()
                end
                """
            try await runtime.evaluate(cycle)
            let before = try await memory()
            for _ in 1...10 { try await runtime.evaluate(cycle) }
            let after = try await memory()
            #expect(after < before + before / 10)
            #expect(try await first(runtime, "return #mf.instances()") == 1)
        }
    }
}
