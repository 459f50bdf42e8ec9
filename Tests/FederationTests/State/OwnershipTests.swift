import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// What the code of a remote or of a plugin has begun ends with it: tasks that run, that sleep and that fetch, with their
/// `<close>` variables. What others have begun goes on.
@Suite(.timeLimit(.minutes(2))) struct OwnershipTests {
    init() { TenantWorker.executable = Places.products + "/mflua-attacks" }

    /// Serves entries that can be changed, and keeps requests to `slow` waiting until they are cancelled.
    private final class Network: Sendable {
        private let texts: Mutex<[String: String]>
        private let cancelled = Mutex<[String]>([])

        init(_ texts: [String: String]) { self.texts = Mutex(texts) }

        func put(_ url: String, _ text: String) { texts.withLock { $0[url] = text } }

        /// The slow requests that were cancelled.
        var cancellations: [String] { cancelled.withLock { $0 } }

        var fetcher: InMemoryFetcher {
            InMemoryFetcher { request in
                guard request.url.hasPrefix("http://slow/") else {
                    guard let text = self.texts.withLock({ $0[request.url] }) else {
                        return FetchResponse(status: 404, url: request.url)
                    }
                    return FetchResponse(url: request.url, body: Array(text.utf8))
                }
                let (stream, _) = AsyncStream<Void>.makeStream()
                await withTaskCancellationHandler {
                    for await _ in stream {}
                } onCancel: {
                    self.cancelled.withLock { $0.append(request.url) }
                }
                throw CancellationError()
            }
        }
    }

    /// Begins a task that runs, one that sleeps and one that fetches, which tell of what they do.
    private static let work = """
        local function work(mf, tell, name)
          local function begin(what, body)
            mf.spawn(function()
              local held <close> = setmetatable({}, { __close = function() tell("end of " .. what, name) end })
              body()
            end)
          end
          begin("fetch", function() mf.fetch("http://slow/" .. name) end)
          begin("sleep", function() mf.sleep(1e9) end)
          begin("run", function() while true do mf.sleep(1) tell("run", name) end end)
        end

        """

    private static func entry(_ name: String, _ version: Int = 1, after: String = "") -> String {
        work + """
            local mf = require("mf")
            local tell = mf.loadShare("tell")()
            work(mf, tell, "\(name)\(version)")
            \(after)
            return { init = function() end, get = function() return function() return { version = \(version) } end end }
            """
    }

    private static func plugin(_ name: String) -> String {
        work
            + "return function(options) work(require('mf'), options.tell, '\(name)') return { name = '\(name)-plugin' } end"
    }

    /// Which code has an owner, and where it runs.
    enum Place: String, CaseIterable, Sendable { case host, state, process }

    /// A host with remotes `r` and `other`, whose entries begin their work at once.
    private func host(_ place: Place, grace: String? = nil) -> String {
        let tenant = place == .host ? "" : ", tenant = 'acme'"
        let grace = grace.map { ", grace = '\($0)'" } ?? ""
        return """
            seen = {}
            function tell(what, name) seen[name .. " " .. what] = (seen[name .. " " .. what] or 0) + 1 end
            function count(name, what) return seen[name .. " " .. what] or 0 end
            function begun(name) while count(name, "run") < 3 do mf.sleep(1) end end
            function ended(name)
              return count(name, "end of fetch") == 1 and count(name, "end of sleep") == 1 and count(name, "end of run") == 1
            end
            function untouched(name)
              local runs = count(name, "run")
              while count(name, "run") < runs + 3 do mf.sleep(1) end
              return count(name, "end of fetch") + count(name, "end of sleep") + count(name, "end of run") == 0
            end
            mf.init { name = "host",
              tenants = { acme = { level = "\(place == .process ? "process" : "state")", shared = { "tell" }, net = { "slow" } } },
              remotes = { { name = "r", entry = "http://r/e.lua"\(tenant)\(grace) },
                          { name = "other", entry = "http://other/e.lua"\(tenant) } },
              shared = { tell = { version = "1.0.0", lib = function() return tell end } } }

            """
    }

    /// Runs a script in which both remotes work already; what it returns follows from `r1`'s work having ended, or not.
    private func run(
        _ place: Place, _ script: String, revised: String? = nil
    ) async throws -> (result: [LuaValue], cancellations: [String]) {
        let network = Network(["http://r/e.lua": Self.entry("r"), "http://other/e.lua": Self.entry("other")])
        return try await withSite(fetchingWith: network.fetcher) { site in
            try await site.lua(
                host(place) + "mf.loadRemote('r/x') mf.loadRemote('other/x') begun('r1') begun('other1')")
            if let revised { network.put("http://r/e.lua", revised) }
            let result = try await site.lua(script)
            return (result, network.cancellations)
        }
    }

    static let ends = [
        "mf.removeRemotes { 'r' }",
        "mf.registerRemotes({ { name = 'r', entry = 'http://r/e.lua', tenant = TENANT } }, { force = true })",
    ]

    @Test(arguments: ends, Place.allCases) func workOfARemoteEndsWithIt(end: String, place: Place) async throws {
        let (result, cancellations) = try await run(
            place,
            """
            local TENANT = \(place == .host ? "nil" : "'acme'")
            \(end)
            while not ended("r1") do mf.sleep(1) end
            return untouched("other1")
            """)
        #expect(result == [true])
        #expect(cancellations == ["http://slow/r1"])
    }

    /// A worker is killed with its host: its variables are not closed.
    @Test(arguments: [Place.host, .state]) func workOfARemoteEndsWithItsHost(place: Place) async throws {
        let (result, cancellations) = try await run(
            place,
            """
            mf.getInstance():dispose()
            while not (ended("r1") and ended("other1")) do mf.sleep(1) end
            return true
            """)
        #expect(result == [true])
        #expect(cancellations.sorted() == ["http://slow/other1", "http://slow/r1"])
    }

    @Test(arguments: Place.allCases) func workOfAVersionEndsWithAnUpdate(place: Place) async throws {
        let (result, cancellations) = try await run(
            place,
            """
            mf.getInstance():revalidate()
            while not ended("r1") do mf.sleep(1) end
            begun("r2")
            return untouched("r2"), untouched("other1"), mf.loadRemote("r/x").version
            """, revised: Self.entry("r", 2))
        #expect(result == [true, true, 2])
        #expect(cancellations == ["http://slow/r1"])
    }

    @Test(arguments: Place.allCases) func workOfAVersionThatIsRefusedEnds(place: Place) async throws {
        let (result, cancellations) = try await run(
            place,
            """
            pcall(function() mf.getInstance():revalidate() end)
            while not ended("r2") do mf.sleep(1) end
            return untouched("r1"), untouched("other1"), mf.loadRemote("r/x").version
            """, revised: Self.entry("r", 2, after: "mf.sleep(50) error('refused', 0)"))
        #expect(result == [true, true, 1])
        #expect(cancellations == ["http://slow/r2"])
    }

    @Test(arguments: Place.allCases) func workOfAnOldVersionGoesOnForItsGrace(place: Place) async throws {
        let network = Network(["http://r/e.lua": Self.entry("r")])
        let result = try await withSite(fetchingWith: network.fetcher) { site in
            try await site.lua(
                host(place, grace: "1h") + "mf.loadRemote('r/x') begun('r1')")
            network.put("http://r/e.lua", Self.entry("r", 2))
            return try await site.lua(
                """
                mf.getInstance():revalidate()
                begun("r2")
                local goes = untouched("r1")
                mf.removeRemotes { "r" }
                while not (ended("r1") and ended("r2")) do mf.sleep(1) end
                return goes
                """)
        }
        #expect(result == [true])
    }

    // MARK: Plugins

    static let pluginEnds = ["mf.removePlugins { 'one-plugin' }", "mf.getInstance():reload('one-plugin')"]

    @Test(arguments: pluginEnds) func workOfAPluginFileEndsWithItsVersion(end: String) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("one-plugin.lua", Self.plugin("one"))
        let other = try folder.write("other-plugin.lua", Self.plugin("other"))
        let network = Network([:])
        let result = try await withSite(fetchingWith: network.fetcher) { site in
            try await site.lua(
                host(.host)
                    + "mf.registerPlugins { { '\(path)', { tell = tell } }, { '\(other)', { tell = tell } } } begun('one') begun('other') \(end)"
            )
            return try await site.lua("while not ended('one') do mf.sleep(1) end return untouched('other')")
        }
        #expect(result == [true])
    }

    @Test func workOfATablesApplyEndsWithThePlugin() async throws {
        let network = Network([:])
        let result = try await withSite(fetchingWith: network.fetcher) { site in
            try await site.lua(
                host(.host) + Self.work + """
                    local function plugin(name)
                      return { name = name .. "-plugin", apply = function() work(mf, tell, name) end }
                    end
                    mf.registerPlugins { plugin("one"), plugin("other") }
                    begun("one") begun("other")
                    mf.removePlugins { "one-plugin" }
                    while not ended("one") do mf.sleep(1) end
                    return untouched("other")
                    """)
        }
        #expect(result == [true])
        #expect(network.cancellations.contains("http://slow/one"))
    }

    @Test func pluginsWhoseNeighbourCannotBeAttachedLeaveNothing() async throws {
        let folder = try TemporaryFolder()
        let first = try folder.write("one-plugin.lua", Self.plugin("one"))
        let last = try folder.write("two-plugin.lua", Self.plugin("two"))
        let network = Network([:])
        let result = try await withSite(fetchingWith: network.fetcher) { site in
            try await site.lua(
                host(.host) + """
                    local broken = { name = "broken-plugin", apply = function() error("no", 0) end }
                    local ok = pcall(mf.registerPlugins, { { "\(first)", { tell = tell } }, broken, { "\(last)", { tell = tell } } })
                    local listed = #mf.getInstance().options.plugins
                    mf.sleep(20)
                    return ok, listed, count("one", "run") + count("two", "run") > 0
                    """)
        }
        #expect(result == [false, 0, false])
    }
}
