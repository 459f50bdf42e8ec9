import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// `host:unloaded`: what is left of plugins that were removed or replaced.
@Suite(.timeLimit(.minutes(2))) struct UnloadingTests {
    /// Runs a plugin whose function gets the table `SHARED` of the script's globals, removes it, and returns what is left:
    /// the counts, then a path a line.
    private func left(by body: String, script: String = "", removing: String = "host:removePlugins { 'leak-plugin' }")
        async throws
        -> (counts: String, held: [String])
    {
        let folder = try TemporaryFolder()
        try folder.write(
            "leak-plugin.lua",
            """
            return function(shared)
              local mf = require("mf")
              \(body)
              return { name = "leak-plugin" }
            end
            """)
        let result: [LuaValue] = try await withSite { site in
            try await site.lua(
                """
                SHARED = {}
                \(script)
                host = mf.init { name = "host", plugins = { { "\(folder.path)/leak-plugin.lua", SHARED } } }
                \(removing)
                local left = host:unloaded("leak-plugin")
                return ("%d %d %d"):format(left.tasks, left.listeners, left.generations), table.concat(left.held, "\\n")
                """)
        }
        let texts = result.map { $0.stringValue ?? "" }
        let held = texts[1].split(separator: "\n").map { String($0).replacing(folder.path + "/", with: "") }
        return (texts[0], held)
    }

    /// Each way of holding, and the path to it.
    private static let leaks: [(body: String, script: String, path: String)] = [
        (
            "shared.helper = function() return 1 end", "", "_G.SHARED.helper = function at leak-plugin.lua:3"
        ),
        (
            "shared.helper = function() return print end", "",
            "_G.SHARED.helper = function at leak-plugin.lua:3"
        ),
        ("shared['two words'] = function() end", "", "_G.SHARED[\"two words\"] = function at leak-plugin.lua:3"),
        ("shared[7] = { function() end }", "", "_G.SHARED[7][1] = function at leak-plugin.lua:3"),
        ("shared[function() end] = true", "", "_G.SHARED<key> = function at leak-plugin.lua:3"),
        ("shared.globals = _ENV", "", "_G.SHARED.globals = its globals"),
        (
            "setmetatable(shared, { __index = function() end })", "",
            "_G.SHARED<metatable>.__index = function at leak-plugin.lua:3"
        ),
        (
            "shared.keep(function() end)",
            "do local kept; SHARED.keep = function(f) kept = f end end",
            "_G.SHARED.keep<upvalue kept> = function at leak-plugin.lua:3"
        ),
        (
            "shared.thread = coroutine.create(function() end)", "",
            "_G.SHARED.thread<local ?> = function at leak-plugin.lua:3"
        ),
        (
            "shared.thread = shared.wrap(function() end)",
            "function SHARED.wrap(f) local co = coroutine.create(function(held) coroutine.yield() end) coroutine.resume(co, f) return co end",
            "_G.SHARED.thread<local held> = function at leak-plugin.lua:3"
        ),
        (
            "shared.swift(function() end)", "SHARED.swift = KEEP",
            "registry["
        ),
    ]

    @Test(arguments: leaks) func eachWayOfHoldingIsFound(body: String, script: String, path: String) async throws {
        let kept = Kept()
        try await withSite { site in
            let folder = try TemporaryFolder()
            try folder.write(
                "leak-plugin.lua",
                "return function(shared)\nlocal mf = require('mf')\n\(body)\nreturn { name = 'leak-plugin' } end")
            try await site.runtime.loop.perform {
                let globals = site.runtime.state.globals
                try globals.set(
                    "KEEP",
                    .callable(
                        LuaCallable("keep") { call in
                            kept.function = try call.function(0)
                            return []
                        }))
                try globals.set("USERDATA", .object(kept))
            }
            let result = try await site.lua(
                """
                SHARED = {} \(script)
                host = mf.init { name = "host", plugins = { { "\(folder.path)/leak-plugin.lua", SHARED } } }
                host:removePlugins { "leak-plugin" }
                return table.concat(host:unloaded("leak-plugin").held, "\\n")
                """)
            let held = (result.first?.stringValue ?? "").replacing(folder.path + "/", with: "")
            #expect(held.hasPrefix(path), "\(held)")
            #expect(held.hasSuffix("function at leak-plugin.lua:3") || held.hasSuffix("its globals"), "\(held)")
            kept.function = nil
        }
    }

    @Test func whatHoldsNothingLeavesNothing() async throws {
        for body in ["", "local f = function() return f end", "mf.spawn(function() mf.sleep(1e9) end)", "shared.n = 1"]
        {
            let left = try await left(by: body)
            #expect(left.counts == "0 0 0", "\(body)")
            #expect(left.held.isEmpty, "\(body): \(left.held)")
        }
    }

    @Test func whatIsHeldWeaklyIsNotHeld() async throws {
        let left = try await left(
            by: "shared.weak[1] = function() return print end shared.keys[function() return print end] = true",
            script: "SHARED.weak, SHARED.keys = setmetatable({}, { __mode = 'v' }), setmetatable({}, { __mode = 'k' })")
        #expect(left.counts == "0 0 0")
        #expect(left.held == [])
    }

    @Test func theCodeOfAReplacedVersionIsTold() async throws {
        let left = try await left(
            by: "shared[#shared + 1] = function() return print end", removing: "host:reload('leak-plugin')")
        #expect(left.counts == "0 0 1")
        #expect(left.held == ["_G.SHARED[1] = function at leak-plugin.lua:3"])
    }

    @Test func aPluginThatServesHasLeftNothing() async throws {
        let left = try await left(by: "shared.helper = function() return print end", removing: "")
        #expect(left.counts == "0 0 0")
        #expect(left.held == [])
    }

    @Test func theLocalsOfWaitingCodeAreSearched() async throws {
        let left = try await left(
            by: "shared.helper = function() return print end",
            removing: "local mine = SHARED.helper SHARED.helper = nil host:removePlugins { 'leak-plugin' }")
        #expect(left.held == ["waiting code<local mine> = function at leak-plugin.lua:3"])
    }

    @Test func anUnknownNameIsAnError() async throws {
        try await withSite { site in
            let error = await site.failure(
                .noSuchPlugin,
                "local host = mf.init { name = 'host', plugins = { { name = 'a-plugin' } } } host:unloaded('b-plugin')")
            #expect(error?.message.contains("did you mean `a-plugin`?") == true)
        }
    }

    @Test(arguments: ["fallback", "retry", "trace"])
    func theShippedPluginsLeaveNothingAfterAHundredReloads(plugin: String) async throws {
        let texts = [
            "http://checks/entry.lua":
                "return { init = function() end, get = function(x) return function() return x end end }"
        ]
        try await withSite(texts) { site in
            let file = Places.root + "/lua/plugins/\(plugin)-plugin.lua"
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { "\(file)" } }
                local name = host:plugins()[1].name
                for i = 1, 100 do
                  mf.loadRemote("checks/" .. i)
                  host:reload(name)
                end
                local replaced = host:unloaded(name)
                host:removePlugins { name }
                local removed = host:unloaded(name)
                return replaced.generations, replaced.tasks, #replaced.held, removed.generations, removed.listeners, #removed.held, removed.held[1]
                """)
            #expect(result.prefix(6) == [0, 0, 0, 0, 0, 0], "\(result)")
        }
    }

    /// An object of Swift that holds a function of Lua.
    private final class Kept: LuaObject, @unchecked Sendable {
        // Used on the loop of one test alone.
        var function: LuaFunction?
        static let luaTypeName = "test.Kept"
        func luaGet(_ key: LuaKey) -> LuaValue { .nil }
    }
}
