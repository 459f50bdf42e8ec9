import Diagnostics
import EventLoops
import Federation
import Fetch
import LuaBridge
import Synchronization
import TestSupport
import Testing

/// What a program that embeds the library can do from Swift, with the words that Lua has for it.
@Suite(.timeLimit(.minutes(1))) struct EmbedderTests {
    private static let entry = """
        return { init = print, get = function() return function()
          return { usage = function() return 42 end, deep = { er = function() return 7 end }, 1.5 }
        end end }
        """

    private func withHost(
        _ options: HostOptions, _ body: @Sendable (Runtime, Host) async throws -> Void
    ) async throws {
        let runtime = try Runtime(
            configuration: RuntimeConfiguration(fetcher: InMemoryFetcher(["http://app/entry.lua": Self.entry])))
        let host = try await runtime.createHost(options)
        try await body(runtime, host)
        await runtime.shutdown()
    }

    private var remote: Remote { Remote(name: "checks", entry: "http://app/entry.lua") }

    /// A plugin that tells of itself by replacing the module.
    private func plugin(_ name: String, _ answer: String) -> String {
        "return function(options) return { name = '\(name)', onLoad = function() return function() return \(answer) end end } end"
    }

    @Test func subscriptsReadALoadedModule() async throws {
        try await withHost(HostOptions(name: "shell", remotes: [remote])) { runtime, host in
            let module = try await host.loadRemote("checks/disk")
            let answers = try await runtime.loop.perform {
                let usage = try #require(module["usage"].functionValue)
                let deeper = try #require(module["deep"]["er"].functionValue)
                #expect(module["absent"].isNil)
                #expect(module[1] == 1.5)
                return try await runtime.state.callAsync(usage) + runtime.state.callAsync(deeper)
            }
            #expect(answers == [42, 7])
        }
    }

    @Test func subscriptsReadAView() async throws {
        try await withHost(HostOptions(name: "shell", remotes: [remote])) { runtime, host in
            let name = try await runtime.loop.perform { host.options.luaValue["remotes"][1]["name"] }
            #expect(name == "checks")
        }
    }

    @Test func pluginFromMemoryIsAttachedWithItsOptions() async throws {
        try await withHost(HostOptions(name: "shell", remotes: [remote])) { runtime, host in
            try await host.register(
                pluginSource: plugin("memory-plugin", "options.word"), name: "memory.lua", options: ["word": "hello"])
            let module = try await host.loadRemote("checks/disk")
            let function = try #require(module.functionValue)
            let answer = try await runtime.state.callAsync(function)
            #expect(answer == ["hello"])
            let removed = try await host.remove(plugins: ["memory-plugin"])
            #expect(removed == ["memory-plugin"])
        }
    }

    @Test func pluginFromMemoryRunsInItsTenant() async throws {
        let loads = Mutex<[String]>([])
        try await withHost(
            HostOptions(
                name: "shell", remotes: [remote],
                plugins: [
                    .source(
                        "return { name = 'acme-plugin', onLoad = function() assert(io == nil, 'not sandboxed') end }",
                        name: "acme.lua", tenant: "acme"),
                    .swift(
                        Plugin("own-plugin").on(\.onLoad) { arguments in
                            loads.withLock { $0.append(arguments.id) }
                            return .nil
                        }),
                ],
                tenants: [("acme", TenantOptions())])
        ) { _, host in
            _ = try await host.loadRemote("checks/disk")
            #expect(loads.withLock { $0 } == ["checks/disk"])
            let stats = try await host.tenantStats("acme")
            #expect(stats.calls > 0)
        }
    }

    @Test func pluginFromMemoryIsNamedInItsErrors() async throws {
        try await withHost(HostOptions(name: "shell")) { _, host in
            for source in ["return {", "error('no')", "return 1", "return { onload = print }"] {
                let error = await #expect(throws: MFError.self) {
                    try await host.register(pluginSource: source, name: "acme.lua")
                }
                #expect(error?.rendered().contains("acme.lua") == true, "\(source)")
            }
        }
    }

    @Test func pluginOfATenantThatIsNotDeclaredIsRefused() async throws {
        try await withHost(HostOptions(name: "shell")) { _, host in
            await #expect(throws: MFError.self) {
                try await host.register(pluginSource: "return { name = 'a' }", name: "a.lua", tenant: "acme")
            }
            let removed = try await host.remove(plugins: ["a"])
            #expect(removed == [])
        }
    }

    @Test func optionsSayWhetherFilesAreWatched() async throws {
        try await withHost(HostOptions(name: "shell", watch: true)) { runtime, host in
            let watches = try await runtime.loop.perform { host.options.watch }
            #expect(watches == true)
        }
    }

    // MARK: - Off the loop

    /// What belongs to a host that runs, by the name that the message has.
    struct Held {
        let host: Host
        let options: HostOptions
        let remotes: LiveList<Remote>
        let shared: SharedModules
    }

    static let members: [(name: String, use: @Sendable (Held) -> Void)] = [
        ("Host.options", { _ = $0.host.options }),
        ("Host.luaGet(_:)", { _ = $0.host.luaGet(.string("options")) }),
        ("HostOptions.name", { _ = $0.options.name }),
        ("LiveList.elements", { _ = $0.remotes.elements }),
        ("LiveList.elements", { $0.remotes.append(Remote(name: "b", entry: "http://b")) }),
        ("LiveList.elements", { _ = $0.remotes.count }),
        ("LiveList.elements", { _ = $0.remotes[0] }),
        ("LiveMap.subscript(_:)", { _ = $0.shared["a"] }),
        ("LiveMap.subscript(_:)", { $0.shared["a"] = nil }),
        ("LiveMap.count", { _ = $0.shared.count }),
        ("LiveMap.keys", { _ = $0.shared.keys }),
        ("LiveMap.values", { _ = $0.shared.values }),
        ("LiveMap.pairs", { _ = $0.shared.pairs }),
        ("LiveMap.isEmpty", { _ = $0.shared.isEmpty }),
        ("LiveMap.removeValue(forKey:)", { $0.shared.removeValue(forKey: "a") }),
        ("LiveMap.removeAll()", { $0.shared.removeAll() }),
    ]

    @Test(arguments: members.indices)
    func useOffTheLoopStopsTheProgram(index: Int) async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
            let runtime = try Runtime()
            let host = try await runtime.createHost(
                HostOptions(name: "shell", remotes: [Remote(name: "a", entry: "http://a")]))
            let (options, remotes, shared) = try await runtime.loop.perform {
                (host.options, host.options.remotes, host.options.shared)
            }
            EmbedderTests.members[index].use(Held(host: host, options: options, remotes: remotes, shared: shared))
        }
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            errors.contains("`\(Self.members[index].name)` was called off the thread of its event loop"), "\(errors)")
    }

    @Test func listThatNoHostHasSeenIsUsedAnywhere() async throws {
        let options = HostOptions(name: "shell", remotes: [Remote(name: "a", entry: "http://a")])
        options.remotes.append(Remote(name: "b", entry: "http://b"))
        #expect(options.remotes.count == 2)
    }
}
