import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What waits for itself fails and names the circle, whichever way the circle is closed.
@Suite struct CircularWaitTests {
    /// One way to close a circle.
    struct Door: Sendable, CustomTestStringConvertible {
        let name: String
        /// The remotes `a` and `b`, and further entries by name.
        var entries: [String: String] = [:]
        /// Files that remotes require, such as `a/helper.lua`.
        var files: [String: String] = [:]
        /// Lines before the last one, which fails.
        var before = ""
        let last: String
        let circle: String
        var testDescription: String { name }
    }

    static let head = "local mf = require('mf') "
    static func exposing(_ factory: String, before: String = "") -> String {
        head + before
            + " return { init = function() end, get = function(name) return function() \(factory) end end }"
    }

    static let loads: [Door] = [
        Door(
            name: "an expose and itself", entries: ["a": exposing("return mf.loadRemote('a/x')")],
            last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "an expose of a remote that is loaded already",
            entries: ["a": exposing("if name == './x' then return mf.loadRemote('a/x') end return {}")],
            before: "mf.loadRemote('a/y')", last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "an expose, by the remote's alias", entries: ["a": exposing("return mf.loadRemote('first/x')")],
            last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "get and itself",
            entries: [
                "a": head + "return { init = function() end, get = function() return mf.loadRemote('a/x') end }"
            ], last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "two remotes",
            entries: [
                "a": exposing("return mf.loadRemote('b/x')"), "b": exposing("return mf.loadRemote('a/x')"),
            ], last: "mf.loadRemote('a/x')", circle: "a/x -> b/x -> a/x"),
        Door(
            name: "three remotes, beyond the first",
            entries: [
                "a": exposing("return mf.loadRemote('b/x')"), "b": exposing("return mf.loadRemote('c/x')"),
                "c": exposing("return mf.loadRemote('b/x')"),
            ], last: "mf.loadRemote('a/x')", circle: "b/x -> c/x -> b/x"),
        Door(
            name: "the init of a container",
            entries: [
                "a": head + "return { init = function() mf.loadRemote('a/y') end, get = function() end }"
            ], last: "mf.loadRemote('a/x')", circle: "a/y -> a/y"),
        Door(
            name: "the top level of an entry", entries: ["a": head + "mf.loadRemote('a/x')"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "the top levels of two entries",
            entries: ["a": head + "mf.loadRemote('b/x')", "b": head + "mf.loadRemote('a/y')"],
            last: "mf.loadRemote('a/x')", circle: "b/x -> a/y -> b/x"),
        Door(
            name: "a listener of loadEntry",
            before: """
                mf.registerPlugins { { name = "entry-plugin", loadEntry = function(args)
                  if args.remoteInfo.name == "a" then return mf.loadRemote("a/y") end
                end } }
                """, last: "mf.loadRemote('a/x')",
            circle: "hook `loadEntry` of plugin `entry-plugin` -> a/y -> hook `loadEntry` of plugin `entry-plugin`"),
        Door(
            name: "a module that preloads itself",
            entries: ["a": head + "pcall(mf.preloadRemote, { { nameOrAlias = 'a' } }) return mf.loadRemote('a/x')"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
        Door(
            name: "loads side by side",
            entries: [
                "a": exposing("return mf.all { function() return mf.loadRemote('b/x') end, function() end }"),
                "b": exposing("return mf.loadRemote('a/x')"),
            ], last: "mf.loadRemote('a/x')", circle: "a/x -> task 1 (http://a/e.lua:1) -> b/x -> a/x"),
        Door(
            name: "two hosts",
            entries: [
                "a": exposing("return mf.getInstance('second'):loadRemote('a/x')")
            ],
            before: """
                mf.createInstance { name = 'second', remotes = { { name = 'a', entry = 'http://a/e.lua' } } }
                """,
            last: "mf.loadRemote('a/x')", circle: "a/x -> a/x"),
    ]

    static let shares: [Door] = [
        Door(
            name: "the get of a share and itself",
            before:
                "mf.registerShared { lib = { version = '1.0.0', get = function() return mf.loadShare('lib') end } }",
            last: "mf.loadShare('lib')", circle: "share `lib` -> share `lib`"),
        Door(
            name: "two shares",
            before: """
                mf.registerShared {
                  one = { version = '1.0.0', get = function() return mf.loadShare('two') end },
                  two = { version = '1.0.0', get = function() return mf.loadShare('one') end } }
                """, last: "mf.loadShare('one')", circle: "share `one` -> share `two` -> share `one`"),
        Door(
            name: "a share that does not satisfy its own host",
            before: """
                mf.registerShared { lib = { version = '1.0.0', shareConfig = { requiredVersion = '^2.0.0' },
                  get = function() return mf.loadShare('lib') end } }
                """, last: "mf.loadShare('lib')", circle: "share `lib` -> share `lib`"),
        Door(
            name: "a share and an expose", entries: ["a": exposing("return mf.loadShare('lib')")],
            before:
                "mf.registerShared { lib = { version = '1.0.0', get = function() return mf.loadRemote('a/x') end } }",
            last: "mf.loadRemote('a/x')", circle: "a/x -> share `lib` -> a/x"),
        Door(
            name: "hosts with one scope",
            before: """
                local second = mf.createInstance { name = 'second', remotes = {} }
                mf.registerShared { lib = { version = '1.0.0', get = function() return second:loadShare('lib') end } }
                second:registerShared { lib = { version = '1.0.0', get = function() end } }
                second:initShareScopeMap('default', mf.getInstance().shareScopeMap.default)
                """, last: "mf.loadShare('lib')", circle: "share `lib` -> share `lib`"),
    ]

    static let atOnce: [Door] = [
        Door(
            name: "the get of a share and itself, at once",
            before: """
                mf.registerShared { lib = { version = '1.0.0', get = function() return mf.loadShareSync('lib') end } }
                """, last: "mf.loadShareSync('lib')", circle: "share `lib` -> share `lib`"),
        Door(
            name: "the get of a share and itself, first with a wait",
            before: """
                mf.registerShared { lib = { version = '1.0.0', get = function() return mf.loadShareSync('lib') end } }
                """, last: "mf.loadShare('lib')", circle: "share `lib` -> share `lib`"),
        Door(
            name: "two shares, at once",
            before: """
                mf.registerShared {
                  one = { version = '1.0.0', get = function() return mf.loadShareSync('two') end },
                  two = { version = '1.0.0', get = function() return mf.loadShareSync('one') end } }
                """, last: "mf.loadShareSync('one')", circle: "share `one` -> share `two` -> share `one`"),
        Door(
            name: "an update asked for while the container is initialised",
            entries: [
                "a": head + "return { init = function() mf.getInstance():revalidate() end, get = function() end }"
            ], last: "mf.loadRemote('a/x')", circle: "init of `a` -> init of `a`"),
    ]

    static let required: [Door] = [
        Door(
            name: "a file that the first requires",
            entries: ["a": exposing("return require('helper')"), "b": exposing("return mf.loadRemote('a/x')")],
            files: ["a/helper.lua": head + "return mf.loadRemote('b/y')"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> module `helper` -> b/y -> a/x"),
        Door(
            name: "files that both require, one within the other",
            entries: ["a": exposing("return require('outer')"), "b": exposing("return require('other')")],
            files: [
                "a/outer.lua": "return require('inner')", "a/inner.lua": head + "return mf.loadRemote('b/y')",
                "b/other.lua": head + "return mf.loadRemote('a/x')",
            ],
            last: "mf.loadRemote('a/x')",
            circle: "a/x -> module `outer` -> module `inner` -> b/y -> module `other` -> a/x"),
        Door(
            name: "a file that two exposes require",
            entries: [
                "a": exposing("mf.sleep(0) return require('helper')"), "b": exposing("return mf.loadRemote('a/z')"),
            ],
            files: ["a/helper.lua": head + "return mf.loadRemote('b/y')"],
            last: "mf.loadRemote('a/x')", circle: "module `helper` -> b/y -> a/z -> module `helper`"),
        Door(
            name: "the top level of an entry",
            entries: ["a": "require('helper')", "b": exposing("return mf.loadRemote('a/x')")],
            files: ["a/helper.lua": head + "return mf.loadRemote('b/y')"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> module `helper` -> b/y -> a/x"),
        Door(
            name: "the init of a container",
            entries: [
                "a": "return { init = function() require('helper') end, get = function() end }",
                "b": exposing("return mf.loadRemote('a/x')"),
            ],
            files: ["a/helper.lua": head + "return mf.loadRemote('b/y')"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> module `helper` -> b/y -> a/x"),
        Door(
            name: "a task of the file", entries: ["a": exposing("return require('helper')")],
            files: ["a/helper.lua": head + "return mf.spawn(function() return mf.loadRemote('a/x') end):wait()"],
            last: "mf.loadRemote('a/x')", circle: "a/x -> module `helper` -> task 1 (http://a/helper.lua:1) -> a/x"),
        Door(
            name: "a share, at once",
            before: """
                package.preload.helper = function() return mf.loadShareSync('lib') end
                mf.registerShared { lib = { version = '1.0.0', get = function() return require('helper') end } }
                """, last: "mf.loadShareSync('lib')", circle: "share `lib` -> module `helper` -> share `lib`"),
        Door(
            name: "a share, at once, below a call of the host",
            before: """
                package.preload.helper = function() return ask() end
                function ask() return mf.getInstance():loadShareSync('lib') end
                mf.registerShared { lib = { version = '1.0.0', get = function() return require('helper') end } }
                """, last: "mf.loadShareSync('lib')", circle: "share `lib` -> module `helper` -> share `lib`"),
        Door(
            name: "a listener",
            before: """
                package.preload.helper = function() return mf.loadRemote('a/y') end
                mf.registerPlugins { { name = "entry-plugin", loadEntry = function() return require('helper') end } }
                """, last: "mf.loadRemote('a/x')",
            circle: "hook `loadEntry` of plugin `entry-plugin` -> module `helper` -> a/y -> hook `loadEntry`"),
        Door(
            name: "files of two tasks that require each other",
            before: """
                package.preload.one = function() mf.sleep(1) return require('two') end
                package.preload.two = function() mf.sleep(1) return require('one') end
                """, last: "mf.all { function() require('one') end, function() require('two') end }",
            circle: "module `one` -> module `two` -> module `one`"),
    ]

    static let tasks: [Door] = [
        Door(
            name: "a task and itself", before: "task = mf.spawn(function() mf.sleep(1) return task:wait() end)",
            last: "task:wait()", circle: "task 1 (host.lua:1) -> task 1"),
        Door(
            name: "two tasks",
            before: """
                one = mf.spawn(function() mf.sleep(1) return two:wait() end)
                two = mf.spawn(function() mf.sleep(2) return one:wait() end)
                """, last: "one:wait()", circle: "task 1 (host.lua:1) -> task 2 (host.lua:2) -> task 1"),
        Door(
            name: "three remotes and a task",
            entries: [
                "a": exposing("return mf.spawn(function() return mf.loadRemote('b/x') end):wait()"),
                "b": exposing("return mf.loadRemote('c/x')"), "c": exposing("return mf.loadRemote('a/x')"),
            ], last: "mf.loadRemote('a/x')",
            circle: "a/x -> task 1 (http://a/e.lua:1) -> b/x -> c/x -> a/x"),
        Door(
            name: "three remotes, a task and a hook",
            entries: [
                "a": exposing("return mf.spawn(function() return mf.loadRemote('b/x') end):wait()"),
                "b": exposing("return {}"), "c": exposing("return mf.loadRemote('a/x')"),
            ],
            before: """
                mf.registerPlugins { { name = "entry-plugin", loadEntry = function(args)
                  if args.remoteInfo.name == "b" then return mf.loadRemote("c/x") end
                end } }
                """, last: "mf.loadRemote('a/x')",
            circle: "hook `loadEntry` of plugin `entry-plugin` -> c/x -> a/x -> task 2 (http://a/e.lua:1) -> b/x"),
    ]

    @Test func aTaskThatIsCancelledWaitsForNoModuleAnyMore() async throws {
        try await withSite([:]) { site in
            let result = try await site.lua(
                """
                package.preload.slow = function() mf.sleep(1e9) end
                local first = mf.spawn(require, 'slow')
                local closed = false
                local second = mf.spawn(function()
                  local c <close> = setmetatable({}, { __close = function() closed = true end })
                  require('slow')
                end)
                mf.sleep(0)
                second:cancel()
                pcall(second.wait, second)
                local status = first.status
                first:cancel()
                return status, second.status, closed
                """)
            #expect(result == ["running", "cancelled", true])
        }
    }

    @Test func singletonThatIsBeingMadeIsNotMadeAtOnceToo() async throws {
        try await withSite([:]) { site in
            let result = try await site.lua(
                """
                local mf, made = require('mf'), 0
                mf.init { name = 'host', remotes = {}, shared = { lib = { version = '1.0.0',
                  shareConfig = { singleton = true },
                  get = function() made = made + 1 mf.sleep(made == 1 and 1 or 0) return function() return made end end } } }
                local task = mf.spawn(function() return mf.loadShare('lib') end)
                mf.sleep(0)
                local ok, problem = pcall(mf.loadShareSync, 'lib')
                local factory = task:wait()
                return ok, problem.code, made, mf.loadShareSync('lib') == factory
                """)
            #expect(result == [false, "RUNTIME-006", 1, true], "\(result)")
        }
    }

    @Test(arguments: loads + shares + atOnce + required + tasks) func whatWaitsForItselfFailsAndNamesTheCircle(
        door: Door
    ) async throws {
        var texts: [String: String] = [:]
        for (name, text) in door.entries { texts["http://\(name)/e.lua"] = text }
        for (path, text) in door.files { texts["http://\(path)"] = text }
        try await withSite(texts) { site in
            try await site.lua(
                """
                mf.init { name = "host", remotes = {
                  { name = "a", alias = "first", entry = "http://a/e.lua" },
                  { name = "b", entry = "http://b/e.lua" }, { name = "c", entry = "http://c/e.lua" } } }
                """)
            let result = try await site.lua(
                "\(door.before)\nlocal ok, problem = pcall(function() \(door.last) end) return ok, tostring(problem), not ok and problem.code"
            )
            #expect(result[0] == false)
            #expect(result[1].stringValue?.hasPrefix("circular wait: \(door.circle)") == true, "\(result)")
            #expect(result[2] == "LOAD-001")
        }
    }

    @Test func moduleThatCatchesTheCircleIsLoaded() async throws {
        let entry = Self.exposing("return { ok = pcall(mf.loadRemote, 'a/x') }")
        try await withSite(["http://a/e.lua": entry]) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "a", entry = "http://a/e.lua" } } }
                return mf.loadRemote("a/x").ok
                """)
            #expect(result == [false])
        }
    }

    @Test func circleOfRemotesThatDoNotWaitForEachOtherIsLoaded() async throws {
        let a = Self.exposing("return { other = function() return mf.loadRemote('b/x').name end, name = 'a' }")
        let b = Self.exposing("return { other = function() return mf.loadRemote('a/x').name end, name = 'b' }")
        try await withSite(["http://a/e.lua": a, "http://b/e.lua": b]) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = {
                  { name = "a", entry = "http://a/e.lua" }, { name = "b", entry = "http://b/e.lua" } } }
                return mf.loadRemote("a/x").other(), mf.loadRemote("b/x").other()
                """)
            #expect(result == ["b", "a"])
        }
    }

    /// Ways to ask for an expose whose module is being run, without its load waiting for that: what `a/x` does, what `b/y`
    /// does, and the host.
    static let joins = [
        ("mf.sleep(1)", "", "mf.all { load, load }"),
        ("mf.sleep(20)", "", "local first = mf.spawn(load) mf.sleep(5) load() first:wait()"),
        ("mf.spawn(mf.loadRemote, 'a/x') mf.sleep(1)", "", "load()"),
        ("mf.spawn(mf.loadRemote, 'b/y') mf.sleep(1)", "mf.loadRemote('a/x')", "load() mf.loadRemote('b/y')"),
    ]

    @Test(arguments: joins) func loadsThatMeetOneUnderWayJoinIt(a: String, b: String, host: String) async throws {
        let entry =
            "return { init = function() end, get = function(name) return function() return require((name:sub(3))) end end }"
        func files(_ name: String, _ expose: String, _ module: String) -> [String: String] {
            [
                "http://\(name)/mf-manifest.json": SampleRemote.manifest(
                    name: name, exposes: [(expose, ["\(expose).lua"])]),
                "http://\(name)/remoteEntry.lua": entry, "http://\(name)/\(expose).lua": module,
            ]
        }
        let texts = files("a", "x", Self.head + "made = (made or 0) + 1 \(a) return { made = made }")
            .merging(files("b", "y", Self.head + b + " return {}")) { first, _ in first }
        try await withSite(texts) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "a", entry = "http://a/mf-manifest.json" },
                  { name = "b", entry = "http://b/mf-manifest.json" } } }
                local function load() return mf.loadRemote("a/x") end
                \(host)
                return load().made
                """)
            #expect(result == [1])
        }
    }
}
