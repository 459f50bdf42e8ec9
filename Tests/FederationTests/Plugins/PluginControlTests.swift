import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins that are switched off, on, and made anew while the host runs.
@Suite(.timeLimit(.minutes(2))) struct PluginControlTests {
    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]
    private static let host = """
        local function letter(name)
          return { name = name .. "-plugin", beforeRequest = function(args) args.id = args.id .. name end }
        end
        local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
          plugins = { letter "a", letter "b", letter "c" } }
        """

    @Test func aDisabledPluginKeepsItsPlace() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                host:disablePlugins({ "b-plugin" }, { why = "INC-42" })
                local off = mf.loadRemote("checks/")
                local report = host:plugins()[2]
                host:enablePlugins { "b-plugin" }
                return off, report.state, report.why, mf.loadRemote("checks/"), host:plugins()[2].state
                """)
            #expect(result == ["./ac", "off", "INC-42", "./abc", "on"])
        }
    }

    @Test func aPluginThatIsDisabledForAWhileComesBackByItself() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                host:disablePlugins({ "b-plugin" }, { ["for"] = "1ms" })
                while host:plugins()[2].state == "off" do mf.sleep(1) end
                return mf.loadRemote("checks/")
                """)
            #expect(result == ["./abc"])
        }
    }

    @Test(arguments: ["disablePlugins", "enablePlugins"])
    func anUnknownNameChangesNothing(function: String) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                host:disablePlugins { "c-plugin" }
                local ok, problem = pcall(host.\(function), host, { "a-plugin", "c-plugin", "bb-plugin", "nobody" })
                return ok, problem.code, problem.message, host:plugins()[1].state, host:plugins()[3].state
                """)
            #expect(
                result == [
                    false, "PLUGIN-004", "there is no plugin `bb-plugin` (did you mean `b-plugin`?), `nobody`", "on",
                    "off",
                ])
        }
    }

    @Test(arguments: ["{ ['for'] = 5 }", "{ ['for'] = '5' }", "{ fro = '5s' }", "{ why = 7 }"])
    func badOptionsOfADisablingAreRefused(options: String) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                local ok, problem = pcall(host.disablePlugins, host, { "a-plugin" }, \(options))
                return ok, problem.code, host:plugins()[1].state
                """)
            #expect(result == [false, "LUA-012", "on"])
        }
    }

    @Test func aConfiguredPluginKeepsItsPlaceAndItsState() async throws {
        try await withSite(Self.texts) { site in
            let source = """
                return function(options)
                  local kept = 0
                  return { name = "b-plugin", beforeRequest = function(args) kept = kept + 1 args.id = args.id .. options.letter .. kept end,
                    beforeReload = function() return kept end, afterReload = function(args) kept = args.state end }
                end
                """
            let plain = { (letter: String) in
                HostPlugin.source(
                    "return { name = '\(letter)-plugin', beforeRequest = function(args) args.id = args.id .. '\(letter)' end }",
                    name: letter)
            }
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [plain("a"), .source(source, name: "b.lua", options: ["letter": "x"]), plain("c")]))
            #expect(try await host.loadRemote("checks/") == "./ax1c")
            #expect(try await host.configure(plugin: "b-plugin", options: ["letter": "y"]) == 2)
            #expect(try await host.loadRemote("checks/") == "./ay2c")
            let result = try await site.lua(
                """
                local host = mf.getInstance("host")
                local generation = host:configurePlugin("b-plugin", function(old) return { letter = old.letter .. "z" } end)
                return generation, host:loadRemote("checks/"), host:plugins()[2].hooks.beforeRequest.calls
                """)
            #expect(result == [3, "./ayz3c", 3])
        }
    }

    @Test func aConfigurationThatFailsLeavesTheOldOne() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [
                        .source(
                            "return function(options) assert(options.good) return { name = 'x-plugin', beforeRequest = function(args) args.id = args.id .. 'x' end } end",
                            name: "x.lua", options: ["good": true])
                    ]))
            await expectMFError(.reloadFailed) {
                try await host.configure(plugin: "x-plugin", options: ["good": false])
            }
            #expect(try await host.loadRemote("checks/") == "./x")
            #expect(try await host.plugins().first?.generation == 1)
        }
    }

    @Test func noLoadSeesHalfOfTenThousandChangesUnderWay() async throws {
        try await withSite(Self.texts) { site in
            let pair = { (name: String) in
                HostPlugin.source(
                    "local mf = require('mf') return { name = '\(name)-plugin', beforeRequest = function(args) args.id = args.id .. 'x' mf.sleep(0) end }",
                    name: name)
            }
            let counting = """
                local mf = require("mf")
                return function(options)
                  return { name = "count-plugin", beforeRequest = function(args)
                    local before = options.count
                    mf.sleep(0)
                    args.id = args.id .. before .. "=" .. options.count
                  end }
                end
                """
            _ = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [
                        pair("one"), .source(counting, name: "count.lua", options: ["count": 0]), pair("two"),
                    ]))
            let result = try await site.lua(
                """
                local host = mf.getInstance("host")
                local changes, wrong, loads, running = 0, nil, {}, true
                local function expectWhole(id)
                  local one, before, after, two = id:match("^%./(x?)(%d+)=(%d+)(x?)$")
                  if not one or one ~= two or before ~= after then wrong = id end
                end
                for i = 1, 8 do
                  loads[i] = function() while running do expectWhole(host:loadRemote("checks/")) end end
                end
                loads[9] = function()
                  for i = 1, 3334 do
                    host:disablePlugins { "one-plugin", "two-plugin" }
                    if i % 3 == 0 then mf.sleep(0) end
                    host:configurePlugin("count-plugin", { count = i })
                    if i % 5 == 0 then mf.sleep(0) end
                    host:enablePlugins { "two-plugin", "one-plugin" }
                    if i % 7 == 0 then mf.sleep(0) end
                    changes = changes + 3
                  end
                  running = false
                end
                mf.all(loads)
                return changes, wrong, host:loadRemote("checks/"), host:plugins()[2].generation
                """)
            #expect(result == [10_002, .nil, "./x3334=3334x", 3335])
        }
    }
}
