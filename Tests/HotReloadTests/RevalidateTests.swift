import Diagnostics
import EventLoop
import Federation
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

        func put(_ name: String, _ text: String) { files.withLock { $0["http://r/\(name)"] = text } }
        var answered: [Int] { statuses.withLock { $0 } }

        func answer(_ request: FetchRequest) -> FetchResponse {
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
