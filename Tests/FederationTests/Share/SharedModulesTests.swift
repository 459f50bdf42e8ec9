import Diagnostics
import EventLoops
import LuaBridge
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// Modules shared across the border of the two languages.
@Suite(.timeLimit(.minutes(2))) struct SharedModulesTests {
    private static let url = "http://checks/remoteEntry.lua"

    @Test func functionsAndValuesOfSwiftAreSharedWithLuaRemotes() async throws {
        let entry = SampleRemote.entry(
            """
            ["./disk"] = function()
              local statsd = mf.loadShare("statsd")()
              statsd.count("disk")
              return statsd.prefix .. statsd.join("a", "b") .. statsd.limits[2]
            end
            """, before: "local mf = require('mf')")
        try await withSite([Self.url: entry]) { site in
            let counted = Mutex<[String]>([])
            let statsd: LuaValue = .record([
                "prefix": "ops.", "limits": [10, 20],
                "count": .callable(
                    LuaCallable("count") { call in
                        let name = try call.string(0)
                        counted.withLock { $0.append(name) }
                        return []
                    }),
                "join": .callable(
                    LuaCallable(async: "join") { call in
                        await call.state.loop.yieldToIO()
                        return [.string(try call.string(0) + call.string(1))]
                    }),
            ])
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: Self.url)],
                    shared: [
                        (
                            "statsd",
                            [SharedModule(version: "1.4.0", lib: .callable(LuaCallable("lib") { _ in [statsd] }))]
                        )
                    ]))
            // What is shared is asked for from the current host.
            try await site.lua("mf.init { name = 'host' }")
            #expect(try await host.loadRemote("checks/disk") == "ops.ab20")
            #expect(counted.withLock { $0 } == ["disk"])
        }
    }

    @Test func moduleSharedByLuaIsUsedFromSwift() async throws {
        try await withSite { site in
            try await site.lua(
                """
                mf.init { name = "host", remotes = {}, shared = { adder = { version = "2.0.0", lib = function()
                  return { add = function(a, b) mf.sleep(0) return a + b end }
                end } } }
                """)
            let sum = try await site.runtime.loop.perform { [runtime = site.runtime] in
                let host = try #require(runtime.registry.current?.host)
                let module = try await runtime.state.invoke(try await host.loadShare("adder"), [])
                return try await runtime.state.invoke(try #require(module.tableValue).get("add"), [2, 40])
            }
            #expect(sum == 42)
        }
    }

    @Test(arguments: ["version-first", "loaded-first"], ["1.0.0", "1.1.0"])
    func singletonThatIsBeingMadeIsUsedByThoseWhoJoinMeanwhile(strategy: String, version: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local made, go = {}, false
                local function host(name, version)
                  return mf.createInstance { name = name, remotes = {}, shareStrategy = "\(strategy)", shared = { lib = {
                    version = version, shareConfig = { singleton = true, requiredVersion = "^1.0.0" },
                    get = function()
                      while not go do mf.sleep(0) end
                      made[#made + 1] = name
                      return function() return name end
                    end } } }
                end
                local first = host("aa", "1.0.0")
                local loading = mf.spawn(function() return first:loadShare("lib")() end)
                while first.shareScopeMap.default.lib["1.0.0"].loading == nil do mf.sleep(0) end
                local tasks = {}
                for i = 1, 10 do
                  local other = host("zz" .. i, "\(version)")
                  other:initShareScopeMap("default", first.shareScopeMap.default)
                  tasks[i] = mf.spawn(function() return other:loadShare("lib")() end)
                end
                mf.sleep(0)
                go = true
                for i = 1, 10 do if tasks[i]:wait() ~= "aa" then return "another one" end end
                return loading:wait(), #made
                """)
            #expect(result == ["aa", 1])
        }
    }

    @Test func remotesShareOneInstanceOfASingleton() async throws {
        let entry = SampleRemote.entry("[\"./x\"] = function() return require('mf').loadShare('registry')() end")
        try await withSite(["http://one/e.lua": entry, "http://two/e.lua": entry]) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host",
                  remotes = { { name = "one", entry = "http://one/e.lua" }, { name = "two", entry = "http://two/e.lua" } },
                  shared = { registry = { version = "1.0.0", lib = (function()
                    local module = {}
                    return function() return module end
                  end)(), shareConfig = { singleton = true } } } }
                local one, two = mf.loadRemote("one/x"), mf.loadRemote("two/x")
                one.seen = true
                return rawequal(one, two), two.seen
                """)
            #expect(result == [true, true])
        }
    }

    @Test func moduleProvidedBySwiftIsRequiredFromHostPluginAndRemote() async throws {
        let entry = SampleRemote.entry("[\"./x\"] = function() return require('greeter').hello('remote') end")
        try await withSite([Self.url: entry]) { site in
            try await site.runtime.provide(
                "greeter",
                .record([
                    "hello": .callable(LuaCallable("hello") { call in [.string("hello " + (try call.string(0)))] })
                ]))
            let folder = try TemporaryFolder()
            let plugin = try folder.write(
                "greeting-plugin.lua",
                """
                local greeter = require("greeter")
                return { name = "greeting-plugin", greeting = greeter.hello("plugin") }
                """)
            let result = try await site.lua(
                """
                local host = mf.init {
                  name = "host", remotes = { { name = "checks", entry = "\(Self.url)" } }, plugins = { "\(plugin)" } }
                return require("greeter").hello("host"), host.options.plugins[1].greeting, mf.loadRemote("checks/x")
                """)
            #expect(result == ["hello host", "hello plugin", "hello remote"])
        }
    }
}
