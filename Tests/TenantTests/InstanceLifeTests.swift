import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Nothing keeps an instance of a tenant that is at its end: not what the tenant has under way, not what the host holds.
@Suite(.serialized, .timeLimit(.minutes(2))) struct InstanceLifeTests {
    init() { useBuiltWorker() }

    /// What a tenant leaves behind. The first argument is a function of the host that calls what it is given.
    static let deeds = [
        "libraries": "kept = { require('mf'), require('string'), require('mf').json } return require('string').rep",
        "share": "local share = require('mf').loadShare('config') return share, function() return share().level end",
        "spawned": "local mf = require('mf') for i = 1, 5 do mf.spawn(mf.sleep, 1e8) end return function() end",
        "ended": "local mf = require('mf') kept = mf.spawn(function() return ('x'):rep(1000) end) kept:wait()",
        "waiting for itself": """
        local mf, task = require('mf')
        task = mf.spawn(function() mf.sleep(0) return task:wait() end)
        mf.sleep(1)
        """,
        "all":
            "local mf = require('mf') mf.spawn(mf.all, { function() mf.sleep(1e8) end, function() mf.sleep(1e8) end })",
        "fetching": "local mf = require('mf') mf.spawn(mf.fetch, 'http://api.acme.example/never') mf.sleep(1)",
        "host's function": "local host = ... kept = host return function(...) return host(...) end",
        "waiting in the host": "local host = ... require('mf').spawn(host, function() require('mf').sleep(1e8) end)",
        "own function that came home": "local host = ... host(function(f) kept = f end, function() end)",
        "coroutine": "kept = coroutine.wrap(function() coroutine.yield() end) kept()",
        "error": "local ok, problem = pcall(require('mf').loadShare, 'secret') kept = problem",
        "view": "local host, view = ... kept = view return function() return view end",
    ]

    private final class Seen: LuaObject {
        static let luaTypeName = "test.Seen"
        func luaGet(_ key: LuaKey) -> LuaValue { .nil }
    }

    private static func tenant(_ level: TenantOptions.Level, _ sandbox: SandboxedState) throws -> Tenant {
        let config = LuaValue.table(try sandbox.host.makeTable(["level": "info"]))
        let services = TenantServices(
            fetcher: InMemoryFetcher { request in
                try await sandbox.loop.sleep(for: .seconds(100_000))
                return FetchResponse(url: request.url, body: [])
            }, loadShare: { $0 == "config" ? config : .nil })
        let options = TenantOptions.with {
            $0.level = level
            $0.cpu = .milliseconds(50)
            $0.shared = ["config"]
            $0.net = ["api.acme.example"]
        }
        return Tenant("acme", options, services: services, host: sandbox.host)
    }

    /// Has a tenant do something; what the host gets of it, and its instance.
    private static func run(_ deed: String, in tenant: Tenant, _ sandbox: SandboxedState) async throws -> [LuaValue] {
        let apply = LuaCallable(starting: "apply") { call in
            guard case .callable(let function) = call[0] else { return .done([]) }
            return try sandbox.host.start(
                try sandbox.host.makeFunction(function), Array(call.arguments.dropFirst().reversed()), sliceable: false)
        }
        return try await tenant.run(
            Array((deeds[deed] ?? "").utf8), name: "=deed", arguments: [.callable(apply), .object(Seen())])
    }

    private static func expectGone(_ instance: () -> AnyObject?, _ loop: EventLoop, _ deed: String) async {
        for _ in 0..<1000 where instance() != nil { await loop.yieldToIO() }
        #expect(instance() == nil, "\(deed) keeps the instance")
    }

    @Test(arguments: TenantOptions.Level.allCases, deeds.keys.sorted()) func aDoomedInstanceGoes(
        level: TenantOptions.Level, deed: String
    ) async throws {
        try await withSandboxedState { sandbox in
            let tenant = try Self.tenant(level, sandbox)
            let held = try await Self.run(deed, in: tenant, sandbox)
            weak let instance: AnyObject? = tenant.instance
            await expectMFError(.limitCPU) { try await tenant.run("while true do end") }
            await Self.expectGone({ instance }, sandbox.loop, deed)
            withExtendedLifetime(held) {}
            tenant.close()
        }
    }

    @Test(arguments: TenantOptions.Level.allCases, deeds.keys.sorted()) func anInstanceGoesWhenItsTenantIsClosed(
        level: TenantOptions.Level, deed: String
    ) async throws {
        try await withSandboxedState { sandbox in
            let tenant = try Self.tenant(level, sandbox)
            let held = try await Self.run(deed, in: tenant, sandbox)
            weak let instance: AnyObject? = tenant.instance
            tenant.close()
            await Self.expectGone({ instance }, sandbox.loop, deed)
            withExtendedLifetime(held) {}
        }
    }

    /// A tenant that nobody has closed. What goes on in the host for it, or calls it, holds it until that has ended.
    @Test(
        arguments: TenantOptions.Level.allCases,
        deeds.keys.sorted().filter {
            !["own function that came home", "waiting in the host", "fetching"].contains($0)
        })
    func anInstanceGoesWithItsTenant(level: TenantOptions.Level, deed: String) async throws {
        try await withSandboxedState { sandbox in
            weak var instance: AnyObject?
            do {
                let tenant = try Self.tenant(level, sandbox)
                _ = try await Self.run(deed, in: tenant, sandbox)
                instance = tenant.instance
            }
            try sandbox.host.collectGarbage()
            await Self.expectGone({ instance }, sandbox.loop, deed)
        }
    }
}
