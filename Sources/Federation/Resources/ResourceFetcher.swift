import EventLoops
import Fetch

/// Fetches what remotes are made of, and remembers it for revalidation.
struct ResourceFetcher: Sendable {
    let registry: FederationRegistry

    /// Gets a file that a remote is made of: what was fetched ahead, what is on its way, or over the network. What
    /// revalidation will ask about is remembered.
    ///
    /// - Parameter joins: Whether the answer to another request for the same URL will do.
    func part(
        _ request: FetchRequest, of remote: ResolvedRemote, as principal: FetchPrincipal, joins: Bool = true
    ) async throws -> FetchedFile {
        let (url, files) = (request.url, principal.files)
        guard joins else { return try await fetchPart(request, of: remote, as: principal) }
        if let file = files.take(url) {
            note(part: url, registry.parts.known(url) ?? ResourceValidator(file.body), of: remote)
            return file
        }
        if let flight = files.join(url) {
            let file = try await flight.value
            note(part: url, registry.parts.known(url) ?? ResourceValidator(file.body), of: remote)
            return file
        }
        _ = beginPart(request, named: url, of: remote, in: files, asking: principal, endsUnawaited: true)
        return try await files.join(url)!.value
    }

    /// Fetches a file that a remote is made of before it is asked for.
    ///
    /// - Parameters:
    ///   - url: What the file will be asked for by; a listener may have had the request go elsewhere.
    ///   - principal: Who asks for it.
    func prefetch(
        _ request: FetchRequest, named url: String, of remote: ResolvedRemote, as principal: FetchPrincipal
    ) async throws {
        let files = principal.files
        let load = files.load(url) ?? beginPart(request, named: url, of: remote, in: files, asking: principal)
        _ = try await load.flight.value
    }

    /// Begins a request that others may join.
    private func beginPart(
        _ request: FetchRequest, named url: String, of remote: ResolvedRemote, in files: FileStore,
        asking principal: FetchPrincipal, endsUnawaited: Bool = false
    ) -> FileStore.Load {
        files.begin(url) { load in
            SingleFlight(
                on: registry.loop, Activity("file `\(URLParts.redacted(url))`", .part(of: remote.name)),
                endsUnawaited: endsUnawaited
            ) { [self] in
                do {
                    let file = try await fetchPart(request, of: remote, as: principal)
                    // A remote that was removed meanwhile will not ask for it.
                    files.end(load, url, with: registry.isRegistered(remote.name) ? file : nil)
                    return file
                } catch {
                    files.end(load, url, with: nil)
                    throw error
                }
            }
        }
    }

    /// Fetches a resource that a remote is made of.
    func fetchPart(
        _ request: FetchRequest, of remote: ResolvedRemote, as principal: FetchPrincipal
    ) async throws -> FetchedFile {
        let response = try await principal.fetch(request)
        note(part: request.url, ResourceValidator(response), of: remote)
        return FetchedFile(body: response.body, url: response.url.isEmpty ? request.url : response.url)
    }

    /// Remembers what revalidation will ask about.
    func note(part url: String, _ resource: ResourceValidator, of remote: ResolvedRemote) {
        // A remote that was removed is not asked about, whatever its code still fetches.
        guard remote.givenBy == nil, registry.isRegistered(remote.name) else { return }
        if registry.parts.note(url, resource, of: remote.name) { registry.reloads.feeds?.add(url) }
    }

    /// Asks for a resource once more.
    ///
    /// - Returns: Nothing when the content is as it was.
    func fetchIfChanged(
        _ url: String, of remote: Remote, as principal: FetchPrincipal
    ) async throws -> ChangedResource? {
        let known = registry.parts.known(url)
        let conditions = known?.conditions(for: url)
        var request = remote.request(url, acceptsAnyStatus: true)
        request.conditions = conditions
        let response = try await principal.fetch(request)
        if response.status == 304, let conditions, [conditions.url, ""].contains(response.url) { return nil }
        let changed: ChangedResource
        switch response.status {
        case 200..<300: changed = ChangedResource(url: url, response: response)
        case 404, 410: changed = ChangedResource(url: url, response: nil)
        // Asked without conditions, the fetcher says itself what is wrong.
        default:
            changed = ChangedResource(
                url: url, response: try await principal.fetch(remote.request(url)))
        }
        guard let known, known.hasContent(of: changed.resource) else { return changed }
        registry.parts.refresh(url, changed.resource)
        return nil
    }
}

extension HostService {
    /// Fetches what remotes are made of.
    var resources: ResourceFetcher { ResourceFetcher(registry: registry) }
}
