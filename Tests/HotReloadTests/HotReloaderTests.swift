import Diagnostics
import EventLoops
import Federation
import Glibc
import HotReload
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct HotReloaderTests {
    /// A plugin that marks requests with its version.
    private static func marker(_ version: Int, _ more: String = "") -> String {
        """
        local mf = require("mf")
        local M = { name = "marker-plugin", version = "\(version)" }
        \(more)
        function M.beforeRequest(args) seen = (seen or "") .. "b\(version) " return args end
        function M.onLoad(args) seen = seen .. "o\(version)" return function() return seen end end
        return function(options) M.options = options return M end
        """
    }

    private static let initialise = """
        mf.init { name = "shell", remotes = { { name = "r", entry = "http://r/entry.lua" } },
                  plugins = { { folder .. "marker-plugin.lua", { times = 3 } } } }
        function ask() return mf.loadRemote("r/x")() end
        """

    @Test func changedFileServesFromTheNextLoadOn() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        #expect(try await host.run("return ask()") == "b1 o1")
        try host.replace("marker-plugin.lua", Self.marker(2))
        let reload = await host.nextReload()
        #expect(reload?.error == nil)
        #expect(reload?.generation == 2)
        #expect(try await host.run("return ask()") == "b2 o2")
        #expect(try await host.run("return mf.getInstance().options.plugins[1].options.times") == 3)
        await host.tearDown()
    }

    @Test func placeAmongPluginsStays() async throws {
        func plugin(_ name: String, _ version: Int) -> String {
            "return { name = '\(name)-plugin', beforeRequest = function(args) args.id = args.id .. '\(name)\(version)' return args end }"
        }
        let host = try await ReloadingHost(["a.lua": plugin("a", 1), "b.lua": plugin("b", 1)])
        try await host.run(
            """
            mf.init { name = "shell", remotes = { { name = "r", entry = "http://r/entry.lua" } },
                      plugins = { folder .. "a.lua", folder .. "b.lua" } }
            """)
        #expect(try await host.run("return mf.loadRemote('r/x').name") == "./xa1b1")
        try host.replace("a.lua", plugin("a", 2))
        _ = await host.nextReload()
        #expect(try await host.run("return mf.loadRemote('r/x').name") == "./xa2b1")
        await host.tearDown()
    }

    @Test func requiredFilesAreWatchedToo() async throws {
        let host = try await ReloadingHost([
            "marker-plugin.lua": Self.marker(1, "M.word = require('words').word"),
            "words.lua": "return { word = 'one' }",
        ])
        try await host.run(Self.initialise)
        try host.replace("words.lua", "return { word = 'two' }")
        let reload = await host.nextReload()
        #expect(reload?.changed.map { $0.hasSuffix("/words.lua") } == [true])
        #expect(try await host.run("return mf.getInstance().options.plugins[1].word") == "two")
        await host.tearDown()
    }

    /// Saved together, one file is whole while the next is emptied: an empty file is a module, but not this one.
    @Test func pluginWaitsForTheOtherFilesThatItIsMadeOf() async throws {
        let host = try await ReloadingHost([
            "two.lua": "return { name = 'two-plugin', version = require('helper') }", "helper.lua": "return '1'",
            "whole.lua": "return { name = 'whole-plugin' }",
        ])
        try await host.run(
            "mf.init { name = 'shell', remotes = {}, plugins = { folder .. 'two.lua', folder .. 'whole.lua' } }")
        let helper = open("\(host.folder.path)/helper.lua", O_WRONLY | O_TRUNC)
        try host.replace("two.lua", "return { name = 'two-plugin', version = '2 ' .. tostring(require('helper')) }")
        // Meanwhile a plugin that is whole is reloaded.
        try host.replace("whole.lua", "return { name = 'whole-plugin', version = '2' }")
        #expect(await host.nextReload()?.name == "whole-plugin")
        let version = "return mf.getInstance().options.plugins[1].version"
        #expect(try await host.run(version) == "1")
        let text = Array("return 'whole'".utf8)
        #expect(write(helper, text, text.count) == text.count)
        close(helper)
        let reload = await host.nextReload()
        #expect(reload?.name == "two-plugin" && reload?.error == nil)
        #expect(try await host.run(version) == "2 whole")
        await host.tearDown()
    }

    @Test func loadUnderWayEndsOnItsGeneration() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        try await host.run(
            """
            mf.registerRemotes { { name = "late", entry = "http://slow/entry.lua" } }
            task = mf.spawn(function() return mf.loadRemote("late/x")() end)
            """)
        try host.replace("marker-plugin.lua", Self.marker(2))
        _ = await host.nextReload()
        #expect(try await host.run("return ask()") == "b2 o2")
        host.gate.open()
        #expect(try await host.run("return task:wait()") == "b1 o1")
        await host.tearDown()
    }

    @Test func stateIsHandedOver() async throws {
        func counter(_ version: Int) -> String {
            """
            local count = 0
            return {
              name = "marker-plugin", version = "\(version)",
              beforeRequest = function(args) count = count + 1 return args end,
              onLoad = function() return function() return count end end,
              beforeReload = function() return count end,
              afterReload = function(args)
                count = args.state
                assert(args.previous.version == "\(version - 1)" and args.previous.generation == \(version - 1))
                assert(args.generation == \(version))
              end,
            }
            """
        }
        let host = try await ReloadingHost(["marker-plugin.lua": counter(1)])
        try await host.run(Self.initialise)
        try await host.run("ask() ask()")
        try host.replace("marker-plugin.lua", counter(2))
        let reload = await host.nextReload()
        #expect(reload?.error == nil)
        #expect(try await host.run("return ask()") == 3)
        await host.tearDown()
    }

    @Test(arguments: [
        "return {", "error('at load')", "return nil", "return 7",
        "return { name = 'marker-plugin', beforeRequst = print }",
        "return { name = 'marker-plugin', onLoad = 1 }", "return {}", "return { name = 'other-plugin' }",
        "while true do end", "require('not.there')", "return function() error('of options') end",
        "return { name = 'marker-plugin', afterReload = function() error('after') end }",
        "return { name = 'marker-plugin', apply = function() error('apply') end }",
        "local function f() return f() + 1 end f()", "return setmetatable({}, { __pairs = error })",
        "mf = require('mf') mf.sleep(1) return { name = 'marker-plugin' }",
    ])
    func brokenVersionLeavesTheOldOneServing(_ broken: String) async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        try host.replace("marker-plugin.lua", broken)
        let reload = await host.nextReload()
        #expect(reload?.error?.code == .reloadFailed)
        #expect(reload?.error?.cause != nil)
        #expect(reload?.generation == 1)
        #expect(try await host.run("return ask()") == "b1 o1")
        try host.replace("marker-plugin.lua", Self.marker(2))
        #expect(await host.nextReload()?.generation == 2)
        #expect(try await host.run("return ask()") == "b2 o2")
        await host.tearDown()
    }

    @Test func changedNameIsRefusedWithAnExplanation() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        try host.replace("marker-plugin.lua", "return { name = 'other-plugin' }")
        let reload = await host.nextReload()
        let cause = try #require(reload?.error?.cause as? MFError)
        #expect(cause.code == .reloadNameChanged)
        #expect(cause.hint?.contains("remove `marker-plugin`") == true)
        #expect(reload?.line.contains("the new version is named `other-plugin`, not `marker-plugin`") == true)
        #expect(try await host.run("return mf.getInstance().options.plugins[1].name") == "marker-plugin")
        await host.tearDown()
    }

    @Test func filesThatAreSavedTogetherAreOneReload() async throws {
        let host = try await ReloadingHost([
            "marker-plugin.lua": Self.marker(1, "M.word = require('words')"), "words.lua": "return 1",
        ])
        try await host.run(Self.initialise)
        // On the loop's thread, so that all is saved before anything is heard of.
        try await host.runtime.loop.perform {
            for turn in 2...20 {
                try host.folder.write("words.lua", "return \(turn)")
                try host.replace("marker-plugin.lua", Self.marker(turn, "M.word = require('words')"))
            }
        }
        let reload = await host.nextReload()
        #expect(reload?.changed.count == 2 && reload?.generation == 2)
        #expect(try await host.run("return mf.getInstance().options.plugins[1].word") == 20)
        #expect(try await host.run("return mf.reload('marker-plugin')") == 3)
        #expect(await host.nextReload()?.changed == [])
        await host.tearDown()
    }

    @Test func brokenRequiredFileIsAwaited() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        try host.folder.write("words.lua", "return {")
        try host.replace("marker-plugin.lua", Self.marker(2, "M.word = require('words')"))
        #expect(await host.nextReload()?.error?.code == .reloadFailed)
        try host.replace("words.lua", "return 'mended'")
        #expect(await host.nextReload()?.generation == 2)
        await host.tearDown()
    }

    @Test func deletedFileServesOnAndIsAwaited() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        unlink("\(host.folder.path)/marker-plugin.lua")
        guard case .missing = await host.nextEvent() else {
            Issue.record("the deletion was not told")
            return
        }
        #expect(try await host.run("return ask()") == "b1 o1")
        try host.replace("marker-plugin.lua", Self.marker(2))
        #expect(await host.nextReload()?.generation == 2)
        await host.tearDown()
    }

    @Test func whatAGenerationStartedEndsWithIt() async throws {
        let more = """
            M.task = mf.spawn(function() while true do mf.sleep(3600000) end end)
            function M.apply(host) host:registerRemotes { { name = "own", entry = "http://own/entry.lua" } } end
            mf.createInstance { name = "helper" }
            M.tools = { make = function() return mf.createInstance { name = "later" } end }
            """
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1, more)])
        try await host.run(Self.initialise)
        try await host.run("first = mf.getInstance().options.plugins[1].task")
        #expect(try await host.run("return mf.loadRemote('own/x')()") == "b1 o1")
        try await host.run(
            "local tools = mf.getInstance().options.plugins[1].tools tools.make() tools.make():dispose()")
        #expect(try await host.run("return #mf.instances()") == 3)
        try host.replace("marker-plugin.lua", Self.marker(2, more))
        _ = await host.nextReload()
        #expect(try await host.run("return #mf.instances()") == 2)
        #expect(try await host.run("pcall(first.wait, first) return first.status") == "cancelled")
        #expect(
            try await host.run("second = mf.getInstance().options.plugins[1].task return second.status") == "running")
        #expect(try await host.run("return mf.loadRemote('own/x')()") == "b2 o2")
        try await host.run("mf.removePlugins { 'marker-plugin' }")
        #expect(try await host.run("pcall(second.wait, second) return second.status") == "cancelled")
        #expect(try await host.run("return pcall(mf.loadRemote, 'own/x')") == false)
        #expect(try await host.run("return #mf.instances()") == 1)
        await host.tearDown()
    }

    @Test func removingIsTheInverseOfRegistering() async throws {
        let host = try await ReloadingHost(["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        for _ in 1...3 {
            #expect(try await host.run("return mf.loadRemote('r/x')()") == "b1 o1")
            try await host.run("mf.removePlugins { 'marker-plugin' }")
            #expect(try await host.run("return mf.loadRemote('r/x').name") == "./x")
            try await host.run("mf.registerPlugins { { folder .. 'marker-plugin.lua', {} } }")
        }
        await host.tearDown()
    }

    @Test(arguments: ["beforeReload", "afterReload", "apply"])
    func reloadWithinItsOwnReloadIsRefusedAtTheFirstAttempt(step: String) async throws {
        let text = """
            local mf = require("mf")
            return function(count)
              return { name = "marker-plugin", \(step) = function() if count() > 0 then mf.reload("marker-plugin") end end }
            end
            """
        let host = try await ReloadingHost(watches: false, ["marker-plugin.lua": text])
        try await host.run(
            """
            attempts = -1
            local function count() attempts = attempts + 1 return attempts end
            mf.init { name = 'host', plugins = { { folder .. 'marker-plugin.lua', count } } }
            attempts = 0
            ok, problem = pcall(mf.reload, 'marker-plugin')
            """)
        #expect(try await host.run("return ok") == false)
        #expect(try await host.run("return attempts") == 1)
        let told = try await host.run("return tostring(problem) .. tostring(problem.cause)").stringValue ?? ""
        #expect(told.contains("plugin `marker-plugin` is already being reloaded"), "\(told)")
        await host.tearDown()
    }

    @Test func reloadByHandReturnsTheGeneration() async throws {
        let host = try await ReloadingHost(watches: false, ["marker-plugin.lua": Self.marker(1)])
        try await host.run(Self.initialise)
        #expect(try await host.run("return mf.getInstance():reload('marker-plugin')") == 2)
        let message = try await host.run("return tostring(select(2, pcall(mf.reload, 'markr-plugin')).hint)")
        #expect(message == "did you mean `marker-plugin`?")
        await host.tearDown()
    }
}
