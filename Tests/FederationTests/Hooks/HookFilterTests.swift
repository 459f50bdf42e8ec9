import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Filters of listeners, decided before the call.
@Suite(.timeLimit(.minutes(2))) struct HookFilterTests {
    private static let entry =
        "return { init = function() end, get = function(expose) return function() return expose end end }"
    private static let texts = ["http://checks/entry.lua": entry, "http://billing/entry.lua": entry]
    private static let remotes = """
        remotes = { { name = "checks", entry = "http://checks/entry.lua" },
                    { name = "billing", alias = "money", entry = "http://billing/entry.lua" } }
        """

    /// Runs loads with a plugin whose listener notes what it was called for.
    private func calls(_ hook: String, _ filter: String, _ loads: String, note: String) async throws -> [LuaValue] {
        try await withSite(Self.texts) { site in
            try await site.lua(
                """
                local calls = {}
                mf.init { name = "host", \(Self.remotes), plugins = {
                  { name = "noting-plugin",
                    \(hook) = { filter = \(filter), handler = function(args) calls[#calls + 1] = tostring(\(note)) end } } } }
                \(loads)
                return table.concat(calls, " ")
                """)
        }
    }

    @Test(arguments: [
        ("beforeRequest", "{ id = 'billing/*' }", "args.id", "billing/invoice"),
        (
            "beforeRequest", "{ id = { 'billing/*', 'checks/*', '!checks/disk' } }", "args.id",
            "checks/memory billing/invoice"
        ),
        ("beforeRequest", "{ id = '!checks/*' }", "args.id", "billing/invoice money/invoice nowhere/x"),
        ("beforeRequest", "{ remote = 'billing' }", "args.id", "billing/invoice money/invoice"),
        ("onLoad", "{ remote = 'bill*', expose = './invoice' }", "args.id", "billing/invoice money/invoice"),
        ("onLoad", "{ remote = 'checks', expose = './invoice' }", "args.id", ""),
        ("afterLoadRemote", "{ code = 'RUNTIME-*' }", "args.id", "nowhere/x"),
        ("errorLoadRemote", "{ lifecycle = 'onLoad', code = 'RUNTIME-004' }", "args.id", "nowhere/x"),
        ("errorLoadRemote", "{ lifecycle = 'beforeRequest' }", "args.id", ""),
    ]) func onlyMatchingCallsReachTheListener(hook: String, filter: String, note: String, expected: String) async throws
    {
        let loads = """
            for _, id in ipairs { "checks/disk", "checks/memory", "billing/invoice", "money/invoice", "nowhere/x" } do
              pcall(mf.loadRemote, id)
            end
            """
        #expect(try await calls(hook, filter, loads, note: note) == [.string(expected)])
    }

    @Test func theDataIsMatchedAsEarlierPluginsHaveLeftIt() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local calls = {}
                mf.init { name = "host", \(Self.remotes), plugins = {
                  { name = "rename-plugin", beforeRequest = function(args) args.id = "billing/invoice" args.mark = 1 end },
                  { name = "filtered-plugin", beforeRequest = { filter = { id = "billing/*", remote = "billing" },
                      handler = function(args) calls[#calls + 1] = args.id .. args.mark args.id = "checks/disk" end } },
                  { name = "old-plugin", beforeRequest = { filter = { id = "billing/*" },
                      handler = function(args) calls[#calls + 1] = "wrong" end } },
                  { name = "last-plugin", beforeRequest = function(args) calls[#calls + 1] = args.id .. args.mark end },
                } }
                return mf.loadRemote("checks/x"), table.concat(calls, " ")
                """)
            #expect(result == ["./disk", "billing/invoice1 checks/disk1"])
        }
    }

    @Test func aFilteredListenerEqualsOneThatBeginsWithTheTest() async throws {
        var random = SeededGenerator(seed: 5)
        let ids = ["a/x", "a/y", "b/x", "b/y", "c/x"]
        let filters = ["a/*", "*/x", "b/y", "**", "c/*"]
        for _ in 0..<40 {
            var filtered: [String] = []
            var testing: [String] = []
            for index in 0..<Int.random(in: 1...6, using: &random) {
                let filter = try #require(filters.randomElement(using: &random))
                let target = try #require(ids.randomElement(using: &random))
                let change =
                    ["args.id = '\(target)'", "return { id = '\(target)' }", ""].randomElement(using: &random) ?? ""
                let body = "calls[#calls + 1] = '\(index)' .. args.id \(change)"
                let test = filter.replacing("**", with: ".*").replacing("*", with: "[^/]*").replacing(
                    ".[^/]*", with: ".*")
                filtered.append(
                    "{ name = 'p\(index)-plugin', beforeRequest = { filter = { id = '\(filter)' }, handler = function(args) \(body) end } }"
                )
                testing.append(
                    "{ name = 'p\(index)-plugin', beforeRequest = function(args) if args.id:find('^\(test)$') then \(body) end end }"
                )
            }
            let start = try #require(ids.randomElement(using: &random))
            func run(_ plugins: [String]) async throws -> [LuaValue] {
                try await withSite { site in
                    try await site.lua(
                        """
                        local calls = {}
                        local host = mf.init { name = "host", plugins = { \(plugins.joined(separator: ", ")) } }
                        local _, problem = pcall(mf.loadRemote, "\(start)")
                        return table.concat(calls, " "), (tostring(problem):match("`[^`]*`"))
                        """)
                }
            }
            #expect(try await run(filtered) == (try await run(testing)))
        }
    }

    @Test func aFilterOfThePluginAndOneOfItsEntryHaveToMatchToo() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local calls = {}
                local function make(options)
                  return { name = "noting-plugin", filter = { remote = { "checks", "billing" } },
                    beforeRequest = { filter = { id = "!*/memory" }, handler = function(args) calls[#calls + 1] = args.id end } }
                end
                mf.init { name = "host", \(Self.remotes), plugins = { { make, only = { remote = "checks" } } } }
                for _, id in ipairs { "checks/disk", "checks/memory", "billing/invoice" } do mf.loadRemote(id) end
                local report = mf.getInstance("host"):plugins()[1].hooks.beforeRequest
                return table.concat(calls, " "), report.calls, report.filtered
                """)
            #expect(result == ["checks/disk", 1, 2])
        }
    }

    @Test(arguments: [TenantOptions.Level.state, .process])
    func aTenantIsNotAskedForWhatItsFilterExcludes(level: TenantOptions.Level) async throws {
        var options = TenantOptions()
        options.level = level
        options.changes = ["*"]
        let tenant = options
        TenantWorker.executable = Places.products + "/mflua-attacks"
        try await withSite(Self.texts) { site in
            let text = """
                return { name = "noting-plugin", beforeRequest = { filter = { id = "billing/*" }, handler = function(args)
                  args.id = "checks/" .. args.id:match("[^/]*$") return args end } }
                """
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host",
                    remotes: [
                        Remote(name: "checks", entry: "http://checks/entry.lua"),
                        Remote(name: "billing", entry: "http://billing/entry.lua"),
                    ],
                    plugins: [.source(text, name: "noting.lua", tenant: "acme")],
                    tenants: [("acme", tenant)]))
            #expect(try await host.loadRemote("billing/disk") == "./disk")
            #expect(try await host.loadRemote("checks/disk") == "./disk")
            let hook = try #require(try await host.plugins().first?.hooks.first)
            #expect((hook.calls, hook.filtered) == (1, 1))
        }
    }

    @Test func aHookHasAPlaceOfItsOwn() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                local function letter(name, order, own)
                  local add = function(args) args.id = args.id .. name end
                  return { name = name .. "-plugin", order = own, beforeRequest = order and { order = order, handler = add } or add }
                end
                mf.init { name = "host", \(Self.remotes), plugins = {
                  letter("a", "post"), letter("b"), letter("c", "pre"), letter("d", "pre", "post"), letter("e", nil, "pre"), letter("f") } }
                return mf.loadRemote("checks/")
                """)
            #expect(result == ["./cdebfa"])
        }
    }

    @Test func aTenantsHookHasNoPlaceOfItsOwn() async throws {
        try await withSite { site in
            let text = "return { name = 'x-plugin', beforeRequest = { order = 'pre', handler = function() end } }"
            let error = await expectMFError(.pluginInvalid) {
                try await site.runtime.createHost(
                    HostOptions(
                        name: "host", plugins: [.source(text, name: "x.lua", tenant: "acme")],
                        tenants: [("acme", TenantOptions())]))
            }
            #expect(error?.message.contains("has an `order`, which a tenant's plugin cannot have") == true)
        }
    }

    @Test func aTenantsHookMayBeATableWithAHandlerAlone() async throws {
        try await withSite(Self.texts) { site in
            let text =
                "return { name = 'x-plugin', onLoad = { handler = function(args) print('loaded ' .. args.id) end } }"
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", plugins: [.source(text, name: "x.lua", tenant: "acme")],
                    tenants: [("acme", TenantOptions())]))
            let hooks = try await host.plugins().map(\.state)
            #expect(hooks == [.on])
        }
    }

    @Test func onlyOfATenantsPluginIsCheckedAndCounts() async throws {
        try await withSite(Self.texts) { site in
            func host(_ name: String, _ hook: String, _ only: [String: [String]]) async throws -> Host {
                let text = "return { name = 'x-plugin', \(hook) = function() end }"
                return try await site.runtime.createHost(
                    HostOptions(
                        name: name, remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                        plugins: [.source(text, name: "x.lua", tenant: "acme").only(only)],
                        tenants: [("acme", TenantOptions())]))
            }
            await expectMFError(.badHookFilter) { try await host("refused", "beforeLoadShare", ["id": ["billing/*"]]) }
            let taken = try await host("taken", "beforeRequest", ["id": ["billing/*"]])
            _ = try await taken.loadRemote("checks/disk")
            let hook = try #require(try await taken.plugins().first?.hooks.first)
            #expect((hook.calls, hook.filtered) == (0, 1))
        }
    }

    @Test func aSwiftListenerHasAFilter() async throws {
        try await withSite(Self.texts) { site in
            let plugin = Plugin("swift-plugin").on(\.beforeRequest, where: ["id": ["billing/*"]]) { arguments in
                var arguments = arguments
                arguments.id = "checks/renamed"
                return arguments
            }
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")]),
                plugins: [plugin])
            #expect(try await host.loadRemote("billing/invoice") == "./renamed")
            #expect(try await host.loadRemote("checks/disk") == "./disk")
        }
    }

    @Test(arguments: [
        (
            "beforeRequest = { filter = { pkg = 'x' }, handler = print }", MFError.Code.badHookFilter,
            "`beforeRequest` has no `pkg`"
        ),
        ("beforeRequest = { filter = { ids = 'x' }, handler = print }", .badHookFilter, "did you mean `id`?"),
        (
            "beforeLoadShare = { filter = { id = 'x' }, handler = print }", .badHookFilter,
            "`beforeLoadShare` has no `id` (did you mean `pkgName`?)"
        ),
        ("beforeRequest = { filter = { id = {} }, handler = print }", .pluginInvalid, "`filter.id` is not a pattern"),
        ("beforeRequest = { filter = { id = '' }, handler = print }", .pluginInvalid, "empty pattern"),
        ("beforeRequest = { filter = {}, handler = print }", .pluginInvalid, "has no key"),
        ("beforeRequest = { filter = 'x', handler = print }", .pluginInvalid, "`filter`"),
        ("beforeRequest = { handle = print }", .pluginInvalid, "did you mean `handler`?"),
        ("beforeRequest = { filter = { id = 'x' } }", .pluginInvalid, "`handler`"),
        ("beforeRequest = { order = 'first', handler = print }", .pluginInvalid, "`order`"),
        ("filter = { pkgName = 'x' }, beforeRequest = print", .badHookFilter, "`beforeRequest` has no `pkgName`"),
        ("filter = 'x', beforeRequest = print", .badHookFilter, "`filter`"),
    ]) func aFilterThatCanNeverMatchIsRefused(keys: String, code: MFError.Code, text: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                code, "mf.init { name = 'host', plugins = { function() return { name = 'x-plugin', \(keys) } end } }")
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
    }

    @Test func onlyWithAKeyThatAHookLacksIsRefusedAtOnce() async throws {
        try await withSite { site in
            let error = await site.failure(
                .badHookFilter,
                """
                mf.init { name = "host", plugins = { {
                  function() return { name = "x-plugin", beforeLoadShare = print } end, only = { id = "billing/*" } } } }
                """)
            #expect(error?.message == "`beforeLoadShare` has no `id`")
            #expect(error?.hint?.hasPrefix("`only` counts for all hooks of the plugin") == true)
            #expect(error?["plugin"] == "x-plugin")
        }
    }
}
