import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Logging

/// The tenants of a host: declared in its options, made when something is loaded into them.
final class TenantStore: @unchecked Sendable {
    // Called by one host, and by the functions of its `HostOptions.remotes` that accept elements, which check the thread.
    private let state: LuaState
    private var declared: [String: TenantOptions] = [:]
    private var tenants: [String: Tenant] = [:]
    /// The files that are on their way or were fetched ahead, by tenant: what one may ask for, another may not be given.
    private var stores: [String: FileStore] = [:]
    /// What the host gives a tenant.
    var services: @Sendable (_ tenant: String) -> TenantServices = { _ in TenantServices() }
    /// Is told of limit violations and suspensions.
    var onEvent: @Sendable (TenantServices.Event) -> Void = { _ in }

    private let secrets: SecretStore

    init(_ state: LuaState, secrets: SecretStore) { (self.state, self.secrets) = (state, secrets) }

    /// Reads `tenants = { acme = { … } }`. A tenant that exists keeps the options it was made with.
    ///
    /// - Throws: ``MFError`` with `LUA-004` for an option that there is not, `LUA-012` for a name that no tenant can have.
    func declare(_ value: LuaValue) throws {
        guard !value.isNothing else { return }
        for (key, value) in try value.entries(expecting: "a table of tenants") {
            let name = try String.fromLua(key)
            guard Tenant.isName(name) else { throw MFError.badTenantName(name) }
            do {
                declared[name] = try TenantOptions.fromLua(
                    try TenantEnvironment.shown(in: value, of: name) { secret throws(SecretSource.Unresolved) in
                        try secrets.text(of: secret)
                    })
            } catch let error as MFError {
                throw error.inTenant(name)
            }
        }
    }

    /// Declares a tenant from Swift.
    ///
    /// - Throws: ``MFError`` with `LUA-012` for a name that no tenant can have.
    func declare(_ name: String, _ options: TenantOptions) throws {
        guard Tenant.isName(name) else { throw MFError.badTenantName(name) }
        declared[name] = options
    }

    /// The tenants that remotes and plugins may name.
    var names: Set<String> { Set(declared.keys) }

    /// Refuses a remote whose tenant is not declared.
    ///
    /// - Throws: ``MFError`` with `LUA-012`.
    func expectDeclared(of remote: Remote) throws {
        guard let tenant = remote.tenant, declared[tenant] == nil else { return }
        throw MFError.undeclaredTenant(tenant, known: names.sorted()).adding(context: [("remote", remote.name)])
    }

    /// The tenant of a name.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` when it is not declared.
    func tenant(_ name: String) throws -> Tenant {
        if let known = tenants[name] { return known }
        guard let options = declared[name] else { throw MFError.unknownTenant(name, known: Array(declared.keys)) }
        let tenant = Tenant(name, options, services: services(name), host: state)
        tenants[name] = tenant
        return tenant
    }

    /// The workers that may do something of themselves, such as a tenant's tasks.
    var busyWorkers: [WorkerSandbox] {
        tenants.values.compactMap { $0.instance as? WorkerSandbox }.filter { !$0.peer.isIdle }
    }

    /// The tenant of a name, if something was loaded into it.
    func known(_ name: String) -> Tenant? { tenants[name] }

    /// Ends all of them.
    func closeAll() {
        for tenant in tenants.values { tenant.close() }
        tenants.removeAll()
        stores.removeAll()
    }

    /// The files of a tenant's remotes.
    func files(of tenant: Tenant) -> FileStore {
        if let known = stores[tenant.name] { return known }
        let store = FileStore(capacity: tenant.options.memory)
        stores[tenant.name] = store
        return store
    }

    // MARK: - What tenants have given

    /// Whether some plugin of a tenant may change a remote that is not the tenant's own.
    func mayChange(_ remote: Remote) -> Bool {
        tenants.values.contains { tenant in
            !tenant.options.changes.isEmpty
                && TenantPatterns(tenant.options.changes).matchAll(of: remote.name, foreign: remote.tenant != nil)
        }
    }
}

extension MFError {
    static func tenantPluginWithoutFile(_ tenant: String) -> MFError {
        MFError(
            .pluginInvalid, "a plugin of tenant `\(tenant)` must be a file: a table would be the host's own code",
            context: [("tenant", tenant)], hint: "write { \"./plugin.lua\", options, tenant = \"\(tenant)\" }")
    }

    static func tenantWithoutHost(_ tenant: String) -> MFError {
        MFError(
            .pluginInvalid, "a global plugin cannot run in tenant `\(tenant)`: tenants belong to hosts",
            context: [("tenant", tenant)], hint: "list the plugin in the host's `plugins`")
    }

    /// Whether a limit was hit, or a capability is missing.
    var isLimit: Bool { code.rawValue.hasPrefix("LIMIT-") }
}
