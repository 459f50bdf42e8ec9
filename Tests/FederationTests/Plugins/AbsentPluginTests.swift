import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins that are listed and not attached: `enabled`, `required`, `MFLUA_DISABLE` and `--safe`.
@Suite(.timeLimit(.minutes(2))) struct AbsentPluginTests {
    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]

    /// A file of a plugin that adds a letter to each request.
    private static func letter(_ name: String) -> String {
        "return { name = '\(name)-plugin', beforeRequest = function(args) args.id = args.id .. '\(name)' end }"
    }

    private static func host(_ plugins: [HostPlugin]) -> HostOptions {
        HostOptions(name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")], plugins: plugins)
    }

    private static func withHost(
        _ plugins: String, disabling disabled: [String] = [], safely isSafe: Bool = false,
        _ body: @Sendable (Site, TemporaryFolder) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b", "c"] { try folder.write("\(name)-plugin.lua", "mf = require('mf') " + letter(name)) }
        try folder.write("broken-plugin.lua", "error('broken at its first line')")
        try folder.write("misnamed.lua", letter("m"))
        try await withSite(
            texts,
            configured: {
                $0.disabledPlugins = disabled
                $0.attachesOnlyRequiredPlugins = isSafe
            }
        ) { site in
            _ = try await site.lua(
                """
                local function file(name) return "\(folder.path)/" .. name .. ".lua" end
                host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { \(plugins) } }
                """)
            try await body(site, folder)
        }
    }

    private static let state = """
        local states = {}
        for i, plugin in ipairs(host:plugins()) do states[i] = plugin.name .. " " .. plugin.state .. " " .. tostring(plugin.why) end
        return mf.loadRemote("checks/"), table.concat(states, "; ")
        """

    @Test(arguments: ["false", "function(host) return host.name ~= 'host' end", "function() end"])
    func aPluginThatIsNotEnabledIsNotRun(enabled: String) async throws {
        try await Self.withHost("file 'a-plugin', { file 'broken-plugin', enabled = \(enabled) }, file 'c-plugin'") {
            site, _ in
            let result = try await site.lua(Self.state)
            #expect(
                result == [
                    "./ac",
                    "a-plugin on nil; c-plugin on nil; broken-plugin off its entry says `enabled = false`",
                ])
        }
    }

    @Test(arguments: ["true", "function(host) return host.name == 'host' end"])
    func aPluginThatIsEnabledIsAttached(enabled: String) async throws {
        try await Self.withHost("{ file 'a-plugin', enabled = \(enabled) }") { site, _ in
            let result = try await site.lua(Self.state)
            #expect(
                result == ["./a", "a-plugin on nil"])
        }
    }

    @Test func enablingAttachesAPluginAtItsPlace() async throws {
        try await Self.withHost("file 'a-plugin', { file 'b-plugin', enabled = false }, file 'c-plugin'") { site, _ in
            let result = try await site.lua(
                """
                local off = mf.loadRemote("checks/")
                host:enablePlugins { "b-plugin" }
                return off, mf.loadRemote("checks/"), host:plugins()[3].state, host.options.plugins[1].name
                """)
            #expect(result == ["./ac", "./abc", "on", "b-plugin"])
            let removed = try await site.lua("host:removePlugins { 'b-plugin' } \(Self.state)")
            #expect(removed.first == "./ac")
        }
    }

    @Test(arguments: [
        "'nobody'", "{}", "7", "{ [1] = true }",
    ]) func enabledOfAnotherTypeIsRefused(value: String) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                "local ok, problem = pcall(mf.init, { name = 'host', plugins = { { 'x.lua', enabled = \(value) } } }) return ok, problem.code, problem.message:find('a boolean or a function', 1, true) ~= nil"
            )
            #expect(result == [false, "LUA-012", true])
        }
    }

    @Test(arguments: ["", ", tenant = 'acme'"])
    func whatDidNotLoadIsToldWithItsFileAndWhatToDo(tenant: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("x.lua", "return { name = 'x-plugin', onLod = function() end }")
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", tenants = { acme = {} },
                  plugins = { { "\(folder.path)/x.lua", required = false\(tenant) } } }
                local line = host:health()[1]
                return host:plugins()[1].why, line.text, line.advice
                """)
            let message = "unknown hook `onLod` in plugin `x-plugin`"
            let why = try #require(result.first?.stringValue)
            #expect(why.contains("\(folder.path)/x.lua"))
            #expect(why.hasSuffix(message))
            #expect(result[1].stringValue?.hasSuffix(message) == true)
            #expect(result[2].stringValue?.hasPrefix("did you mean `onLoad`?") == true, "\(result)")
            #expect(
                site.log.messages.first?.contains("\(message): did you mean `onLoad`?") == true, "\(site.log.messages)")
        }
    }

    @Test func aNameWithoutItsTenantIsMeantToHaveIt() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host",
                    plugins: [
                        .source("return { name = 'x-plugin' }", name: "x.lua", tenant: "acme"),
                        .swift(Plugin("y-plugin")),
                    ], tenants: [("acme", TenantOptions())]))
            let error = await expectMFError(.noSuchPlugin) { try await host.disable(plugins: ["x-plugin"]) }
            #expect(error?.message == "there is no plugin `x-plugin` (did you mean `acme/x-plugin`?)")
        }
    }

    @Test func anEnabledThatRaisesFailsTheList() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                "local ok, problem = pcall(mf.init, { name = 'host', plugins = { { 'x.lua', enabled = function() error('no') end } } }) return ok, problem.code, problem.message"
            )
            #expect(result == [false, "LUA-012", "host.lua:1: `enabled` of `plugins[1]` (`x`) failed"])
        }
    }

    /// What may go wrong with a plugin, and what is told of it.
    private static let failures = [
        ("error('broken')", "broken"), ("return {", "unexpected symbol"), ("return 7", "number"),
        ("return { name = 'x-plugin', onLod = function() end }", "onLod"),
        ("return { name = 'x-plugin', apply = function() error('apply') end }", "apply"),
        (
            "return { name = 'x-plugin', options = { url = { type = 'url', required = true } }, plugin = function() return {} end }",
            "missing"
        ),
        ("return { name = 'x-plugin', options = {}, plugin = function() error('made') end }", "made"),
        ("return { name = 'x-plugin', options = {}, plugin = function() return 7 end }", "number"),
        ("require('not.there') return {}", "not.there"),
    ]

    @Test(arguments: failures) func aPluginThatNeedNotLoadIsLeftOut(text: String, reason: String) async throws {
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            try folder.write("x-plugin.lua", text)
            let path = folder.path + "/x-plugin.lua"
            let good = HostPlugin.source(Self.letter("a"), name: "a.lua")
            await #expect(throws: MFError.self) {
                try await site.runtime.createHost(Self.host([good, .file(path).required()]))
            }
            let host = try await site.runtime.createHost(Self.host([good, .file(path).required(false), good]))
            let report = try #require(try await host.plugins().last)
            #expect(report.name == "x-plugin")
            #expect(report.state == .failed)
            #expect(report.generation == 0)
            #expect(report.why?.contains(reason) == true, "\(report.why ?? "")")
            #expect(try await host.loadRemote("checks/") == "./a")
            await #expect(throws: MFError.self) { try await host.enable(plugins: ["x-plugin"]) }
            await expectMFError(.noSuchPlugin) { try await host.configure(plugin: "x-plugin", options: [:]) }
            try folder.write("x-plugin.lua", Self.letter("x"))
            try await host.enable(plugins: ["x-plugin"])
            #expect(try await host.loadRemote("checks/") == "./ax")
            #expect(try await host.plugins().map(\.state) == [.on, .on])
        }
    }

    @Test func aMissingFileThatNeedNotBeThereIsLeftOut() async throws {
        try await Self.withHost("{ file 'nobody', required = false }, file 'a-plugin'") { site, folder in
            let result = try await site.lua(Self.state)
            #expect(result.first == "./a")
            #expect(
                result.last?.stringValue?.hasPrefix("a-plugin on nil; nobody failed there is no plugin file") == true)
        }
    }

    @Test func aBadEntryFailsTheListAlsoWhereThePluginNeedNotLoad() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                "local ok, problem = pcall(mf.init, { name = 'host', plugins = { { 'x.lua', required = false, fial = 'open' } } }) return ok, problem.code"
            )
            #expect(result == [false, "LUA-012"])
        }
    }

    @Test func whatAFailedPluginHasBegunEndsWithIt() async throws {
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                Self.host([
                    .source(
                        "local mf = require('mf') mf.spawn(function() mf.sleep(1e9) end) error('late')", name: "x.lua"
                    )
                    .required(false)
                ]))
            #expect(try await host.plugins().map(\.state) == [.failed])
            // Would never return.
            try await site.runtime.waitUntilIdle()
        }
    }

    @Test(arguments: [
        ["b-plugin"], ["b-plugin", "b-plugin"],
    ]) func whatIsDisabledFromOutsideIsNotRun(names: [String]) async throws {
        try await Self.withHost(
            "file 'a-plugin', file 'b-plugin', { name = 'c-plugin', beforeRequest = function(args) args.id = args.id .. 'c' end }",
            disabling: names
        ) { site, _ in
            let result = try await site.lua(Self.state)
            #expect(
                result == [
                    "./ac", "a-plugin on nil; c-plugin on nil; b-plugin off disabled by MFLUA_DISABLE",
                ])
        }
    }

    @Test func aPluginIsDisabledByItsPathAndByANameThatOnlyItsFileTells() async throws {
        try await Self.withHost(
            "file 'a-plugin', file 'misnamed', { name = 'c-plugin', beforeRequest = function(args) args.id = args.id .. 'c' end }",
            disabling: ["m-plugin", "c-plugin"]
        ) { site, _ in
            let result = try await site.lua(Self.state)
            #expect(
                result == [
                    "./a",
                    "a-plugin on nil; m-plugin off disabled by MFLUA_DISABLE; c-plugin off disabled by MFLUA_DISABLE",
                ])
            let enabled = try await site.lua("host:enablePlugins { 'm-plugin', 'c-plugin' } \(Self.state)")
            #expect(enabled.first == "./amc")
        }
    }

    @Test func namesThatNoPluginHasAreTold() async throws {
        try await Self.withHost("file 'a-plugin', file 'b-plugin'", disabling: ["a-plugn", "b-plugin", "zzz"]) {
            site, _ in
            let unknown = try await site.runtime.unknownDisabledPlugins()
            #expect(unknown.map(\.name) == ["a-plugn", "zzz"])
            #expect(unknown.map(\.near) == ["a-plugin", nil])
        }
    }

    @Test func safelyOnlyWhatIsRequiredIsAttached() async throws {
        try await Self.withHost(
            "file 'a-plugin', { file 'b-plugin', required = true }, { file 'broken-plugin', required = false }, { name = 'c-plugin' }",
            safely: true
        ) { site, _ in
            let result = try await site.lua(Self.state)
            #expect(result.first == "./b")
            #expect(
                result.last?.stringValue?.split(separator: "; ").map { $0.prefix { $0 != ":" } } == [
                    "b-plugin on nil", "a-plugin off left out by --safe", "broken-plugin off left out by --safe",
                    "c-plugin off left out by --safe",
                ])
        }
    }

    @Test func globalPluginsAreLeftOut() async throws {
        try await withSite(Self.texts, configured: { $0.disabledPlugins = ["g-plugin"] }) { site in
            let result = try await site.lua(
                """
                mf.registerGlobalPlugins { { name = "g-plugin", beforeRequest = function(args) args.id = args.id .. "g" end } }
                host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } } }
                \(Self.state)
                """)
            #expect(result == ["./", "g-plugin off disabled by MFLUA_DISABLE"])
        }
    }

    @Test func whatIsLeftOutCanBeDisabledEnabledAndRemoved() async throws {
        try await Self.withHost("{ file 'broken-plugin', required = false }, { file 'a-plugin', enabled = false }") {
            site, _ in
            let result = try await site.lua(
                """
                host:disablePlugins({ "broken-plugin", "a-plugin" }, { why = "INC-7" })
                local reports = host:plugins()
                host:disablePlugins({ "a-plugin" }, { ["for"] = "1ms" })
                while host:plugins()[1].state == "off" do mf.sleep(1) end
                local removed = table.concat(host:removePlugins { "broken-plugin", "nobody" }, ",")
                return reports[1].state, reports[1].why, reports[2].why, mf.loadRemote("checks/"), removed, #host:plugins()
                """)
            #expect(result == ["off", "INC-7", "INC-7", "./a", "broken-plugin", 1])
        }
    }

    @Test func aListThatFailsLeavesNothingOfWhatItLeftOut() async throws {
        try await Self.withHost("file 'a-plugin'") { site, _ in
            let result = try await site.lua(
                """
                local ok = pcall(host.registerPlugins, host, {
                  { "nobody.lua", required = false }, { name = "z-plugin", apply = function() error("no") end } })
                return ok, #host:plugins()
                """)
            #expect(result == [false, 1])
        }
    }
}
