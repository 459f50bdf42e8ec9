import EventLoops
import Glibc
import HotReload
import Logging
import LuaBridge
import Serving
import TestSupport
import Testing

@testable import Federation

/// Much of the same, and nothing grows. `make soak` runs the long forms.
@Suite(.serialized) struct SoakTests {
    /// Whether this is the long form: the only one in which memory shows what it is worth.
    private static let isLong = getenv("MFLUA_SOAK") != nil

    // MARK: Plugins

    /// A plugin that notes its version at the start of each load and compares it at the end.
    private static func plugin(_ version: Int) -> String {
        """
        local count, board = 0, require("board")
        return {
          name = "marker-plugin", version = "\(version)",
          beforeRequest = function(args) count = count + 1 board.began[args.id] = \(version) return args end,
          onLoad = function(args)
            if board.began[args.id] ~= \(version) then board.mixed = board.mixed + 1 end
            return function() return count end
          end,
          beforeReload = function() return count end,
          afterReload = function(args) count = args.state end,
        }
        """
    }

    /// The ways in which a new version can be bad.
    private static let broken = [
        "return {", "error('at load')", "return nil", "return 7", "return {}",
        "return { name = 'marker-plugin', beforeRequst = print }", "return { name = 'marker-plugin', onLoad = 1 }",
        "return { name = 'other-plugin' }", "while true do end", "require('not.there')",
        "return function() error('of options') end",
        "return { name = 'marker-plugin', afterReload = function() error('after') end }",
        "return { name = 'marker-plugin', apply = function() error('apply') end }",
        "local function f() return f() + 1 end f()",
        "require('mf').sleep(1) return { name = 'marker-plugin' }",
        """
        return { name = 'marker-plugin', afterReload = function()
          local state = {} for i = 1, 20000 do state[i] = { i } end error('too much')
        end }
        """,
        """
        local mf = require('mf')
        mf.spawn(function() mf.sleep(3600000) end)
        mf.registerRemotes { { name = 'own', entry = 'http://own/entry.lua' } }
        error('after it has begun')
        """,
    ]

    @Test func reloadsUnderLoadMixNothingLoseNothingAndLeaveNothing() async throws {
        let reloads = Self.isLong ? 10_000 : 340
        let host = try await ReloadingHost(watches: false, ["marker-plugin.lua": Self.plugin(1)])
        try await host.runtime.provide("board", .record(LuaRecord([("mixed", 0), ("began", .record(LuaRecord()))])))
        try await host.run(
            """
            board = require("board")
            mf.init { name = "shell", remotes = { { name = "r", entry = "http://r/entry.lua" } },
                      plugins = { folder .. "marker-plugin.lua" } }
            loads, failed, tasks = 0, 0, {}
            function start()
              running = true
              for number = 1, 4 do
                tasks[number] = mf.spawn(function()
                  while running do
                    if not pcall(mf.loadRemote, "r/" .. number) then failed = failed + 1 end
                    loads = loads + 1
                    mf.sleep(0)
                  end
                end)
              end
            end
            function stop() running = false for _, task in ipairs(tasks) do task:wait() end end
            start()
            """)
        var memory: [Memory] = []
        var good = 1
        for turn in 1...reloads {
            if turn % 2 == 0 {
                good += 1
                try host.replace("marker-plugin.lua", Self.plugin(good))
            } else {
                try host.replace("marker-plugin.lua", Self.broken[turn / 2 % Self.broken.count])
            }
            let outcome = try await host.run("local ok = pcall(mf.reload, 'marker-plugin') mf.sleep(0) return ok")
            #expect(outcome == .boolean(turn % 2 == 0))
            let told = await host.nextReload()
            #expect(told?.generation == good && (told?.error == nil) == (turn % 2 == 0))
            guard turn % (reloads / 10) == 0 else { continue }
            // Between the loads, so that it is the same each time what is under way: nothing.
            try await host.run("stop()")
            memory.append(try await Memory(host.runtime))
            try await host.run("start()")
        }
        try await host.run("stop()")
        #expect(try await host.run("return failed") == 0)
        #expect(try await host.run("return board.mixed") == 0)
        #expect(try await host.run("return mf.loadRemote('r/1')() - loads") == 1)
        // The table of the objects that Lua knows is as large as it had to be between two collections.
        Self.expectFlat(memory, "reloads", noise: Self.isLong ? 400_000 : 100_000)
        await host.tearDown()
    }

