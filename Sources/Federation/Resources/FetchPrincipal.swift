import Diagnostics
import Fetch

/// On whose behalf something is fetched: what it may reach, over whose connections it goes, and where it is kept.
///
/// Every URL of a remote goes through one: its manifest, entry and assets, what its code requires, and what hooks make of
/// these. A URL that a tenant's code or plugin gave is that tenant's.
struct FetchPrincipal: Sendable {
    private let registry: FederationRegistry
    /// The tenant; nil: the host's owner.
    private let tenant: Tenant?
    /// The server and folder of the very remote, which may be gone from the host's list by now.
    private let entry: String?
    /// The files that are on their way, or were fetched ahead, for the principal.
    let files: FileStore

    fileprivate init(_ registry: FederationRegistry) {
        (self.registry, tenant, entry, files) = (registry, nil, nil, registry.files)
    }

    fileprivate init(_ registry: FederationRegistry, _ tenant: Tenant, entry: String?, files: FileStore) {
        (self.registry, self.tenant, self.entry, self.files) = (registry, tenant, entry, files)
    }

    /// Fetches for the principal.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` for a URL that the tenant may not ask for, or a `FETCH` code.
    func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        guard let tenant else {
            var request = request
            request.files = .any
            let response = try await registry.fetcher.fetch(request)
            registry.fetchedBytes += response.body.count
            return response
        }
        return try await tenant.fetch(request, entry: entry)
    }

    /// How much one plan may fetch ahead for the principal: a tenant, as much as its memory.
    func budgetForPlan() -> AheadBudget {
        if let tenant { return AheadBudget(bytes: tenant.options.memory) { tenant.fetchedBytes } }
        return AheadBudget(bytes: AheadBudget.bytesOfHost) { [registry] in registry.fetchedBytes }
    }

    /// Throws where the principal may not ask for a URL.
    func check(_ url: String) throws { try tenant?.check(url, entry: entry) }
}

extension HostService {
    /// Who asks for what a remote is made of: its tenant, where it has one, or the owner.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` when the tenant is not declared.
    func principal(of remote: Remote) throws -> FetchPrincipal {
        guard let own = remote.tenant else { return FetchPrincipal(registry) }
        let tenant = try tenants.tenant(own)
        return FetchPrincipal(registry, tenant, entry: remote.declaredEntry, files: tenants.files(of: tenant))
    }
}
