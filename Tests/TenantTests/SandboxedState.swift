import Diagnostics
import EventLoops
import Federation
import LuaBridge
import TestSupport

/// A host's state and tenants beside it, on a loop of their own. Everything runs on the loop.
final class SandboxedState: @unchecked Sendable {
    // Used on the loop's thread.
    let loop: EventLoop
    let host: LuaState
    private var tenants: [Tenant] = []
    var events: [String] = []

    init(_ loop: EventLoop) throws {
        self.loop = loop
        host = try LuaState(loop: loop)
    }

    /// Makes a tenant that is closed in the end.
    func tenant(
        _ name: String = "acme", _ options: TenantOptions = TenantOptions(), shares: [String: LuaValue] = [:]
    ) -> Tenant {
        let services = TenantServices(
            loadShare: { shares[$0] ?? .nil },
            event: { [unowned self] event in
                switch event {
                case .terminated(let name, let error): events.append("\(name) \(error.code)")
                case .suspended(let name, _): events.append("\(name) suspended")
                }
            })
        let tenant = Tenant(name, options, services: services, host: host)
        tenants.append(tenant)
        return tenant
    }

    func close() {
        for tenant in tenants { tenant.close() }
        host.close()
    }

    /// Calls a value that the tenant gave, as the host's Lua code does.
    func call(_ value: LuaValue, _ arguments: LuaValue...) async throws -> LuaValue {
        guard case .callable(let callable) = value else { throw MFError(.luaRuntime, "\(value) is no function") }
        return try await host.callAsync(try host.makeFunction(callable), arguments).first ?? .nil
    }
}

/// Runs a body with a sandbox.
func withSandboxedState<T: Sendable>(_ body: @Sendable @escaping (SandboxedState) async throws -> T) async throws -> T {
    let loop = EventLoop(name: "test")
    defer { loop.stop() }
    return try await loop.perform {
        let sandbox = try SandboxedState(loop)
        defer { sandbox.close() }
        return try await body(sandbox)
    }
}

extension Tenant {
    /// Runs a chunk's text.
    func run(_ source: String, _ arguments: LuaValue...) async throws -> LuaValue {
        try await run(Array(source.utf8), name: "@chunk.lua", arguments: arguments).first ?? .nil
    }
}

extension TenantOptions {
    /// The same options in a worker process.
    static var process: TenantOptions {
        var options = TenantOptions()
        options.level = .process
        return options
    }

    static func with(_ change: (inout TenantOptions) -> Void) -> TenantOptions {
        var options = TenantOptions()
        change(&options)
        return options
    }
}
