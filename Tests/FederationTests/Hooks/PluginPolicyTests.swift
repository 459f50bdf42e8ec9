import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What becomes of a plugin's failures, and what is told of its calls.
@Suite(.timeLimit(.minutes(2))) struct PluginPolicyTests {
    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]

    /// A hook of each kind, and what emits it once.
    private static let hooks: [(name: String, emits: String)] = [
        ("createScript", "mf.loadRemote('checks/disk')"), ("onLoad", "mf.loadRemote('checks/disk')"),
        ("registerRemote", "mf.registerRemotes { { name = 'more', entry = 'http://more/entry.lua' } }"),
        ("beforeRequest", "mf.loadRemote('checks/disk')"),
    ]
    /// Ways to fail, and the code of the error under `closed`; none: an error of the plugin's own.
    private static let failures: [(name: String, body: String, code: MFError.Code?)] = [
        ("raises", "error('boom', 0)", nil), ("indexes nil", "local none none.x = 1", nil),
        ("spins", "while true do end", .listenerOverran),
        ("catches and spins", "while true do pcall(function() while true do end end) end", .listenerOverran),
        ("sleeps", "mf.sleep(60000)", .listenerTimedOut), ("returns nonsense", "return 5", .badHookValue),
    ]

    private struct Case: Sendable, CustomStringConvertible {
        let hook: String, emits: String, failure: String, body: String, code: MFError.Code?, policy: String
        var description: String { "\(hook) \(failure) under \(policy)" }
    }

    private static let cases: [Case] = hooks.flatMap { hook in
        failures.flatMap { failure in
            ["closed", "open", "observe"].compactMap { policy in
                let isWaterfall = Lifecycle.table.named[hook.name]?.kind.isWaterfall == true
                if failure.code == .badHookValue, !isWaterfall || policy == "observe" { return nil }
                let canWait = Lifecycle.table.named[hook.name]?.kind.canWait == true
                let code = failure.code == .listenerTimedOut && !canWait ? MFError.Code.cannotWait : failure.code
                return Case(
                    hook: hook.name, emits: hook.emits, failure: failure.name, body: failure.body, code: code,
                    policy: policy)
            }
        }
    }

    @Test(arguments: cases) private func aFailureDoesWhatThePolicySays(_ row: Case) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local later = 0
                local function failing() return { name = "failing-plugin", \(row.hook) = function(args) \(row.body) end } end
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } } }
                local host = mf.getInstance("host")
                host:registerPlugins {
                  { failing, fail = "\(row.policy)", timeout = "20ms", cpu = "10ms", trip = false },
                  { name = "later-plugin", \(row.hook) = function() later = later + 1 end } }
                local ok, problem = pcall(function() \(row.emits) end)
                while host:plugins()[1].hooks.\(row.hook).errors == 0 do mf.sleep(1) end
                local report = host:plugins()[1]
                return ok, later, report.hooks.\(row.hook).errors, report.lastError.hook, problem and problem.code
                """)
            let isClosed = row.policy == "closed"
            #expect(result.prefix(4) == [.boolean(!isClosed), isClosed ? 0 : 1, 1, .string(row.hook)])
            // What `createScript` fails with is the cause of the load's error.
            if isClosed, row.hook != "createScript", let code = row.code {
                #expect(result.last == .string(code.rawValue))
            }
        }
    }

    @Test func anErrorNamesPluginAndHook() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .luaRuntime,
                """
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { name = "failing-plugin", beforeRequest = function() local none none.x = 1 end } } }
                mf.loadRemote("checks/disk")
                """)
            #expect(error?["plugin"] == "failing-plugin")
            #expect(error?["hook"] == "beforeRequest")
        }
    }

    @Test func whatAnOpenListenerHalfChangedIsUndone() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local seen
                local function failing()
                  return { name = "failing-plugin", beforeRequest = function(args) args.id = "nowhere/x" args.extra = 2 error("boom") end }
                end
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } }, plugins = {
                  { name = "first-plugin", beforeRequest = function(args) args.extra = 1 end },
                  { failing, fail = "open" },
                  { name = "last-plugin", beforeRequest = function(args) seen = args.id .. tostring(args.extra) end } } }
                return mf.loadRemote("checks/disk"), seen
                """)
            #expect(result == ["./disk", "checks/disk1"])
        }
    }

    @Test func anObserverSeesTheArgumentsAndChangesNothing() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local seen = {}
                local function observer()
                  return { name = "observing-plugin", beforeRequest = function(args)
                    seen[#seen + 1] = args.id
                    seen[#seen + 1] = select(2, pcall(function() args.id = "nowhere/x" end)).code
                    return { id = "nowhere/y" }
                  end }
                end
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { name = "rename-plugin", beforeRequest = function(args) args.id = "checks/memory" end },
                              { observer, fail = "observe" } } }
                local loaded = mf.loadRemote("checks/disk")
                while #seen < 2 do mf.sleep(1) end
                return loaded, seen[1], seen[2]
                """)
            #expect(result == ["./memory", "checks/memory", "HOOK-009"])
        }
    }

    @Test func anObserverThatNeverEndsDelaysNothingAndIsBounded() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local ended = 0
                local function observer()
                  return { name = "observing-plugin", onLoad = function()
                    local closing <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
                    mf.sleep(1000000)
                  end }
                end
                local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { observer, fail = "observe" } } }
                for _ = 1, 70 do mf.loadRemote("checks/disk") end
                mf.sleep(0)
                local report = host:plugins()[1].hooks.onLoad
                host:removePlugins { "observing-plugin" }
                mf.sleep(1)
                return ended
                """)
            #expect(result == [64])
        }
    }

    @Test func aPluginThatKeepsFailingTripsAndIsCalledAgainWhenItIsEnabled() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local calls, broken = 0, true
                local function failing()
                  return { name = "failing-plugin", beforeRequest = function() calls = calls + 1 if broken then error("boom", 0) end end }
                end
                local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { failing, fail = "open", trip = { errors = 3, window = "60s", open = "60s" } } } }
                for _ = 1, 10 do mf.loadRemote("checks/disk") end
                local tripped = host:plugins()[1]
                broken = false
                host:enablePlugins { "failing-plugin" }
                mf.loadRemote("checks/disk")
                return calls, tripped.state, tripped.why, host:plugins()[1].state
                """)
            #expect(result == [4, "tripped", "`beforeRequest` failed: boom", "on"])
            #expect(site.log.messages.contains { $0.contains("plugin `failing-plugin` has tripped") })
            #expect(site.log.messages.count { $0.contains("`beforeRequest` of plugin `failing-plugin` failed") } == 1)
        }
    }

    @Test func aClosedPluginThatHasTrippedFailsTheStepAtOnce() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local calls = 0
                local function failing()
                  return { name = "failing-plugin", beforeRequest = function() calls = calls + 1 error("boom", 0) end }
                end
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { failing, trip = { errors = 2 } } } }
                local problem
                for _ = 1, 5 do problem = select(2, pcall(mf.loadRemote, "checks/disk")) end
                return calls, problem.code, problem.message
                """)
            #expect(
                result == [
                    2, "PLUGIN-011",
                    "plugin `failing-plugin` has tripped after it kept failing: `beforeRequest` failed with boom",
                ])
        }
    }

    @Test(arguments: [TenantOptions.Level.state, .process])
    func aTenantsPluginThatFailsEveryCallTrips(level: TenantOptions.Level) async throws {
        TenantWorker.executable = Places.products + "/mflua-attacks"
        try await withSite(Self.texts) { site in
            var options = TenantOptions()
            options.level = level
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [
                        .source(
                            "return { name = 'x-plugin', beforeRequest = function() error('boom', 0) end }",
                            name: "x.lua", tenant: "acme")
                    ],
                    tenants: [("acme", options)]))
            for _ in 0..<10 { #expect(try await host.loadRemote("checks/disk") == "./disk") }
            let report = try #require(try await host.plugins().first)
            #expect(report.state == .tripped)
            #expect(report.hooks.first?.errors == 5)
            #expect(report.tenant == "acme")
        }
    }

    /// Loads ten times with a tenant's plugin that refuses every request, and returns what the loads ended with.
    private func refusals(
        _ level: TenantOptions.Level, changes: [String] = [], failClosed: Bool = false,
        _ policy: PluginPolicy = PluginPolicy()
    ) async throws -> [String] {
        TenantWorker.executable = Places.products + "/mflua-attacks"
        return try await withSite(Self.texts) { site in
            var options = TenantOptions()
            (options.level, options.changes, options.failClosed) = (level, changes, failClosed)
            let guarding = HostPlugin.source(
                "return { name = 'guard-plugin', beforeRequest = function() error('refused', 0) end }",
                name: "guard.lua",
                tenant: "acme")
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [guarding.with(policy)], tenants: [("acme", options)]))
            var ends: [String] = []
            for _ in 0..<10 {
                do {
                    _ = try await host.loadRemote("checks/disk")
                    ends.append("loaded")
                } catch let error as MFError {
                    ends.append(error.code == .pluginTripped ? "tripped" : error.message)
                }
            }
            return ends
        }
    }

    @Test(arguments: [TenantOptions.Level.state, .process])
    func whatATenantsPluginRefusesNeverGoesThroughWhileItRests(level: TenantOptions.Level) async throws {
        let five = Array(repeating: "refused", count: 5)
        #expect(try await refusals(level, changes: ["checks/**"]) == five + Array(repeating: "tripped", count: 5))
        let ten = Array(repeating: "refused", count: 10)
        #expect(try await refusals(level, PluginPolicy(fail: .closed)) == ten)
        #expect(try await refusals(level, failClosed: true) == ten)
        let rule = PluginPolicy(fail: .closed, trip: .init(errors: 5))
        #expect(try await refusals(level, rule) == five + Array(repeating: "tripped", count: 5))
    }

    @Test(arguments: [TenantOptions.Level.state, .process])
    func whatATenantMayNotRefuseGoesThrough(level: TenantOptions.Level) async throws {
        let ten = Array(repeating: "loaded", count: 10)
        #expect(try await refusals(level) == ten)
        #expect(try await refusals(level, changes: ["other/**"]) == ten)
        #expect(try await refusals(level, changes: ["checks/**"], PluginPolicy(fail: .open)) == ten)
    }

    @Test func filtersAndPoliciesCountForWhatTheHostEmits() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local calls = {}
                local function failing() return { name = "failing-plugin", beforeRequest = function(args) args.id = "lost" error("boom") end } end
                local function observer()
                  return { name = "observing-plugin", beforeRequest = function(args) args.id = "seen" calls[#calls + 1] = "observed" return 5 end }
                end
                local host = mf.init { name = "host", plugins = {
                  { failing, fail = "open" }, { observer, fail = "observe" },
                  { name = "filtered-plugin", beforeRequest = { filter = { id = "billing/*" },
                      handler = function(args) calls[#calls + 1] = args.id end } } } }
                local first = host:emit("beforeRequest", { id = "checks/disk" })
                local second = host:emit("beforeRequest", { id = "billing/invoice" })
                return first.id, second.id, table.concat(calls, " ")
                """)
            #expect(result == ["checks/disk", "billing/invoice", "observed observed billing/invoice"])
        }
    }

    @Test func callsNoopsErrorsAndWaitsAreCounted() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  plugins = { { name = "one-plugin", version = "1.2.0", beforeRequest = function() end,
                    onLoad = function(args) mf.sleep(2) if args.expose == "./memory" then return "changed" end end } } }
                mf.loadRemote("checks/disk") mf.loadRemote("checks/memory") mf.loadRemote("checks/disk")
                local report = host:plugins()[1]
                local before, loaded = report.hooks.beforeRequest, report.hooks.onLoad
                return report.name, report.version, report.state, report.generation, before.calls, before.noops,
                  loaded.calls, loaded.noops, loaded.waitMs >= 6, loaded.ms < loaded.waitMs
                """)
            #expect(result == ["one-plugin", "1.2.0", "on", 1, 3, 3, 3, 2, true, true])
        }
    }

    @Test(arguments: [
        ("fail = 'opened'", "`plugins[1].fail`: expected"), ("timeout = 5", "`plugins[1].timeout`: expected a time"),
        ("cpu = 'x'", "`plugins[1].cpu`"),
        ("trip = true", "`plugins[1].trip`: expected `false` or a table"),
        ("trip = { error = 3 }", "did you mean `errors`?"),
        ("trip = { errors = 0 }", "`plugins[1].trip.errors`"), ("tripp = false", "did you mean `trip`?"),
    ]) func anEntryThatSaysNonsenseIsRefused(entry: String, text: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions,
                "mf.init { name = 'host', plugins = { { function() error('has run') end, \(entry) } } }")
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
    }
}
