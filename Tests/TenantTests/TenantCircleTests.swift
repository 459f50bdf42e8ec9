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
        /// What the exposes `own/x` and `other/x` of two tenants do.
        let own: String
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

    @Test(arguments: doors, TenantOptions.Level.allCases)
    func whatWaitsForItselfByWayOfATenantFailsAndNamesTheCircle(door: Door, level: TenantOptions.Level) async throws {
        let result = try await load(level, door)
        #expect(result.first?.stringValue == "LOAD-001", "\(result)")
        // Where it is closed at the moment in which it begins, which of the waits closes it depends on the level.
        let text = result.last?.stringValue ?? ""
        #expect(text.contains("circular wait: ") && text.contains(door.circle), "\(result)")
    }

    @Test(arguments: TenantOptions.Level.allCases)
    func whatATaskLoadsThatNobodyWaitsForIsNoCircle(level: TenantOptions.Level) async throws {
        let door = Door(
            name: "", own: "mf.spawn(function() mf.sleep(1) return mf.loadShare('one') end) mf.sleep(20) return {}",
            one: "return mf.loadRemote('own/x')", last: "mf.loadRemote('own/x')", circle: "")
        let result = try await load(level, door)
        #expect(result.first?.stringValue == nil, "\(result)")
    }

    /// - Returns: Code and text of the error, if there is one.
    private func load(_ level: TenantOptions.Level, _ door: Door) async throws -> [LuaValue] {
        func entry(_ factory: String) -> String {
            "local mf = require('mf') return { init = function() end, get = function() return function() \(factory) end end }"
        }
        let texts = ["http://own/e.lua": entry(door.own), "http://other/e.lua": entry(door.other)]
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
