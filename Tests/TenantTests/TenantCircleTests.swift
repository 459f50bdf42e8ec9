import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// What waits for itself by way of a tenant fails and names the circle, instead of waiting until the tenant's time is up.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantCircleTests {
    init() { useBuiltWorker() }

    struct Door: Sendable, CustomTestStringConvertible {
        let name: String
        /// The entry of `own` itself, and further files of its.
        var entry: String?
        var files: [String: String] = [:]
        /// What the exposes `own/x` and `other/x` of two tenants do.
        var own = "return {}"
        var other = "return {}"
        /// The `get` of the shared modules `one` and `two`.
        var one = "return function() return {} end"
        var two = "return function() return {} end"
        let last: String
        let circle: String
        var testDescription: String { name }
    }

    static let doors = [
        Door(
            name: "an expose and a share", own: "return mf.loadShare('one')()",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> share `one` -> own/x"),
        Door(
            name: "an expose and a share, from the share", own: "return mf.loadShare('one')()",
            one: "return mf.loadRemote('own/x')", last: "mf.loadShare('one')",
            circle: "share `one` -> own/x -> share `one`"),
        Door(
            name: "a task of the expose",
            own: "local task = mf.spawn(function() mf.sleep(1) return mf.loadShare('one') end) return task:wait()()",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 1 -> share `one` -> own/x"),
        Door(
            name: "a task that has asked before anybody waits for it",
            own: "local task = mf.spawn(function() return mf.loadShare('one') end) mf.sleep(20) return task:wait()()",
            one: "mf.sleep(1) return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 1 -> share `one` -> own/x"),
        Door(
            name: "a task that asks and is waited for at once",
            own: "local task = mf.spawn(function() return mf.loadShare('one') end) return task:wait()()",
            one: "return mf.loadRemote('own/x')", last: "mf.loadShare('one')",
            circle: "own/x -> task 1"),
        Door(
            name: "a task of the call before",
            own: """
                task = task or mf.spawn(function() return mf.loadShare('one') end)
                return { wait = function() return task:wait()() end }
                """,
            one: "mf.sleep(20) return wait()",
            last: "wait = mf.loadRemote('own/x').wait mf.loadShare('one')",
            circle: "task 1 -> share `one` -> task 1"),
        Door(
            name: "two tasks and work side by side",
            own: """
                local asks = mf.spawn(function() return mf.loadShare('one') end)
                local waits = mf.spawn(function() mf.sleep(5) return asks:wait() end)
                mf.sleep(20)
                return mf.all { function() return waits:wait() end }[1]()
                """,
            one: "mf.sleep(40) return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 3 -> task 2 -> task 1 -> share `one` -> own/x"),
        Door(
            name: "a task within a task",
            own: """
                local task = mf.spawn(function() mf.sleep(1)
                  return mf.spawn(function() mf.sleep(1) return mf.loadShare('one') end):wait() end)
                return task:wait()()
                """,
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 1 -> task 2 -> share `one` -> own/x"),
        Door(
            name: "work side by side",
            own: "return mf.all { function() mf.sleep(1) return mf.loadShare('one')() end }[1]",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 1 -> share `one` -> own/x"),
        Door(
            name: "two tenants", own: "return mf.loadShare('one')()", other: "return mf.loadShare('two')()",
            one: "return mf.loadRemote('other/x')", two: "return mf.loadRemote('own/x')",
            last: "mf.loadRemote('own/x')",
            circle: "own/x -> share `one` -> other/x -> share `two` -> own/x"),
    ]

    static let required = [
        Door(
            name: "a file that is required in between",
            files: ["helper.lua": "return require('mf').loadShare('one')()"],
            own: "return require('helper')", one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> module `helper` -> share `one` -> own/x"),
        Door(
            name: "files within one another, from a task",
            files: ["outer.lua": "return require('inner')", "inner.lua": "return require('mf').loadShare('one')()"],
            own: "local task = mf.spawn(function() mf.sleep(1) return require('outer') end) return task:wait()",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> task 1 -> module `outer` -> module `inner` -> share `one` -> own/x"),
        Door(
            name: "a file that a task loads",
            files: ["helper.lua": "return require('mf').loadShare('one')()"],
            own: """
                local task = mf.spawn(function() return require('helper') end)
                mf.sleep(20)
                return require('helper')
                """,
            one: "mf.sleep(40) return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> module `helper` -> share `one` -> own/x"),
        Door(
            name: "a file and itself", files: ["helper.lua": "return require('helper')"],
            own: "return require('helper')", last: "mf.loadRemote('own/x')",
            circle: "modules require each other: `helper` -> `helper`"),
        Door(
            name: "files of two tasks that require each other",
            files: [
                "helper.lua": "require('mf').sleep(5) return require('other')",
                "other.lua": "require('mf').sleep(5) return require('helper')",
            ],
            own: "mf.all { function() require('helper') end, function() require('other') end }",
            last: "mf.loadRemote('own/x')", circle: "module `helper` -> module `other` -> module `helper`"),
    ]

    static let others = [
        Door(
            name: "the top level of the entry", entry: "require('mf').loadShare('one')",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')", circle: "share `one` -> own/x"),
        Door(
            name: "the init of the container",
            entry: "return { init = function() require('mf').loadShare('one') end, get = function() end }",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')", circle: "share `one` -> own/x"),
        Door(
            name: "the get of the container",
            entry: "return { init = function() end, get = function() return require('mf').loadShare('one') end }",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')",
            circle: "own/x -> share `one` -> own/x"),
        Door(
            name: "a task and itself",
            own: "local task task = mf.spawn(function() mf.sleep(1) return task:wait() end) return task:wait()",
            last: "mf.loadRemote('own/x')", circle: "task 1 -> task 1"),
        Door(
            name: "two tasks",
            own: """
                local two
                local one = mf.spawn(function() mf.sleep(1) return two:wait() end)
                two = mf.spawn(function() mf.sleep(5) return one:wait() end)
                return one:wait()
                """, last: "mf.loadRemote('own/x')", circle: "task 1 -> task 2 -> task 1"),
    ]

    @Test(arguments: doors + required + others, TenantOptions.Level.allCases)
    func whatWaitsForItselfByWayOfATenantFailsAndNamesTheCircle(door: Door, level: TenantOptions.Level) async throws {
        let result = try await load(level, door)
        #expect(result.first?.stringValue == "LOAD-001", "\(result)")
        // Where it is closed at the moment in which it begins, which of the waits closes it depends on the level.
        let text = result.last?.stringValue ?? ""
        #expect(text.contains("circular wait: ") || door.circle.hasPrefix("modules"), "\(result)")
        #expect(text.contains(door.circle), "\(result)")
    }

    @Test(arguments: TenantOptions.Level.allCases)
    func whatATaskLoadsThatNobodyWaitsForIsNoCircle(level: TenantOptions.Level) async throws {
        let door = Door(
            name: "", own: "mf.spawn(function() mf.sleep(1) return mf.loadShare('one') end) mf.sleep(20) return {}",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')", circle: "")
        let result = try await load(level, door)
        #expect(result.first?.stringValue == nil, "\(result)")
    }

    /// How the modules `x` and `y` of a tenant's remote require one another, and what comes of it.
    static let modules = [
        (
            "return mf.all { function() return require('y') end, function() return require('y') end }[2]",
            "made = (made or 0) + 1 mf.sleep(1) return { made = made }", "1"
        ),
        (
            "local first = mf.spawn(require, 'y') mf.sleep(1) first:cancel() return require('y')",
            "made = (made or 0) + 1 if made == 1 then mf.sleep(1e6) end return { made = made }", "2"
        ),
        ("return require('y')", "return require('x')", "modules require each other: `x` -> `y` -> `x`"),
    ]

    @Test(arguments: modules, TenantOptions.Level.allCases)
    func aModuleOfATenantIsRunOnceWhoeverRequiresIt(
        module: (x: String, y: String, outcome: String), level: TenantOptions.Level
    ) async throws {
        let exposes =
            #"{"name": "x", "path": "./x", "assets": {"js": {"sync": ["x.lua", "y.lua"], "async": []}, "css": {"sync": [], "async": []}}}"#
        let manifest = """
            {"id": "own", "name": "own", "shared": [], "remotes": [], "exposes": [\(exposes)],
             "metaData": {"name": "own", "type": "app", "buildInfo": {"buildVersion": "1", "buildName": "own"}, "publicPath": "auto",
              "remoteEntry": {"name": "e.lua", "path": "", "type": "global"}, "types": {}, "globalName": "own", "pluginVersion": "1"}}
            """
        let head = "local mf = require('mf') "
        let texts = [
            "http://own/mf-manifest.json": manifest,
            "http://own/e.lua":
                "return { init = function() end, get = function() return function() return require('x') end end }",
            "http://own/x.lua": head + module.x, "http://own/y.lua": head + module.y,
        ]
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(texts)))
        let result = try await runtime.evaluate(
            """
            local mf = require("mf")
            mf.init { name = "gateway", tenants = { acme = { level = "\(level.rawValue)", wall = "5s" } },
              remotes = { { name = "own", entry = "http://own/mf-manifest.json", tenant = "acme" } } }
            local ok, found = pcall(mf.loadRemote, "own/x")
            return tostring(ok and found.made or found)
            """)
        await runtime.shutdown()
        #expect(result.first?.stringValue?.contains(module.outcome) == true, "\(result)")
    }

    /// - Returns: Code and text of the error, if there is one.
    private func load(_ level: TenantOptions.Level, _ door: Door) async throws -> [LuaValue] {
        func entry(_ factory: String) -> String {
            "local mf = require('mf') return { init = function() end, get = function() return function() \(factory) end end }"
        }
        var texts = ["http://own/e.lua": door.entry ?? entry(door.own), "http://other/e.lua": entry(door.other)]
        for (name, text) in door.files { texts["http://own/\(name)"] = text }
        let runtime = try Runtime(configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(texts)))
        do {
            let result = try await runtime.evaluate(
                """
                local mf = require("mf")
                local tenant = { level = "\(level.rawValue)", shared = { "one", "two" }, wall = "5s" }
                mf.init {
                  name = "gateway", tenants = { acme = tenant, bolt = tenant },
                  shared = { one = { version = "1.0.0", get = function() \(door.one) end },
                             two = { version = "1.0.0", get = function() \(door.two) end } },
                  remotes = { { name = "own", entry = "http://own/e.lua", tenant = "acme" },
                              { name = "other", entry = "http://other/e.lua", tenant = "bolt" } } }
                local ok, problem = pcall(function() \(door.last) end)
                if not ok then return problem.code, tostring(problem) end
                """)
            await runtime.shutdown()
            return result
        } catch {
            await runtime.shutdown()
            throw error
        }
    }
}
