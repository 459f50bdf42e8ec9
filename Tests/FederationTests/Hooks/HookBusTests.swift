import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// How listeners are called, and what their results do, by the kind of the hook.
@Suite(.timeLimit(.minutes(1))) struct HookBusTests {
    /// Makes a host with plugins that implement one hook, and emits it.
    private func emit(_ hook: String, _ bodies: [String], _ arguments: String = "{}") async throws -> [LuaValue] {
        let plugins = bodies.enumerated().map { index, body in
            "{ name = 'p\(index)-plugin', \(hook) = function(args) calls[#calls + 1] = \(index) \(body) end }"
        }
        let script = """
            local calls = {}
            local host = mf.init { name = "host", plugins = { \(plugins.joined(separator: ", ")) } }
            local result = host:emit("\(hook)", \(arguments))
            return result, table.concat(calls, " ")
            """
        return try await withSite { try await $0.lua(script) }
    }

    @Test func syncHookCallsAllAndKeepsTheLastResult() async throws {
        let result = try await emit("getModuleInfo", ["return 1", "return false", "return nil"])
        #expect(result == [false, "0 1 2"])
    }

    @Test func asyncHookStopsAtFalse() async throws {
        let result = try await emit("afterPreloadRemote", ["return 1", "mf.sleep(0) return false", "return 3"])
        #expect(result == [false, "0 1"])
    }

    @Test func asyncHookKeepsTheLastResultThatIsNotNil() async throws {
        let result = try await emit("afterPreloadRemote", ["mf.sleep(0) return 1", "return 2", ""])
        #expect(result == [2, "0 1 2"])
    }

    @Test func waterfallHandsOnWhatEachListenerReturned() async throws {
        let bodies = ["return { id = args.id .. '1' }", "args.id = args.id .. '2'", "return { id = args.id .. '3' }"]
        let result = try await emit("beforeRequest", bodies, "{ id = '0' }")
        #expect(result == [["id": "0123"], "0 1 2"])
    }

    @Test(arguments: ["getModuleInfo", "afterPreloadRemote", "beforeRequest"])
    func errorOfAListenerEndsTheEmission(hook: String) async throws {
        try await withSite { site in
            let script = """
                local calls = 0
                local host = mf.init { name = "host", plugins = {
                  { name = "first-plugin", \(hook) = function() error("refused", 0) end },
                  { name = "second-plugin", \(hook) = function() calls = calls + 1 end } } }
                local ok, problem = pcall(host.emit, host, "\(hook)", { id = "" })
                return ok, problem, calls
                """
            let result = try await site.lua(script)
            #expect(result == [false, "refused", 0])
        }
    }

    @Test func removedPluginIsNotCalledAnyMore() async throws {
        try await withSite { site in
            let script = """
                local calls = 0
                local host = mf.init { name = "host", plugins = {
                  { name = "counting-plugin", getModuleInfo = function() calls = calls + 1 end } } }
                host:emit("getModuleInfo", {})
                host:removePlugins { "counting-plugin" }
                host:emit("getModuleInfo", {})
                return calls
                """
            let calls = try await site.lua(script)
            #expect(calls == [1])
        }
    }

    @Test func listenersOfSwiftAndLuaTakeTurnsInTheirOrder() async throws {
        try await withSite { site in
            let swift = Plugin("swift-plugin").on(\.beforeRequest) { arguments in
                var arguments = arguments
                arguments.id += " swift"
                return arguments
            }
            let source = { (name: String) in
                "return { name = '\(name)-plugin', beforeRequest = function(a) a.id = a.id .. ' \(name)' end }"
            }
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host",
                    plugins: [
                        .source(source("one"), name: "one.lua"), .swift(swift), .source(source("two"), name: "two.lua"),
                    ]))
            let error = await expectMFError(.remoteNotFound) { try await host.loadRemote("0") }
            #expect(error?.message.contains("`0 one swift two`") == true)
        }
    }
}
