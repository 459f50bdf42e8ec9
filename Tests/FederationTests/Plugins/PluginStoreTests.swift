import Diagnostics
import Federation
import LuaBridge
import TestSupport
import Testing

/// `mf.store` in scripts and plugins.
@Suite(.timeLimit(.minutes(2))) struct PluginStoreTests {
    /// Runs scripts one after another, each in a runtime of its own, with one state folder.
    private struct Runs {
        let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        func write(_ name: String, _ text: String) throws { try folder.write(name, text) }

        @discardableResult
        func run(_ script: String) async throws -> [LuaValue] {
            var configuration = RuntimeConfiguration(logLevel: "critical")
            configuration.stateFolder = folder.path + "/state"
            let runtime = try Runtime(configuration: configuration)
            let text = """
                local mf = require("mf")
                string.box = { starts = {} }
                local function code(f, ...)
                  local ok, problem = pcall(f, ...)
                  return ok and "fine" or type(problem) == "string" and problem or problem.code .. " " .. problem.message
                end
                \(script)
                """
            do {
                let results = try await runtime.run(
                    script: Array(text.utf8), name: "@host.lua", scriptName: folder.path + "/host.lua"
                )
                await runtime.shutdown()
                return results
            } catch {
                await runtime.shutdown()
                throw error
            }
        }
    }

    private static let opened = "mf.init { name = \"h\" } local kv = mf.store(\"s\") "

    @Test func whatAScriptKeepsIsThereInTheNextRun() async throws {
        let runs = try Runs()
        try await runs.run(
            Self.opened + """
                kv:set("list", { 1, 2.5, "x", mf.null, { deep = { true } } })
                kv:set("gone", 1) kv:delete("gone")
                """)
        let results = try await runs.run(
            Self.opened + """
                local list = kv:get("list")
                return list[1], math.type(list[2]), list[4] == mf.null, list[5].deep[1], kv:get("gone"), kv:get("never"),
                  table.concat(kv:keys(), " "), kv:delete("gone"), kv:delete("list")
                """)
        #expect(
            results == [
                .integer(1), .string("float"), .boolean(true), .boolean(true), .nil, .nil, .string("list"),
                .boolean(false), .boolean(true),
            ])
    }

    static let refusals: [(code: String, words: String, script: String)] = [
        ("STORE-002", "`v.items[3]` is a function", "kv:set('k', { items = { 1, 2, print } })"),
        ("STORE-002", "`v` is a function", "kv:set('k', print)"),
        ("STORE-002", "`v` is nil", "kv:set('k', nil)"),
        ("STORE-002", "`v` is nil", "kv:set('k')"),
        ("STORE-002", "`v.x` is the number -nan", "kv:set('k', { x = 0/0 })"),
        ("STORE-002", "`v` is the number inf", "kv:set('k', 1/0)"),
        ("STORE-002", "`v.s` is a string that is not UTF-8", "kv:set('k', { s = '\\255' })"),
        ("STORE-002", "`v` is a coroutine", "kv:set('k', coroutine.create(print))"),
        ("STORE-002", "`v.a` is a table", "kv:set('k', { a = { 1, x = 2 } })"),
        ("STORE-002", "`v.a.s` is a secret", "kv:set('k', { a = { s = mf.secret('env:HOME') } })"),
        ("STORE-002", "`v` is a secret", "kv:set('k', mf.secret('env:HOME'))"),
        ("STORE-002", "contains itself", "local t = {} t.t = t kv:set('k', t)"),
        ("STORE-004", "a key is empty", "kv:set('', 1)"),
        ("STORE-004", "1025 bytes", "kv:get(('x'):rep(1025))"),
        ("STORE-004", "not UTF-8", "kv:get('\\255')"),
        ("STORE-004", "the name of a store is empty", "mf.store('')"),
        ("STORE-004", "257 bytes", "mf.store(('x'):rep(257))"),
        ("STORE-004", "not UTF-8", "mf.store('\\255')"),
        ("STORE-006", "outside a plugin", "mf.store()"),
        ("STORE-001", "of 1048576", "kv:set('k', ('x'):rep(1 << 20))"),
        ("STORE-009", "`old` was changed", "kv:update('old', function() kv:set('old', 3) return 4 end)"),
        ("STORE-009", "`old` was changed", "kv:update('old', function() kv:delete('old') end)"),
        ("STORE-009", "`old` was changed", "kv:update('old', function() return kv:update('old', tostring) end)"),
        ("STORE-002", "`v` is a function", "kv:update('old', function() return print end)"),
        ("LUA-005", "cannot wait", "kv:update('old', function() mf.sleep(1) end)"),
        ("LUA-009", "string expected, got number", "kv:get(1)"),
        ("LUA-009", "function expected", "kv:update('old', 1)"),
        ("LUA-009", "string expected", "mf.store({})"),
        ("LUA-012", "`ttl`", "kv:set('k', 1, { ttl = '5' })"),
        ("LUA-012", "`ttl`", "kv:set('k', 1, { ttl = '0s' })"),
        ("LUA-012", "`ttl`", "kv:set('k', 1, { ttl = -1 })"),
        ("LUA-012", "did you mean `ttl`", "kv:set('k', 1, { tll = '5s' })"),
        ("LUA-012", "did you mean `durable`", "kv:delete('old', { durabel = true })"),
        ("LUA-012", "`durable`", "kv:set('k', 1, { durable = 'yes' })"),
        ("LUA-009", "table expected", "kv:set('k', 1, '5s')"),
        ("boom", "", "kv:update('old', function() error('boom', 0) end)"),
    ]

    @Test(arguments: refusals) func whatCannotBeIsRefusedAndNothingIsWritten(
        refusal: (code: String, words: String, script: String)
    ) async throws {
        let results = try await Runs().run(
            Self.opened + """
                kv:set("old", 1)
                local problem = code(function() \(refusal.script) end)
                return problem, kv:get("old"), table.concat(kv:keys(), " ")
                """)
        let problem = results[0].stringValue ?? ""
        #expect(problem.contains(refusal.code) && problem.contains(refusal.words), "\(problem)")
        #expect(Array(results[1...]) == [.integer(1), .string("old")])
    }

    @Test func anUpdateKeepsTheTimeThatAValueHas() async throws {
        let results = try await Runs().run(
            Self.opened + """
                kv:set("short", 1, { ttl = "20ms" })
                kv:update("short", function(old) return old + 1 end)
                kv:set("long", 1, { ttl = "20ms" })
                kv:update("long", function(old) return old + 1 end, { ttl = "1h" })
                local before = kv:get("short") == 2
                while kv:get("short") do mf.sleep(1) end
                return before, kv:get("long"), kv:update("none", function(old) return old end), kv:update("long", function() end),
                  #kv:keys()
                """)
        #expect(results == [.boolean(true), .integer(2), .nil, .nil, .integer(0)])
    }

    @Test(arguments: [
        "kv:set('k', 1, { durable = true })", "kv:update('k', function() return 1 end, { durable = true })",
    ])
    func aDurableValueWaitsOrBlocksWhereItCannot(script: String) async throws {
        let results = try await Runs().run(
            Self.opened + """
                local order = {}
                local task = mf.spawn(function() \(script) order[#order + 1] = "kept" end)
                order[#order + 1] = "beside"
                task:wait()
                table.sort({ 2, 1 }, function(a, b) \(script) return a < b end)
                return table.concat(order, " "), kv:get("k"), kv:delete("k", { durable = true })
                """)
        #expect(results == [.string("beside kept"), .integer(1), .boolean(true)])
    }

    @Test func hostsAndStoresOfOtherNamesDoNotSeeEachOther() async throws {
        let results = try await Runs().run(
            """
            local a, b = mf.createInstance { name = "a" }, mf.createInstance { name = "b" }
            local other = mf.createInstance { name = "a", version = "2.0.0" }
            a:store("x"):set("k", 1)
            return b:store("x"):get("k"), a:store("y"):get("k"), other:store("x"):get("k")
            """)
        #expect(results == [.nil, .nil, .integer(1)])
    }

    // MARK: - Plugins, which tell of themselves in a table that all code shares

    @Test func aPluginHasAStoreOfItsOwn() async throws {
        let runs = try Runs()
        for name in ["a-plugin", "b-plugin"] {
            try runs.write(
                "\(name).lua",
                """
                local kv = require("mf").store()
                local function start()
                  string.box.starts[#string.box.starts + 1] = kv:update("starts", function(n) return (n or 0) + 1 end)
                end
                return { name = "\(name)", apply = start }
                """)
        }
        let script = """
            local host = mf.init { name = "h", plugins = { "./a-plugin.lua" } }
            host:reload("a-plugin")
            host:registerPlugins { "./b-plugin.lua" }
            return table.concat(string.box.starts, " "), mf.store("a-plugin"):get("starts")
            """
        #expect(try await runs.run(script) == [.string("1 2 1"), .nil])
        #expect(try await runs.run(script) == [.string("3 4 2"), .nil])
    }

    @Test func aPluginsStoreHasNoNameAndIsThereOnceThePluginHasOne() async throws {
        let runs = try Runs()
        try runs.write(
            "early-plugin.lua", "require('mf').store():get('k') return { name = 'early-plugin' }")
        try runs.write("named-plugin.lua", "require('mf').store('x') return { name = 'named-plugin' }")
        try runs.write(
            "declared-plugin.lua",
            """
            local kv = require('mf').store()
            return { name = 'declared-plugin', plugin = function() kv:set('k', 1) return {} end }
            """)
        let results = try await runs.run(
            """
            return code(mf.init, { name = "h", plugins = { "./early-plugin.lua" } }),
              code(mf.init, { name = "h", plugins = { "./named-plugin.lua" } }),
              code(mf.init, { name = "h", plugins = { "./declared-plugin.lua" } })
            """
        ).map { $0.stringValue ?? "" }
        #expect(results[0].contains("STORE-006") || results[0].contains("name is not known yet"), "\(results[0])")
        #expect(results[1].contains("STORE-004") || results[1].contains("takes no name"), "\(results[1])")
        #expect(results[2] == "fine")
    }

    // MARK: - Versions

    enum Form: CaseIterable {
        case table, function, declared

        func plugin(_ store: String, _ body: String = "") -> String {
            let head = "local mf = require('mf') local kv = mf.store() "
            let hook = "apply = function() \(body) end, beforeReload = function() end"
            switch self {
            case .table: return head + "return { name = 'v-plugin', store = \(store), \(hook) }"
            case .function:
                return head + "return function() return { name = 'v-plugin', store = \(store), \(hook) } end"
            case .declared:
                return head
                    + "return { name = 'v-plugin', store = \(store), plugin = function() return { \(hook) } end }"
            }
        }
    }

    private static let seeded = "{ version = 1 }"
    private static let migrating = """
        { version = 3, migrate = function(kv, from) kv:set("from", from) kv:set("n", kv:get("n") * 10) kv:delete("old") end }
        """

    @Test(arguments: Form.allCases) func contentsOfAnEarlierVersionAreMigratedOnce(form: Form) async throws {
        let runs = try Runs()
        try runs.write("v-plugin.lua", form.plugin(Self.seeded, "kv:set('n', 4) kv:set('old', 1)"))
        try await runs.run("mf.init { name = 'h', plugins = { './v-plugin.lua' } }")
        let show = "string.box.shown = { kv:get('n'), kv:get('from'), kv:get('old') }"
        try runs.write("v-plugin.lua", form.plugin(Self.migrating, show))
        let script = """
            mf.init { name = 'h', plugins = { './v-plugin.lua' } }
            local shown = string.box.shown
            return shown[1], shown[2], shown[3]
            """
        #expect(try await runs.run(script) == [.integer(40), .integer(1), .nil])
        #expect(try await runs.run(script) == [.integer(40), .integer(1), .nil])
    }

    @Test(arguments: Form.allCases) func aReloadMigratesAndTheOldVersionWritesNoMore(form: Form) async throws {
        let runs = try Runs()
        try runs.write(
            "v-plugin.lua",
            form.plugin(Self.seeded, "kv:set('n', 4) string.box.old = function() kv:set('n', 5) end"))
        try runs.write("new.lua", form.plugin(Self.migrating, "string.box.n = kv:get('n') kv:set('more', 1)"))
        let results = try await runs.run(
            """
            local host = mf.init { name = 'h', plugins = { './v-plugin.lua' } }
            local folder = arg[0]:match("(.*)/")
            string.box.old()
            os.rename(folder .. "/new.lua", folder .. "/v-plugin.lua")
            host:reload("v-plugin")
            return string.box.n, code(string.box.old)
            """)
        #expect(results[0] == .integer(50))
        #expect(results[1].stringValue?.hasPrefix("STORE-008") == true, "\(results[1])")
    }

    static let failures: [(name: String, store: String, body: String)] = [
        ("migrate raises", "{ version = 2, migrate = function(kv) kv:set('n', 9) error('no') end }", ""),
        ("migrate waits", "{ version = 2, migrate = function(kv) kv:set('n', 9) mf.sleep(1) end }", ""),
        ("migrate is missing", "{ version = 2 }", ""),
        (
            "migrate goes over the quota",
            "{ version = 2, migrate = function(kv) kv:set('n', ('x'):rep(1 << 20)) end }", ""
        ),
        ("apply fails", "{ version = 2, migrate = function(kv) kv:set('n', 9) end }", "kv:set('n', 10) error('no')"),
        ("version is none", "{ version = 0 }", ""), ("version is missing", "{}", ""),
        ("store is no table", "5", ""), ("migrate is no function", "{ version = 2, migrate = 5 }", ""),
        ("key is unknown", "{ version = 1, migrat = print }", ""),
    ]

    @Test(arguments: Form.allCases, failures) func whereANewVersionIsRefusedCodeAndDataStay(
        form: Form, failure: (name: String, store: String, body: String)
    ) async throws {
        let runs = try Runs()
        try runs.write(
            "v-plugin.lua",
            form.plugin(Self.seeded, "kv:set('n', 4) string.box.serve = function() return kv:get('n') end"))
        try runs.write("new.lua", form.plugin(failure.store, failure.body))
        let results = try await runs.run(
            """
            local host = mf.init { name = 'h', plugins = { './v-plugin.lua' } }
            local folder = arg[0]:match("(.*)/")
            os.rename(folder .. "/new.lua", folder .. "/v-plugin.lua")
            local reloaded = pcall(host.reload, host, "v-plugin")
            local again = pcall(mf.createInstance, { name = "h", version = "2", plugins = { "./v-plugin.lua" } })
            return reloaded, again, string.box.serve(), host:plugins()[1].generation
            """)
        #expect(results == [.boolean(false), .boolean(false), .integer(4), .integer(1)], "\(failure.name)")
        // The next process finds what there was, too.
        try runs.write("v-plugin.lua", form.plugin(Self.seeded, "string.box.n = kv:get('n')"))
        let next = try await runs.run(
            "mf.init { name = 'h', plugins = { './v-plugin.lua' } } return string.box.n")
        #expect(next == [.integer(4)], "\(failure.name)")
    }

    @Test func aPluginThatIsOlderThanItsStoreIsRefused() async throws {
        let runs = try Runs()
        try runs.write("v-plugin.lua", Form.table.plugin("{ version = 2 }", "kv:set('n', 1)"))
        try await runs.run("mf.init { name = 'h', plugins = { './v-plugin.lua' } }")
        try runs.write("v-plugin.lua", Form.table.plugin("{ version = 1 }"))
        let results = try await runs.run("return code(mf.init, { name = 'h', plugins = { './v-plugin.lua' } })")
        #expect(results[0].stringValue?.hasPrefix("STORE-008") == true, "\(results)")
    }

    @Test func aPluginWithoutAFileSaysNothingOfAStore() async throws {
        let results = try await Runs().run(
            "return code(mf.init, { name = 'h', plugins = { { name = 'x-plugin', store = { version = 1 } } } })")
        #expect(results[0].stringValue?.hasPrefix("HOOK-006") == true, "\(results)")
    }

    // MARK: - In Swift

    @Test func aStoreIsTheSameInSwiftAndLua() async throws {
        let folder = try TemporaryFolder()
        var configuration = RuntimeConfiguration(logLevel: "critical")
        configuration.stateFolder = folder.path
        let runtime = try Runtime(configuration: configuration)
        let host = try await runtime.createHost(HostOptions(name: "h"))
        let store = try host.store("s")
        try await store.set("a", ["n": 1], ttl: .seconds(3_600), durable: true)
        try await store.update("a") { ["n": .integer(Int64(($0?["n"].intValue ?? 0) + 1))] }
        let lua = try await runtime.evaluate("return require('mf').getInstance('h'):store('s'):get('a').n")
        #expect(lua == [.integer(2)])
        #expect(try store.get("a")?["n"] == 2)
        #expect(try store.keys("a") == ["a"])
        #expect(try await store.delete("a"))
        #expect(try await !store.delete("a"))
        await expectMFError(.storeValue) { try await store.set("a", .nil) }
        await expectMFError(.storeKey) { try await store.set("", 1) }
        let plugin = try host.store(of: Plugin("s"))
        try await plugin.set("a", 1)
        #expect(try store.get("a") == nil)
        await runtime.shutdown()
    }
}
