import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins that declare their options, at the doors by which they come to a host.
@Suite(.timeLimit(.minutes(2))) struct DeclaredPluginTests {
    private static let plugin = """
        return {
          name = "slack-plugin", version = "2.1.0", about = "Posts failed loads.",
          options = {
            url = { type = "string", required = true },
            retries = { type = "integer", min = 0, max = 10, default = 3 },
            channels = { list = "string", default = {}, was = "channel" },
          },
          check = function(o)
            CHECKED = (CHECKED or 0) + 1
            if o.retries > 5 and o.url == "slow" then return "`retries` above 5 need another `url`" end
          end,
          plugin = function(options)
            made = (made or 0) + 1
            return {
              onLoad = function() return options end,
              errorLoadRemote = function() return options end,
            }
          end,
        }
        """

    private static func withPlugin<T: Sendable>(
        _ text: String = plugin, _ body: @Sendable (Site, String) async throws -> T
    ) async throws -> T {
        let folder = try TemporaryFolder()
        try folder.write("slack-plugin.lua", text)
        let path = folder.path + "/slack-plugin.lua"
        return try await withSite { try await body($0, path) }
    }

    // MARK: Options

    @Test func aPluginGetsItsOptionsReadOnlyWithDefaults() async throws {
        try await Self.withPlugin { site, path in
            let seen = try await site.lua(
                """
                mf.init { name = "host", plugins = { { "\(path)", { url = "x", retries = 4.0 } } } }
                local o = mf.loadRemote("none/x")
                local frozen = not pcall(function() o.url = 1 end) and not pcall(function() o.channels[1] = 1 end)
                return o.url, o.retries, math.type(o.retries), #o.channels, frozen
                """)
            #expect(seen == ["x", 4, "integer", 0, true])
        }
    }

    @Test func theDeclarationNamesThePlugin() async throws {
        try await Self.withPlugin { site, path in
            let seen = try await site.lua(
                """
                local h = mf.init { name = "host", plugins = { { "\(path)", { url = "x" } } } }
                return h.options.plugins[1].name, h.options.plugins[1].version
                """)
            #expect(seen == ["slack-plugin", "2.1.0"])
        }
    }

    /// Each way to give a plugin to a host, with the entry `ENTRY`.
    static let doors = [
        "mf.init { name = 'new', plugins = { ENTRY } }", "mf.init { name = 'host', plugins = { ENTRY } }",
        "mf.createInstance { name = 'new', plugins = { ENTRY } }", "mf.registerPlugins { ENTRY }",
        "host:registerPlugins { ENTRY }", "mf.registerGlobalPlugins { ENTRY }",
        "host:initOptions { name = 'host', plugins = { ENTRY } }",
    ]

    @Test(arguments: doors) func everyFaultIsToldAtOnceAndNothingIsAttached(door: String) async throws {
        try await Self.withPlugin { site, path in
            let entry = "{ '\(path)', { retires = 5, retries = 11 } }"
            try await site.lua("host = mf.init { name = 'host' }")
            let error = await site.failure(.pluginOptions, door.replacing("ENTRY", with: entry))
            let message = try #require(error?.message)
            #expect(
                message
                    == "host.lua:1: options of slack-plugin: `retires` is not an option (did you mean `retries`?); "
                    + "`url` is missing; `retries` is an integer from 0 to 10, got 11")
            #expect(try await site.lua("return #host.options.plugins, #mf.instances(), CHECKED") == [0, 1, .nil])
        }
    }

    @Test func nothingOfAnyPluginHasRunWhereOneHasBadOptions() async throws {
        try await Self.withPlugin { site, path in
            let script = """
                runs = 0
                local good = { name = "good-plugin", plugin = function() runs = runs + 1 return {} end }
                mf.init { name = "host", plugins = { good, { "\(path)", {} }, { good, { x = 1 } } } }
                """
            let error = await site.failure(.pluginOptions, script)
            #expect(error?.message.contains("options of slack-plugin: `url` is missing; ") == true)
            #expect(error?.message.contains("options of good-plugin: `x` is not an option: there are none") == true)
            let runs = try await site.lua("return runs")
            #expect(runs == [0])
        }
    }

    @Test func anEntryIsToldByItsOwnLine() async throws {
        let folder = try TemporaryFolder()
        try folder.write("slack-plugin.lua", Self.plugin)
        let script = """
            local mf = require("mf")
            mf.init {
              name = "host",
              plugins = {
                { "./slack-plugin.lua", { url = "x" } },
                -- "./slack-plugin.lua"
                {
                  "./slack-plugin.lua", { url = 5 },
                },
              },
            }
            """
        try folder.write("host.lua", script)
        let path = folder.path + "/host.lua"
        try await withSite { site in
            let error = await expectMFError(.pluginOptions) {
                try await site.runtime.run(script: Array(script.utf8), name: "@" + path, scriptName: path)
            }
            #expect(error?.message.hasPrefix("\(path):8: options of slack-plugin: ") == true, "\(error?.message ?? "")")
        }
    }

    @Test func theAuthorsCheckComesAfterTheSchema() async throws {
        try await Self.withPlugin { site, path in
            let bad = "mf.init { name = 'host', plugins = { { '\(path)', { url = 'slow', retries = 6 } } } }"
            let error = await site.failure(.pluginOptions, bad)
            #expect(error?.message.hasSuffix("options of slack-plugin: `retries` above 5 need another `url`") == true)
        }
    }

    @Test(arguments: [
        ("return 5", "returned 5"), ("return { 'a', 5 }", "returned a table"), ("error('broken')", "failed: "),
        ("return o.x.y", "failed: "), ("o.a = 1", "failed: "),
    ]) func aCheckThatDoesNotAnswerIsTheAuthorsFault(check: String, message: String) async throws {
        let text = "return { name = 'a-plugin', check = function(o) \(check) end, plugin = function() return {} end }"
        try await Self.withPlugin(text) { site, path in
            let error = await site.failure(.pluginDeclaration, "mf.init { name = 'host', plugins = { '\(path)' } }")
            #expect(error?.message.contains(":1: `check` of a-plugin \(message)") == true, "\(error?.message ?? "")")
        }
    }

    @Test func severalFaultsOfACheckAreTold() async throws {
        let text = "return { name = 'a-plugin', check = function() return { 'one', 'two' } end, plugin = print }"
        try await Self.withPlugin(text) { site, path in
            let error = await site.failure(.pluginOptions, "mf.init { name = 'host', plugins = { '\(path)' } }")
            #expect(error?.message.hasSuffix("options of a-plugin: one; two") == true)
        }
    }

    @Test func aFormerNameWorksAndWarnsOnce() async throws {
        try await Self.withPlugin { site, path in
            let seen = try await site.lua(
                """
                local entry = { "\(path)", { url = "x", channel = { "a" } } }
                mf.createInstance { name = "one", plugins = { entry } }
                local h = mf.createInstance { name = "two", plugins = { entry } }
                return h:loadRemote("none/x").channels[1]
                """)
            #expect(seen == ["a"])
            let warnings = site.log.messages.filter { $0.contains("`channel`") }
            #expect(warnings.count == 1)
            #expect(warnings.first?.contains("option `channel` of slack-plugin is deprecated: use `channels`") == true)
        }
    }

    @Test func aReloadHoldsNewOptionsAgainstTheSchema() async throws {
        try await Self.withPlugin { site, path in
            try await site.lua("host = mf.init { name = 'host', plugins = { { '\(path)', { url = 'x' } } } }")
            let error = await site.failure(.reloadFailed, "host:reload('slack-plugin', { url = 5 })")
            let cause = error?.cause as? MFError
            #expect(cause?.message == "host.lua:1: options of slack-plugin: `url` is a string, got 5")
            let seen = try await site.lua(
                "host:reload('slack-plugin', { url = 'y' }) return mf.loadRemote('none/x').url, #host.options.plugins")
            #expect(seen == ["y", 1])
        }
    }

    @Test func aVersionThatTheOptionsDoNotFitIsNotTaken() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("slack-plugin.lua", Self.plugin)
        try await withSite { site in
            try await site.lua("host = mf.init { name = 'host', plugins = { { '\(path)', { url = 'x' } } } }")
            try folder.write(
                "slack-plugin.lua", Self.plugin.replacing("required = true", with: "required = true, min = 9"))
            let error = await site.failure(.reloadFailed, "host:reload('slack-plugin')")
            #expect(
                (error?.cause as? MFError)?.message.hasSuffix("`url` is a string of at least 9 characters, got \"x\"")
                    == true)
            let seen = try await site.lua("return mf.loadRemote('none/x').url")
            #expect(seen == ["x"])
        }
    }

    @Test func aBadGlobalPluginLeavesNoneBehind() async throws {
        try await Self.withPlugin { site, path in
            let good =
                "{ name = 'good-plugin', plugin = function() return { errorLoadRemote = function() return 1 end } end }"
            _ = await site.failure(.pluginOptions, "mf.registerGlobalPlugins { \(good), { '\(path)', {} } }")
            let seen = try await site.lua("return #mf.init({ name = 'host' }).options.plugins")
            #expect(seen == [0])
        }
    }

    // MARK: Declarations

    /// What is wrong in a plugin's file of several lines, and how it is told.
    static let wrong: [(text: String, messages: [String])] = [
        ("\n  options = {\n    x = { typ = 'string' },\n  },", [":3: `options.x.typ` is not a word of a declaration"]),
        ("\n  requierd = {},", [":2: `requierd` is not a key of a declaration"]),
        ("\n  needs = {},", [":2: `needs` is not available in this version"]),
        ("\n  health = function() end,", [":2: `health` belongs into the table that `plugin` returns"]),
        ("\n  onLoad = function() end,", [":2: `onLoad` belongs into the table that `plugin` returns"]),
        ("\n  filter = { id = 'a/*' },", [":2: `filter` belongs into the table that `plugin` returns"]),
        ("\n  onLoad = { handler = print },", [":2: `onLoad` belongs into the table that `plugin` returns"]),
        ("\n  apply = function() end,", [":2: `apply` belongs into the table that `plugin` returns"]),
        (
            "\n  version = 5,\n  check = 'x',",
            [":2: `version` is a string, got 5", ":3: `check` is a function, got \"x\""]
        ),
        ("\n  order = 'first',", [":2: `order` is \"pre\" or \"post\", got \"first\""]),
        ("\n  [1] = 'x',", ["the key 1 means nothing in a declaration"]),
        (
            "\n  options = {\n    a = { type = 'integer', default = 'x' },\n    b = {\n      enum = {},\n    },\n  },",
            [":5: `options.b.enum` is a list of values that is not empty"]
        ),
    ]

    @Test(arguments: wrong.indices) func aBadDeclarationIsToldAtTheAuthorsLine(index: Int) async throws {
        let (keys, messages) = Self.wrong[index]
        let text = "return { name = 'a-plugin',\(keys)\n  plugin = function() return {} end }"
        try await Self.withPlugin(text) { site, path in
            let error = await site.failure(.pluginDeclaration, "mf.init { name = 'host', plugins = { '\(path)' } }")
            for message in messages {
                #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test(arguments: [("", "`name` is missing"), ("name = 'a/b',", "`name` is \"a/b\": it has neither")])
    func aDeclarationHasAName(name: String, message: String) async throws {
        try await Self.withPlugin("return { \(name) plugin = function() return {} end }") { site, path in
            let error = await site.failure(.pluginDeclaration, "mf.init { name = 'host', plugins = { '\(path)' } }")
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: [
        ("5", "found a number"), ("{ name = 'b-plugin' }", "returned a table with `name` \"b-plugin\""),
        ("{ onLaod = function() end }", "unknown hook `onLaod`"),
    ]) func whatPluginReturnsIsATableOfHooks(result: String, message: String) async throws {
        let text = "return { name = 'a-plugin', plugin = function() return \(result) end }"
        try await Self.withPlugin(text) { site, path in
            let error = await #expect(throws: MFError.self) {
                try await site.lua("mf.init { name = 'host', plugins = { '\(path)' } }")
            }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }

    @Test func whatPluginHasBegunEndsWithThePlugin() async throws {
        let text = """
            local mf = require("mf")
            return { name = "a-plugin", plugin = function()
              mf.spawn(function() while true do mf.sleep(1) end end)
              mf.createInstance { name = "made" }
              return {}
            end }
            """
        try await Self.withPlugin(text) { site, path in
            let seen = try await site.lua(
                """
                local h = mf.init { name = "host", plugins = { "\(path)" } }
                local before = #mf.instances()
                h:removePlugins { "a-plugin" }
                return before, #mf.instances()
                """)
            #expect(seen == [2, 1])
            // The task has ended, too.
            try await site.runtime.waitUntilIdle()
        }
    }

    @Test func aDeclarationMayStandInTheHostScript() async throws {
        try await withSite { site in
            let seen = try await site.lua(
                """
                local declared = {
                  name = "a-plugin", order = "pre", options = { x = { type = "integer", default = 1 } },
                  plugin = function(o) return { errorLoadRemote = function() return o.x end } end,
                }
                local one = mf.createInstance { name = "one", plugins = { declared } }
                local two = mf.createInstance { name = "two", plugins = { { declared, { x = 2 } } } }
                return one:loadRemote("none/x"), two:loadRemote("none/x"), one.options.plugins[1].order
                """)
            #expect(seen == [1, 2, "pre"])
        }
    }

    // MARK: Module Federation's forms

    @Test func aTableWithoutAFunctionPluginIsLeftAlone() async throws {
        try await withSite { site in
            let seen = try await site.lua(
                """
                local given = { name = "a-plugin", options = { x = 5 }, plugin = "text", errorLoadRemote = function() return 7 end }
                local h = mf.init { name = "host", plugins = { given } }
                return mf.loadRemote("none/x"), h.options.plugins[1] == given, given.options.x
                """)
            #expect(seen == [7, true, 5])
        }
    }

    @Test func aFunctionOfOptionsGetsTheTableThatWasGiven() async throws {
        try await withSite { site in
            let seen = try await site.lua(
                """
                local options, got = { anything = 1 }, nil
                mf.init { name = "host", plugins = { { function(o) got = o return { name = "a-plugin" } end, options } } }
                return got == options
                """)
            #expect(seen == [true])
        }
    }

    @Test(arguments: ["grant", "shadow"])
    func keysOfLaterVersionsAreRefusedByName(key: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions, "mf.init { name = 'host', plugins = { { print, {}, \(key) = true } } }")
            let text = "unknown key `plugins[1].\(key)` (not available in this version)"
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
    }
}
