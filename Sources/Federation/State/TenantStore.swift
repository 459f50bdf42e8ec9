import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Logging

/// The tenants of a host: declared in its options, made when something is loaded into them.
final class TenantStore: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private unowned let host: Host
    private var declared: [String: TenantOptions] = [:]
    private var tenants: [String: Tenant] = [:]
    /// Is told of limit violations and suspensions.
    var onEvent: @Sendable (TenantServices.Event) -> Void = { _ in }

    init(host: Host) { self.host = host }

    /// Reads `tenants = { acme = { … } }`. A tenant that exists keeps the options it was made with.
    ///
    /// - Throws: ``MFError`` with `LUA-004` for an option that there is not, `LUA-012` for a name that no tenant can have.
    func declare(_ value: LuaValue) throws {
        guard !value.isNothing else { return }
        for (key, value) in try value.entries(expecting: "a table of tenants") {
            let name = try String.fromLua(key)
            guard Tenant.isName(name) else { throw MFError.badTenantName(name) }
            do { declared[name] = try TenantOptions.fromLua(value) } catch let error as MFError {
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
        var services = services(for: name)
        services.show = { [weak self, weak host] object in
            guard let self, let host, let tenant = tenants[name] else { return LiveMap<String>() }
            return TenantProjection(object, TenantBorder(tenant, host: host))
        }
        let tenant = Tenant(name, options, services: services, host: host.runtime.state)
        tenants[name] = tenant
        return tenant
    }

    /// The workers that may do something of themselves, such as a tenant's tasks.
    var busyWorkers: [WorkerSandbox] {
        tenants.values.compactMap { $0.instance as? WorkerSandbox }.filter { !$0.peer.isIdle }
    }

    /// Ends all of them.
    func closeAll() {
        for tenant in tenants.values { tenant.close() }
        tenants.removeAll()
    }

    private func services(for tenant: String) -> TenantServices {
        let runtime = host.runtime
        var services = TenantServices(
            fetcher: runtime.fetcher,
            entries: { [weak host] tenant in
                guard let host else { return [] }
                return host.options.remotes.elements.filter { $0.tenant == tenant }.compactMap(\.declaredEntry)
            },
            loadShare: { [weak host] package in
                guard let host else { return .nil }
                let factory = try await TenantRequest.$tenant.withValue(tenant) {
                    try await host.loadShare(package, LoadShareOptions())
                }
                return factory.isTruthy ? try await host.runtime.call(factory, []) : .nil
            },
            loadRemote: { [weak host] id, tenant in
                guard let host, host.index.match(id, in: host.options.remotes)?.remote.tenant == tenant else {
                    throw MFError.foreignRemote(id, tenant: tenant)
                }
                return try await host.load(id, LoadRemoteOptions(tenant: tenant))
            },
            log: { [weak runtime] severity, text in runtime?.log.log(level: severity.level, "\(text.escapedToOneLine)")
            },
            message: { [weak runtime] severity, tenant, text in
                runtime?.log.log(
                    level: severity.level, "[\(tenant)] \(text.escapedToOneLine)",
                    metadata: ["part": "tenant", "tenant": "\(tenant)"])
            },
            event: { [weak self] in self?.onEvent($0) })
        let level = runtime.log.logLevel
        services.leastSeverity = TenantServices.Severity.allCases.first { $0.level >= level } ?? .error
        return services
    }

    // MARK: - What tenants have given

    /// Whether some plugin of a tenant may change a remote that is not the tenant's own.
    func mayChange(_ remote: Remote) -> Bool {
        tenants.values.contains { tenant in
            !tenant.options.changes.isEmpty
                && TenantPatterns(tenant.options.changes).matchAll(of: remote.name, foreign: remote.tenant != nil)
        }
    }

    // MARK: - What runs in tenants

    /// Loads a plugin's text into the tenant that its source names.
    func readPlugin(_ bytes: [UInt8], source: PluginSource) throws -> RegisteredPlugin {
        let tenant = try tenant(source.tenant ?? "")
        let plugin = try tenant.loadPlugin(
            bytes, name: "@" + source.path, options: source.options, modules: provided(),
            atOnce: providedAtOnce(), lifetime: source.generation.scope)
        plugin.source = source
        plugin.failsClosed = source.failsClosed ?? plugin.failsClosed
        for name in plugin.functions where Lifecycle.named[name] == nil {
            guard LuaPlugin.functionsBesideHooks.contains(name) else {
                throw MFError.unknownHook(name, plugin: plugin.name, source: source.path)
            }
        }
        return RegisteredPlugin(id: PluginID(number: 0), body: .tenant(plugin), value: .object(plugin))
    }

    /// Runs a remote's entry in a tenant; returns its container.
    func runEntry(
        _ source: [UInt8], name: String, remote: ResolvedRemote, snapshot: Snapshot?, tenant: String,
        lifetime: Lifetime
    ) async throws -> LuaValue {
        let files = RemoteFiles(host: host, remote: remote, entry: name, snapshot: snapshot)
        let provided = provided()
        let modules: TenantModules = { module in
            if let value = try await provided(module) { return value }
            guard let file = try await files.find(module) else { return nil }
            return .source(file.body, url: redacted(file.url))
        }
        let providedAtOnce = providedAtOnce()
        let results = try await self.tenant(tenant).run(
            source, name: "@" + redacted(name), modules: modules, starter: "init",
            atOnce: { module in
                if case .found(let value) = providedAtOnce(module) { return .found(value) }
                return files.mayFind(module) ? .later : .absent
            }, lifetime: lifetime)
        return results.first ?? .nil
    }

    /// The modules that were registered from Swift.
    private func provided() -> TenantModules {
        { [weak host] name in host?.runtime.environments.module(provided: name).map { .value($0) } }
    }

    /// The same for code that cannot wait.
    private func providedAtOnce() -> @Sendable (String) -> TenantModuleAtOnce {
        { [weak host] name in
            host?.runtime.environments.module(provided: name).map { .found(.value($0)) } ?? .absent
        }
    }
}

extension TenantServices.Severity {
    /// The level of swift-log.
    fileprivate var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}

extension Host {
    /// Declares a tenant, whose name plugins and remotes can then give as theirs.
    ///
    /// The same as an entry of `tenants` in `mf.init`. What is loaded already keeps its options.
    ///
    /// - Throws: ``MFError`` with `LUA-012` for a name that is empty or contains `/`, `,` or a control character.
    public func declareTenant(_ name: String, _ options: TenantOptions) async throws {
        try await runtime.loop.perform { [self] in try tenants.declare(name, options) }
    }

    /// What a tenant has used, and how it is.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` when there is no such tenant.
    public func tenantStats(_ name: String) async throws -> TenantStats {
        try await runtime.loop.perform { [self] in try tenants.tenant(name).stats }
    }

    /// Has a function told of limit violations and suspensions of the host's tenants. It is called on the runtime's loop.
    public func onTenantEvent(_ listener: @escaping @Sendable (TenantServices.Event) -> Void) async throws {
        try await runtime.loop.perform { [self] in tenants.onEvent = listener }
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
