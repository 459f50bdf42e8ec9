import Diagnostics
import Federation
import LuaBridge
import TestSupport
import Testing

@testable import HotReload

/// Plugins that did not load and need not: they are tried again when their files change.
@Suite(.timeLimit(.minutes(1))) struct FailedPluginTests {
    private static let whole = """
        return { name = "x-plugin", beforeRequest = function(args) args.id = args.id .. "x" end }
        """
    private static let start = """
        host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
          plugins = { { folder .. "x-plugin.lua", required = false } } }
        return host:plugins()[1].state
        """

    @Test(arguments: ["error('no')", "return require('lib.part')", ""])
    func aPluginIsAttachedWhenItsFileIsMended(text: String) async throws {
        let host = try await ReloadingHost(text.isEmpty ? [:] : ["x-plugin.lua": text])
        #expect(try await host.run(Self.start) == "failed")
        try host.replace("x-plugin.lua", Self.whole)
        let report = await host.nextReload()
        #expect(report?.generation == 1)
        #expect(report?.error == nil)
        #expect(try await host.run("return host:plugins()[1].state") == "on")
        #expect(try await host.run("return mf.loadRemote('checks/y').name") == "./yx")
        try host.replace("x-plugin.lua", Self.whole + " ")
        #expect(await host.nextReload()?.generation == 2)
        await host.tearDown()
    }

    @Test func aPluginThatCouldNotBeAttachedKeepsItsName() async throws {
        let host = try await ReloadingHost([
            "x-plugin.lua": "return { name = 'real-plugin', apply = function() error('no') end }"
        ])
        #expect(try await host.run(Self.start) == "failed")
        #expect(try await host.run("return host:plugins()[1].name") == "real-plugin")
        await host.tearDown()
    }

    @Test func aFileThatAFailedPluginRequiresIsWatched() async throws {
        let host = try await ReloadingHost([
            "x-plugin.lua": "return require('part')", "part.lua": "error('not yet')",
        ])
        #expect(try await host.run(Self.start) == "failed")
        try host.replace("part.lua", Self.whole)
        #expect(await host.nextReload()?.error == nil)
        #expect(try await host.run("return host:plugins()[1].state") == "on")
        await host.tearDown()
    }

    @Test func aChangeThatMendsNothingIsTold() async throws {
        let host = try await ReloadingHost(["x-plugin.lua": "error('first')"])
        #expect(try await host.run(Self.start) == "failed")
        try host.replace("x-plugin.lua", "while true do end")
        let report = await host.nextReload()
        #expect(report?.generation == 0)
        #expect(report?.error?.code == .reloadFailed)
        #expect(try await host.run("return host:plugins()[1].state") == "failed")
        await host.tearDown()
    }

    @Test func whatWasRemovedIsNotTriedAgain() async throws {
        let host = try await ReloadingHost([
            "x-plugin.lua": "error('first')", "y-plugin.lua": "return { name = 'y-plugin' }",
        ])
        #expect(try await host.run(Self.start) == "failed")
        try await host.run("host:registerPlugins { folder .. 'y-plugin.lua' } host:removePlugins { 'x-plugin' }")
        try host.replace("x-plugin.lua", Self.whole)
        try host.replace("y-plugin.lua", "return { name = 'y-plugin', version = '2' }")
        #expect(await host.nextReload()?.name == "y-plugin")
        #expect(try await host.run("return #host:plugins()") == 1)
        await host.tearDown()
    }
}
