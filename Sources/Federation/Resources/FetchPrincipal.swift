import Diagnostics
import Fetch

/// On whose behalf something is fetched: what it may reach, over whose connections it goes, and where it is kept.
///
/// Every URL of a remote goes through one: its manifest, entry and assets, what its code requires, and what hooks make of
/// these. A URL that a tenant's code or plugin gave is that tenant's.
struct FetchPrincipal: Sendable {
    private let runtime: Runtime
    /// The tenant; nil: the host's owner.
    private let tenant: Tenant?
    /// The server and folder of the very remote, which may be gone from the host's list by now.
    private let entry: String?

    fileprivate init(_ runtime: Runtime, tenant: Tenant? = nil, entry: String? = nil) {
        (self.runtime, self.tenant, self.entry) = (runtime, tenant, entry)
    }

    /// Fetches for the principal.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` for a URL that the tenant may not ask for, or a `FETCH` code.
    func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        guard let tenant else {
            var request = request
            request.files = .any
            let response = try await runtime.fetcher.fetch(request)
            runtime.registry.fetchedBytes += response.body.count
            return response
        }
        return try await tenant.fetch(request, entry: entry)
    }

    /// How much one plan may fetch ahead for the principal: a tenant, as much as its memory.
    func budgetForPlan() -> AheadBudget {
        if let tenant { return AheadBudget(bytes: tenant.options.memory) { tenant.fetchedBytes } }
        return AheadBudget(bytes: AheadBudget.bytesOfHost) { [registry = runtime.registry] in registry.fetchedBytes }
    }

    /// Throws where the principal may not ask for a URL.
    func check(_ url: String) throws { try tenant?.check(url, entry: entry) }

    /// The files that are on their way, or were fetched ahead, for the principal.
    var files: FileStore { tenant?.files ?? runtime.registry.files }
}

extension Host {
    /// Who asks for what a remote is made of: its tenant, where it has one, or the owner.
    ///
    /// - Throws: ``MFError`` with `LIMIT-009` when the tenant is not declared.
    func principal(of remote: Remote) throws -> FetchPrincipal {
        guard let own = remote.tenant else { return FetchPrincipal(runtime) }
        return FetchPrincipal(runtime, tenant: try tenants.tenant(own), entry: remote.declaredEntry)
    }
}

extension Tenant {
    /// What the tenant may reach: its `net`, and the servers of its remotes.
    private func policy(_ entry: String?) -> AddressPolicy {
        AddressPolicy(options.net, entries: services.entries(name) + (entry.map { [$0] } ?? []))
    }

    /// Throws where the tenant may not ask for a URL.
    func check(_ url: String, entry: String? = nil) throws { _ = try allowed(FetchRequest(url: url), entry) }

    /// Fetches for the tenant, over connections of its own.
    ///
    /// - Parameter entry: The entry that the owner wrote for the remote that asks.
    func fetch(_ request: FetchRequest, entry: String? = nil) async throws -> FetchResponse {
        guard let fetcher = ownFetcher() else { throw mayNot(request.url) }
        let response = try await fetcher.fetch(try allowed(request, entry))
        fetchedBytes += response.body.count
        return response
    }

    private func allowed(_ request: FetchRequest, _ entry: String?) throws -> FetchRequest {
        let policy = policy(entry)
        guard let url = URLParts(request.url) else { throw mayNot(request.url) }
        if let header = request.headerOfOthers {
            throw MFError.tenantMayNot(name, "set the header `\(header)`", hint: "leave it out")
        }
        var request = request
        request.maxBytes = min(request.maxBytes, options.memory)
        request.policy = FetchPolicy(
            allows: { policy.allows($0) }, allowsAddress: { policy.allows($0, address: $1) })
        if url.scheme == "file" {
            guard let folder = policy.folder(for: url) else { throw mayNot(request.url) }
            request.files = .below(folder)
        } else if !policy.allows(url) {
            throw mayNot(request.url)
        }
        return request
    }

    func mayNot(_ url: String) -> MFError {
        MFError.tenantMayNot(name, "fetch `\(redacted(url))`", hint: "list the host in the tenant's `net`")
    }
}
