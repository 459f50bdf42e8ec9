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
        /// Lines before the last one, which fails.
        var before = ""
        let last: String
        let circle: String
        var testDescription: String { name }
    }

    private static let head = "local mf = require('mf') "
    private static func exposing(_ factory: String, before: String = "") -> String {
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
                """, last: "mf.loadRemote('a/x')", circle: "hook `loadEntry` -> a/y -> hook `loadEntry`"),
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

    @Test(arguments: loads + shares + atOnce) func whatWaitsForItselfFailsAndNamesTheCircle(door: Door) async throws {
        var texts: [String: String] = [:]
        for (name, text) in door.entries { texts["http://\(name)/e.lua"] = text }
        try await withSite(texts) { site in
            try await site.lua(
                """
                mf.init { name = "host", remotes = {
                  { name = "a", alias = "first", entry = "http://a/e.lua" },
                  { name = "b", entry = "http://b/e.lua" }, { name = "c", entry = "http://c/e.lua" } } }
                """)
            let result = try await site.lua(
                "\(door.before)\nlocal ok, problem = pcall(function() \(door.last) end) return ok, tostring(problem)")
            #expect(result[0] == false)
            #expect(result[1].stringValue?.contains("circular wait: \(door.circle)") == true, "\(result)")
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

    // MARK: Hooks

    static let hooks = [
        "errorLoadRemote = function(args) return args.origin:loadRemote('gone/x') end",
        "beforeRequest = function(args) args.origin:loadRemote(args.id) return args end",
        "onLoad = function(args) args.origin:loadRemote('a/x') end",
        "afterResolve = function(args) args.origin:loadRemote('a/x') return args end",
        "afterLoadRemote = function(args) args.origin:loadRemote('a/x') end",
        "beforeLoadShare = function(args) args.origin:loadShare('lib') return args end",
        "loadShare = function(args) args.origin:loadShare('lib') end",
        "errorLoadRemote = function(args) for i = 1, 2 do pcall(args.origin.loadRemote, args.origin, 'gone/x') end end, "
            + "onLoad = function(args) for i = 1, 2 do mf.loadRemote('a/x') end end",
    ]

    @Test(arguments: hooks) func listenerThatLoadsWhatItIsCalledForFailsAndIsNamed(listener: String) async throws {
        try await withSite(["http://a/e.lua": Self.exposing("return {}")]) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "a", entry = "http://a/e.lua" },
                  { name = "gone", entry = "http://gone/e.lua" } },
                  shared = { lib = { version = '1.0.0', lib = function() return {} end } },
                  plugins = { { name = "again-plugin", \(listener) } } }
                local hook = "\(listener.prefix { $0 != " " })"
                local load = { errorLoadRemote = "gone/x" }
                local ok, problem
                if hook:find("Share") then
                  ok, problem = pcall(mf.loadShare, "lib")
                else
                  ok, problem = pcall(mf.loadRemote, load[hook] or "a/x")
                end
                return ok, tostring(problem), problem.code
                """)
            guard !listener.contains("pcall") else { return }
            let hook = listener.prefix { $0 != " " }
            #expect(result[0] == false)
            let start = "hook `\(hook)` of plugin `again-plugin` repeatedly loads"
            #expect(result[1].stringValue?.hasPrefix(start) == true, "\(result)")
            #expect(result[2] == "LOAD-002")
        }
    }

    @Test func listenerThatLoadsAgainAFewTimesIsLeftAlone() async throws {
        try await withSite(["http://a/e.lua": Self.exposing("return {}")]) { site in
            let result = try await site.lua(
                """
                local rounds = 0
                mf.init { name = "host", remotes = { { name = "a", entry = "http://a/e.lua" },
                  { name = "gone", entry = "http://gone/e.lua" } },
                  plugins = { { name = "again-plugin", errorLoadRemote = function(args)
                    rounds = rounds + 1
                    return args.origin:loadRemote(rounds < 50 and "gone/x" or "a/x")
                  end } } }
                return type(mf.loadRemote("gone/x")), rounds
                """)
            #expect(result == ["table", 50])
        }
    }
}