    // MARK: Remotes and hosts

    private static let manifest = """
        {"id":"checks","name":"checks","metaData":{"name":"checks","type":"app",
        "buildInfo":{"buildVersion":"1","buildName":"checks"},
        "remoteEntry":{"name":"remoteEntry.lua","path":"","type":"global"},
        "types":{"path":"","name":"","zip":"","api":""},"globalName":"checks","pluginVersion":"0",
        "publicPath":"auto"},"shared":[],"remotes":[],"exposes":[{"id":"checks:disk","name":"disk","path":"./disk",
        "assets":{"js":{"sync":["disk.lua"],"async":[]},"css":{"sync":[],"async":[]}}}]}
        """
    private static let entry = """
        local mf = require("mf")
        return {
          init = function(shareScope)
            shareScope.own = shareScope.own or {}
            shareScope.own["1.0.0"] = { from = "checks", lib = function() return { 1 } end, loaded = true }
          end,
          get = function(name) return function() return require("disk") end end,
        }
        """

    /// Remotes come and go under a host that watches them on a server that tells what changes.
    @Test func remotesThatComeAndGoLeaveNothing() async throws {
        try await cycles(
            "remotes", setUp: "mf.init { name = 'shell', tenants = { acme = {} } }",
            """
            mf.registerRemotes {
              { name = "checks", entry = base .. "/checks/mf-manifest.json", revalidate = "1h" },
              { name = "pure", alias = "p", entry = base .. "/checks/remoteEntry.lua" },
              { name = "late", entry = base .. "/checks/remoteEntry.lua?late" },
              { name = "boxed", entry = base .. "/checks/boxed.lua", tenant = "acme" },
            }
            assert(mf.loadRemote("checks/disk").version == 1 and mf.loadRemote("p/disk").version == 1)
            local live = mf.live("checks/disk")
            assert(live.version == 1)
            local late = mf.spawn(function() return mf.loadRemote("late/disk").version end)
            mf.sleep(0)
            assert(#mf.removeRemotes { "checks", "pure", "late", "boxed" } == 4)
            pcall(late.wait, late)
            assert(not pcall(mf.loadRemote, "checks/disk"))
            """)
    }

    @Test func hostsThatComeAndGoLeaveNothing() async throws {
        try await cycles(
            "hosts", setUp: "mf.init { name = 'shell' }",
            """
            local host = mf.createInstance {
              name = "other", version = "1.0.0",
              remotes = { { name = "checks", entry = base .. "/checks/mf-manifest.json" },
                          { name = "boxed", entry = base .. "/checks/boxed.lua", tenant = "acme" } },
              shared = { own = { version = "2.0.0", lib = function() return { 2 } end } },
              tenants = { acme = {} },
              plugins = { folder .. "own-plugin.lua", { folder .. "own-plugin-boxed.lua", nil, tenant = "acme" },
                          { name = "table-plugin", onLoad = function() end } },
            }
            assert(host:loadRemote("checks/disk").version == 1 and host:loadRemote("boxed/x").version == 1)
            assert(host:loadShare("own")()[1] == 2)
            host:dispose()
            """)
    }

    private func cycles(_ name: String, setUp: String, _ cycle: String) async throws {
        // What is opened once and kept by the process, such as the queues of the Swift runtime, is there after one.
        try await cycles(name, setUp: setUp, cycle, count: 10)
        let first = ProcessFigures.descriptors
        try await cycles(name, setUp: setUp, cycle, count: Self.isLong ? 1_000 : 20)
        // The server's connections are closed on a thread of its own.
        for _ in 1...100_000 where ProcessFigures.descriptors > first { await Task.yield() }
        #expect(ProcessFigures.descriptors <= first)
    }

