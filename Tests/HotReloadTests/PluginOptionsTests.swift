import Diagnostics
import Federation
import HotReload
import LuaBridge
import TestSupport
import Testing

/// A plugin file that is given again: run again or not, with which options, and what it needs that comes later.
@Suite(.timeLimit(.minutes(1))) struct PluginOptionsTests {
    /// A plugin that counts how often it was made, and has its option and that number in every request.
    private static let plugin = """
        local mf = require("mf")
        return function(options)
          options.made()
          mf.spawn(function() while true do mf.sleep(1) options.tick() end end)
          return { name = "x-plugin", errorLoadRemote = function() return options.x end }
        end
        """

    private static func host() async throws -> ReloadingHost {
        let host = try await ReloadingHost(watches: false, ["x-plugin.lua": plugin])
        try await host.run(
            """
            count, ticks = 0, 0
            local function made() count = count + 1 end
            local function tick() ticks = ticks + 1 end
            function entry(x) return { folder .. "x-plugin.lua", { x = x, list = { 1, 2 }, made = made, tick = tick } } end
            function ask() return mf.loadRemote("none/x") end
            h = mf.init { name = "host", plugins = { entry(1) } }
            """)
        return host
    }

    /// Each way to give a plugin that is attached once more, with the option `X`.
    static let doors = [
        "mf.init { name = 'host', plugins = { entry(X) } }", "h:registerPlugins { entry(X) }",
        "mf.registerPlugins { entry(X) }", "h:initOptions { name = 'host', plugins = { entry(X) } }",
    ]

    @Test(arguments: doors) func aFileIsNotRunAgainWithTheSameOptions(_ door: String) async throws {
        let host = try await Self.host()
        for _ in 0..<3 { try await host.run(door.replacingX(with: "1")) }
        let seen = try await host.run("return table.concat({ count, #h.options.plugins, ask() }, ' ')")
        #expect(seen == "1 1 1")
        await host.tearDown()
    }

    @Test(arguments: doors + ["h:reload('x-plugin', entry(X)[2])"])
    func otherOptionsAreTaken(_ door: String) async throws {
        let host = try await Self.host()
        try await host.run(door.replacingX(with: "2"))
        let seen = try await host.run("return table.concat({ count, #h.options.plugins, ask() }, ' ')")
        #expect(seen == "2 1 2")
        await host.tearDown()
    }

    @Test func aReloadWithoutOptionsKeepsThem() async throws {
        let host = try await Self.host()
        let seen = try await host.run("h:reload('x-plugin') return table.concat({ count, ask() }, ' ')")
        #expect(seen == "2 1")
        await host.tearDown()
    }

    @Test func whatAPluginHasBegunEndsWithItHoweverOftenItWasGiven() async throws {
        let host = try await Self.host()
        for x in [1, 2, 2, 3] { for door in Self.doors { try await host.run(door.replacingX(with: "\(x)")) } }
        let ticked = try await host.run(
            "mf.sleep(5) assert(ticks > 0) h:removePlugins { 'x-plugin' } mf.sleep(2) local n = ticks mf.sleep(10) return ticks - n"
        )
        #expect(ticked == 0)
        await host.tearDown()
    }

    @Test func anotherPluginOfTheNameEndsAtOnce() async throws {
        let host = try await Self.host()
        try host.folder.write("y-plugin.lua", Self.plugin)
        let seen = try await host.run(
            """
            local other = entry(5)
            other[1] = folder .. "y-plugin.lua"
            h:registerPlugins { other }
            h:removePlugins { "x-plugin" }
            mf.sleep(2)
            local before = ticks
            mf.sleep(10)
            return count .. ' ' .. ticks - before
            """)
        #expect(seen == "2 0")
        await host.tearDown()
    }

    @Test func aHelperThatComesLaterHasThePluginReloaded() async throws {
        let host = try await ReloadingHost(["p-plugin.lua": "return { name = 'p-plugin', version = '1' }"])
        try await host.run("h = mf.init { name = 'host', plugins = { folder .. 'p-plugin.lua' } }")
        try host.replace("p-plugin.lua", "return { name = 'p-plugin', version = require('helper.version') }")
        let failed = await host.nextReload()
        #expect(failed?.error?.code == .reloadFailed)
        try host.folder.write("helper/version.lua", "return '2'")
        let reload = await host.nextReload()
        #expect(reload?.error == nil)
        let version = try await host.run("return h.options.plugins[1].version")
        #expect(version == "2")
        await host.tearDown()
    }

    @Test func theTracePluginShowsTheTimeOfAPluginAtItsOwnPhase() async throws {
        let host = try await ReloadingHost(watches: false, [:])
        let blamed = try await host.run(
            """
            local blamed, clock = {}, 0
            mf.now = function() return clock end
            local function output(line)
              local step, hook = line:match("%+(%d+%.%d+)%s+(%a+)")
              if step and tonumber(step) > 0 then blamed[#blamed + 1] = hook end
            end
            mf.init { name = "host", remotes = { { name = "r", entry = "http://r/entry.lua" } }, plugins = {
              require("mf.plugins.trace") { level = "debug", output = output },
              { name = "slow-plugin", afterResolve = function() clock = clock + 300 end } } }
            mf.loadRemote("r/x")
            return table.concat(blamed, " ")
            """)
        #expect(blamed == "afterResolve")
        await host.tearDown()
    }

    @Test func orderIsWhereAPluginStands() async throws {
        let host = try await ReloadingHost(watches: false, [:])
        let seen = try await host.run(
            """
            local seen = {}
            local function plugin(name, order)
              return { name = name, order = order, errorLoadRemote = function() seen[#seen + 1] = name end }
            end
            mf.init { name = "host", plugins = { plugin("c-plugin", "post"), plugin("a-plugin"), plugin("z-plugin", "pre") } }
            mf.registerPlugins { plugin("b-plugin") }
            pcall(mf.loadRemote, "none/x")
            return table.concat(seen, " ")
            """)
        #expect(seen == "z-plugin a-plugin b-plugin c-plugin")
        let refused = try await host.run(
            "local ok, problem = pcall(mf.registerPlugins, { { name = 'd-plugin', order = 'first' } }) return problem.message"
        )
        #expect(refused.stringValue?.contains("`first`") == true)
        await host.tearDown()
    }
}

extension String {
    fileprivate func replacingX(with value: String) -> String {
        split(separator: "X", omittingEmptySubsequences: false).joined(separator: value)
    }
}
