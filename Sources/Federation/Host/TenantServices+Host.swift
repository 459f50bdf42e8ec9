import Diagnostics
import Fetch
import Logging
import LuaBridge

extension TenantServices {
    /// What a host gives a tenant; nothing once the host is gone.
    init(of host: Host, for tenant: String) {
        let log = host.registry.log
        self.init(
            fetcher: host.registry.fetcher,
            entries: { [weak host] tenant in
                guard let host else { return [] }
                return host.options.remotes.elements.filter { $0.tenant == tenant }.compactMap(\.declaredEntry)
            },
            loadShare: { [weak host] package in
                guard let host else { return .nil }
                let factory = try await TenantRequest.$tenant.withValue(tenant) {
                    try await host.shares.loadShare(package, LoadShareOptions())
                }
                return factory.isTruthy ? try await host.registry.state.invoke(factory, []) : .nil
            },
            loadRemote: { [weak host] id, tenant in
                guard let host, host.index.match(id, in: host.options.remotes)?.remote.tenant == tenant else {
                    throw MFError.foreignRemote(id, tenant: tenant)
                }
                return try await host.remotes.load(id, LoadRemoteOptions(tenant: tenant))
            },
            log: { severity, text in log.log(level: severity.level, "\(text.escapedToOneLine)") },
            message: { severity, tenant, text in
                log.log(
                    level: severity.level, "[\(tenant)] \(text.escapedToOneLine)",
                    metadata: ["part": "tenant", "tenant": "\(tenant)"])
            },
            event: { [weak host] in host?.tenants.onEvent($0) })
        show = { [weak host] object in
            guard let host, let tenant = host.tenants.known(tenant) else { return LiveMap<String>() }
            return TenantProjection(object, TenantBorder(tenant, host: host))
        }
        let level = log.logLevel
        leastSeverity = Severity.allCases.first { $0.level >= level } ?? .error
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