    private func cycles(_ name: String, setUp: String, _ cycle: String, count: Int) async throws {
        let folder = try TemporaryFolder()
        try folder.write("remotes/checks/mf-manifest.json", Self.manifest)
        try folder.write("remotes/checks/remoteEntry.lua", Self.entry)
        try folder.write("remotes/checks/disk.lua", "return { version = 1 }")
        try folder.write(
            "remotes/checks/boxed.lua",
            "return { init = print, get = function() return function() return { version = 1 } end end }")
        try folder.write("own-plugin.lua", "return { name = 'own-plugin', onLoad = function() end }")
        try folder.write("own-plugin-boxed.lua", "return { name = 'boxed-plugin', onLoad = function() end }")
        let files = StaticFiles(
            root: folder.path + "/remotes", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let feed = ChangeFeed()
        let server = try await HTTPServer.start { feed.reply(to: $0) ?? files.reply(to: $0) }
        let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical", watchesFiles: true))
        let reloader = try await HotReloader.start(for: runtime) { _ in }
        try await runtime.evaluate(
            """
            mf = require("mf") base = "\(server.baseURL)" folder = "\(folder.path)/"
            \(setUp)
            function cycle() \(cycle) end
            """)
        var memory: [Memory] = []
        for turn in 1...count {
            try await runtime.evaluate("cycle()")
            if turn % (count / 10) == 0 {
                try await runtime.waitUntilIdle()
                memory.append(try await Memory(runtime))
            }
        }
        // Tables of Lua's own grow once, by doubling.
        Self.expectFlat(memory, name, noise: 8_192)
        await reloader.stop()
        await runtime.shutdown()
        await server.stop()
    }

    // MARK: Measuring

    /// What a runtime, and the process, hold at one moment.
    private struct Memory {
        let lua: Int
        let resident: Int
        let descriptors: Int
        let kept: [String]

        init(_ runtime: Runtime) async throws {
            // What one collection finds to be free may hold what the next one does.
            var least = Int.max
            while true {
                let found = try await runtime.evaluate("collectgarbage() return collectgarbage('count') * 1024")
                let count = Int(found.first?.doubleValue ?? 0)
                if count >= least { break }
                least = count
            }
            lua = least
            resident = try ProcessFigures.residentMemory()
            descriptors = ProcessFigures.descriptors
            kept = try await runtime.loop.perform { Self.kept(by: runtime.registry) }
        }

        private static func size(_ things: some Sequence) -> Int { things.reduce(0) { count, _ in count + 1 } }

        /// How much the registry keeps, by kind.
        private static func kept(by registry: FederationRegistry) -> [String] {
            [
                "hosts \(size(registry.hosts))", "snapshots \(size(registry.snapshots.pairs))",
                "scopes \(size(registry.shareScopes.pairs))", "entries \(size(registry.entryLoads))",
                "containers \(size(registry.containers))", "manifests \(size(registry.manifests))",
                "loads \(size(registry.manifestLoads))", "parts \(size(registry.parts.remotes))",
                "planned \(size(registry.plannedExposes))", "preloaded \(size(registry.preloadedAssets))",
                "few lives \(registry.hosts.allSatisfy { $0.lives.count <= 16 })",
                "global plugins \(size(registry.globalPlugins))",
            ]
        }
    }

    /// Compares what there was after the first tenths of the turns and after the last.
    ///
    /// - Parameter noise: By how many bytes Lua's memory differs from one time to the next without growing.
    private static func expectFlat(_ memory: [Memory], _ name: String, noise: Int) {
        #expect(memory.last?.kept == memory.first?.kept)
        func middle(_ values: [Int]) -> Int { values.sorted()[values.count / 2] }
        let lua = memory.map(\.lua)
        #expect(middle(Array(lua.suffix(3))) < middle(Array(lua.prefix(3))) + noise, "\(name): Lua \(lua)")
        guard isLong else { return }
        let resident = memory.map(\.resident)
        print("\(name): resident \(resident.map { $0 >> 10 }) KiB")
        print("\(name): Lua \(lua) bytes, descriptors \(memory.map(\.descriptors))")
        // Where malloc happens to put things makes single figures differ by more than they may grow.
        let (first, last) = (middle(Array(resident.prefix(3))), middle(Array(resident.suffix(3))))
        #expect(Double(last) < Double(first) * 1.01, "\(name)")
    }
}
