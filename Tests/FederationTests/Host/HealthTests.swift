import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// `health` of plugins, `host:health()`, and what a host finds by itself.
@Suite(.timeLimit(.minutes(2))) struct HealthTests {
    private static let entry = "return { init = function() end, get = function(x) return function() return x end end }"
    private static let texts = ["http://checks/entry.lua": entry]

    /// The lines of a host, one text each.
    private static let told = """
        local texts = {}
        for i, line in ipairs(host:health()) do
          texts[i] = line.level .. " " .. line.subject .. ": " .. line.text .. (line.advice and " / " .. line.advice or "")
        end
        return table.concat(texts, "\\n")
        """

    private func health(_ plugins: String, extra: String = "") async throws -> String {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { \(plugins) } }
                \(extra)
                \(Self.told)
                """)
            return result.first?.stringValue ?? ""
        }
    }

    @Test func aPluginSaysHowItIs() async throws {
        let text = try await health(
            """
            { name = "a-plugin", health = function(report)
              report.ok("webhook answers")
              mf.sleep(1)
              report.warn("certificate ends in 9 d", "renew it")
              report:error("gone")
            end },
            { name = "b-plugin" },
            { name = "c-plugin", health = function(report) report.ok("fine") end }
            """)
        #expect(
            text == """
                ok plugin a-plugin: webhook answers
                warn plugin a-plugin: certificate ends in 9 d / renew it
                error plugin a-plugin: gone
                ok plugin c-plugin: fine
                """)
    }

    /// Checks that fail, and what is told of them.
    private static let failures = [
        (
            "report.ok('so far') error('boom')",
            "ok plugin a-plugin: so far\nerror plugin a-plugin: `health` failed: host.lua:3: boom"
        ),
        (
            "local x = nil; x.y = 1",
            "error plugin a-plugin: `health` failed: host.lua:3: attempt to index a nil value (local 'x')"
        ),
        ("report.ok()", "`health` failed"), ("report.ok({})", "`health` failed"),
        ("report.nothing()", "`health` failed"),
        ("error({ a = 1 })", "`health` failed"),
    ]

    @Test(arguments: failures) func aCheckThatFailsIsALine(body: String, line: String) async throws {
        let text = try await health(
            "\n{ name = 'a-plugin', health = function(report) \(body) end }, { name = 'b-plugin', health = function(r) r.ok('there') end }"
        )
        #expect(text.contains(line), "\(text)")
        #expect(text.hasSuffix("\nok plugin b-plugin: there"), "\(text)")
    }

    @Test(arguments: [
        "report.ok('begun') mf.sleep(1e9)", "report.ok('begun') while true do pcall(error) end",
        "report.ok('begun') pcall(mf.sleep, 1e9) while true do end",
    ])
    func aCheckThatDoesNotEndIsALine(body: String) async throws {
        try await withSite(Self.texts) { site in
            _ = try await site.lua(
                "host = mf.init { name = 'host', plugins = { { name = 'a-plugin', health = function(report) \(body) end } } }"
            )
            let runtime = site.runtime
            let lines = try await runtime.loop.perform {
                guard let host = runtime.registry.hosts.first else { return [HealthLine]() }
                return await HealthService(host, limit: .milliseconds(20)).lines()
            }
            #expect(lines.first == HealthLine(.ok, "plugin a-plugin", "begun"))
            let last = try #require(lines.last)
            #expect(last.level == .error)
            #expect(last.text == "`health` took more than 0.02 seconds")
        }
    }

    @Test func healthOfAnotherTypeIsRefused() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .pluginInvalid, "mf.init { name = 'host', plugins = { { name = 'a-plugin', health = 7 } } }")
            #expect(error?.message.contains("health") == true)
        }
    }

    @Test func pluginsOfEachKindAreAsked() async throws {
        try await withSite(Self.texts) { site in
            let declared = """
                return { name = "d-plugin", options = { word = { type = "string" } },
                  plugin = function(options) return { health = function(report) report.ok(options.word) end } end }
                """
            let tenants = """
                return { name = "t-plugin", health = function(report)
                  report.warn("in the tenant", "look") report:ok("method") error("at last")
                end }
                """
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host",
                    plugins: [
                        .swift(Plugin("s-plugin").health { $0.error("swift", advice: "mend it") }),
                        .source(declared, name: "d.lua", options: ["word": "hello"]),
                        .source(tenants, name: "t.lua", tenant: "acme"),
                        .swift(Plugin("w-plugin").health { _ in throw MFError(.luaRuntime, "thrown") }),
                    ], tenants: [("acme", TenantOptions())]))
            let lines = try await host.health()
            #expect(
                lines == [
                    HealthLine(.error, "plugin s-plugin", "swift", advice: "mend it"),
                    HealthLine(.ok, "plugin d-plugin", "hello"),
                    HealthLine(.warn, "plugin acme/t-plugin", "in the tenant", advice: "look"),
                    HealthLine(.ok, "plugin acme/t-plugin", "method"),
                    HealthLine(
                        .error, "plugin acme/t-plugin", "`health` failed: t.lua:2: at last",
                        advice: "correct the plugin's `health`"),
                    HealthLine(
                        .error, "plugin w-plugin", "`health` failed: thrown", advice: "correct the plugin's `health`"),
                ])
        }
    }

    /// What is no text is the author's mistake, wherever the plugin runs.
    @Test(
        arguments: [nil, "acme"] as [String?],
        [
            ("report.ok()", "bad argument #1 to `ok`: string expected, got no value"),
            ("report.warn(true)", "bad argument #1 to `warn`: string expected, got boolean"),
            ("report.error('x', {})", "bad argument #2 to `error`: string expected, got table"),
        ])
    func aReportTakesTexts(tenant: String?, call: (code: String, message: String)) async throws {
        try await withSite(Self.texts) { site in
            let text = "return { name = 'a-plugin', health = function(report) \(call.code) end }"
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", plugins: [.source(text, name: "a.lua", tenant: tenant)],
                    tenants: [("acme", TenantOptions())]))
            let lines = try await host.health()
            #expect(lines.map(\.level) == [.error])
            #expect(lines.first?.text.hasSuffix(call.message) == true, "\(lines)")
        }
    }

    @Test func whatIsSaidTooLateOrTooOftenIsPassedOver() async throws {
        let text = try await health(
            """
            { name = "a-plugin", health = function(report)
              kept = report
              for i = 1, 500 do report.ok(("x"):rep(5000)) end
            end }
            """, extra: "host:health() kept.error('late')")
        #expect(text.split(separator: "\n").count == 100)
        #expect(text.split(separator: "\n").allSatisfy { $0.count == 1_000 + "ok plugin a-plugin: ".count })
    }

    @Test func aDisabledPluginIsNotAsked() async throws {
        #expect(
            try await health(
                "{ name = 'a-plugin', health = function(report) report.error('asked') end }",
                extra: "host:disablePlugins { 'a-plugin' }") == "")
    }

    /// One fault each, and the line that names it.
    private static let planted: [(plugins: String, extra: String, line: String)] = [
        ("{ 'nobody.lua', required = false }", "", "error plugin nobody: did not load: there is no plugin file"),
        ("{ function() error('no') end, required = false }", "", "error plugin plugins[1]: did not load: "),
        (
            "{ function() return { name = 'a-plugin', beforeRequest = function() error('no') end } end, fail = 'open', trip = { errors = 2 } }",
            "pcall(mf.loadRemote, 'checks/x') pcall(mf.loadRemote, 'checks/x')",
            "error plugin a-plugin: is passed over, because it kept failing: `beforeRequest` failed: "
        ),
        (
            "{ name = 'a-plugin', beforeRequest = function() error('no') end }", "pcall(mf.loadRemote, 'checks/x')",
            "warn plugin a-plugin: `beforeRequest` failed once, at last: "
        ),
        (
            "{ name = 'a-plugin', beforeRequest = function() end }",
            "for i = 1, 1000 do mf.loadRemote('checks/x') end",
            "warn plugin a-plugin: 100 % of 1000 calls of `beforeRequest` returned nothing / a filter keeps it"
        ),
        (
            "{ name = 'a-plugin', requries = {}, heath = 1 }", "",
            "warn plugin a-plugin: plugin `a-plugin` has the key `heath`, which is not read: did you mean `health`?"
        ),
        (
            "{ { name = 'a-plugin', options = { new = { type = 'string', was = 'old' } }, plugin = function() return {} end }, { old = 'x' } }",
            "", "warn plugin a-plugin: host.lua:2: option `old` of a-plugin is deprecated / use `new`"
        ),
        (
            "{ name = 'a-plugin', before = { 'b-plugn' } }, { name = 'b-plugin' }", "",
            "warn plugin a-plugin: `before` names `b-plugn`, which is not attached / did you mean `b-plugin`?"
        ),
        (
            "{ name = 'a-plugin' }, { name = 'b-plugin', requires = { ['a-plugin'] = '*' } }",
            "host:disablePlugins({ 'a-plugin' }, { cascade = true })",
            "warn plugin b-plugin: waits and is not called: "
        ),
        (
            "", "host:registerRemotes { { name = 'gone', entry = 'http://user:pw@gone/entry.lua' } }",
            "error remote gone: http://gone/entry.lua cannot be had: "
        ),
        (
            "",
            """
            host:registerShared { json = { { version = '1.0.0', lib = function() end, shareConfig = { singleton = true, requiredVersion = '^2.0.0' } } } }
            """, "error share json: "
        ),
    ]

    @Test(arguments: planted)
    func aPlantedFaultIsNamed(plugins: String, extra: String, line: String) async throws {
        let text = try await health(plugins, extra: extra)
        #expect(text.hasPrefix(line), "\(text)")
    }

    @Test func ofTwentyPluginsEachPlantedFaultIsNamedAndNoneOnACleanHost() async throws {
        let kinds = [
            "health = function() error('no') end", "health = function(report) report.error('no') end",
            "heath = 1", "version = 7", "health = function(report) report.warn('old') end",
        ]
        let plugins = (0..<20).map { "{ name = 'p\($0)-plugin', \(kinds[$0 % kinds.count]) }" }
        let text = try await health(plugins.joined(separator: ", "))
        for number in 0..<20 { #expect(text.contains(" plugin p\(number)-plugin: "), "p\(number)") }
        let clean = (0..<20).map {
            "{ name = 'p\($0)-plugin', version = '1', onLoad = function() end, beforeRequest = function(args) return args end }"
        }
        #expect(
            try await health(
                clean.joined(separator: ", "), extra: "for i = 1, 1100 do mf.loadRemote('checks/x') end") == "")
    }
}
