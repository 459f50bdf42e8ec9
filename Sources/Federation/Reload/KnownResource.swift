import Fetch

/// What is known of a resource that was fetched: enough to ask whether it is another by now.
struct KnownResource {
    let entityTag: String?
    let lastModified: String?
    private let hash: Int
    private let size: Int

    init(_ response: FetchResponse) {
        entityTag = response.header("ETag")
        lastModified = response.header("Last-Modified")
        var hasher = Hasher()
        response.body.withUnsafeBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
        size = response.body.count
    }

    /// Whether both are the same bytes; times and tags do not matter.
    func hasContent(of other: KnownResource) -> Bool { hash == other.hash && size == other.size }

    /// The header fields of a conditional request.
    var conditions: [(String, String)] {
        var fields: [(String, String)] = []
        if let entityTag { fields.append(("If-None-Match", entityTag)) }
        if let lastModified { fields.append(("If-Modified-Since", lastModified)) }
        return fields
    }
}

extension Runtime {
    /// Fetches a resource that a remote is made of, and remembers what revalidation will ask about.
    func fetchPart(_ request: FetchRequest, of remote: ResolvedRemote) async throws -> [UInt8] {
        let response = try await fetcher.fetch(request)
        registry.known[request.url] = KnownResource(response)
        registry.parts[remote.name, default: []].insert(request.url)
        return response.body
    }

    /// Asks for a resource once more.
    ///
    /// - Returns: The answer, or nothing when the content is as it was.
    func fetchIfChanged(_ url: String) async throws -> FetchResponse? {
        let known = registry.known[url]
        let response = try await fetcher.fetch(
            FetchRequest(url: url, headers: known?.conditions ?? [], allowsFile: true, acceptsAnyStatus: true))
        if response.status == 304 { return nil }
        guard (200..<300).contains(response.status) else {
            // Asked without conditions, the fetcher says itself what is wrong.
            return try await fetcher.fetch(FetchRequest(url: url, allowsFile: true))
        }
        if let known, known.hasContent(of: KnownResource(response)) {
            registry.known[url] = KnownResource(response)
            return nil
        }
        return response
    }
}
