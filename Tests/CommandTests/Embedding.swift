import MFLua

/// Loads a check that another team publishes, and calls it.
func diskUsage(manifest: String) async throws -> Double? {
    let runtime = try Runtime()

    // A module written in Swift, shared with the remotes.
    let count = LuaCallable("count") { call in
        print("count:", try call.string(0))
        return []
    }
    let statsd = SharedModule(
        version: "1.4.0", lib: .callable(LuaCallable("statsd") { _ in [.record(["count": .callable(count)])] }))

    // A plugin with typed arguments.
    let rename = Plugin("rename-plugin").on(\.beforeRequest) { request in
        var request = request
        if request.id == "checks/hdd" { request.id = "checks/disk" }
        return request
    }

    // A customer's plugin, for example from a database. It runs in a sandbox with its own limits.
    let audit = """
        return { name = "audit-plugin", onLoad = function(args) print("loaded " .. args.id) end }
        """
    var acme = TenantOptions()
    acme.memory = 8 << 20

    let host = try await runtime.createHost(
        HostOptions(
            name: "platform", remotes: [Remote(name: "checks", entry: manifest)], shared: [("statsd", [statsd])],
            plugins: [.swift(rename), .source(audit, name: "audit.lua", tenant: "acme")], tenants: [("acme", acme)]))
    let module = try await host.loadRemote("checks/hdd", deadline: .seconds(10))
    let usage = try await runtime.loop.perform {
        guard case .function(let usage) = module["usage"] else { return Double?.none }
        return try await runtime.state.callAsync(usage, ["/"], deadline: .seconds(1)).first?.doubleValue
    }
    await runtime.shutdown()
    return usage
}
