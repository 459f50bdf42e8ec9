import Diagnostics
import Fetch

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
        MFError.tenantMayNot(name, "fetch `\(URLParts.redacted(url))`", hint: "list the host in the tenant's `net`")
    }
}
