internal import Diagnostics
internal import Synchronization

/// Answers requests by itself: for tests, and for embedding remotes in a program.
///
/// ```swift
/// let fetcher = InMemoryFetcher(["http://app2/mf-manifest.json": manifest, "http://app2/entry.lua": entry])
/// ```
public final class InMemoryFetcher: Fetcher {
    private let answer: @Sendable (FetchRequest) async throws -> FetchResponse
    private let asked = Mutex<[FetchRequest]>([])

    /// Makes a fetcher that asks a closure. A status other than 2xx becomes an error, as it does over the network.
    public init(_ answer: @escaping @Sendable (FetchRequest) async throws -> FetchResponse) {
        self.answer = answer
    }

    /// Makes a fetcher that knows these texts by URL, and answers 404 to everything else.
    public convenience init(_ texts: [String: String]) {
        self.init { request in
            guard let text = texts[request.url] else { return FetchResponse(status: 404, url: request.url) }
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
    }

    /// What was asked for so far, in order.
    public var requests: [FetchRequest] { asked.withLock { $0 } }

    /// The URLs that were asked for so far, in order.
    public var requestedURLs: [String] { requests.map(\.url) }

    public func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        let request = request.conditional
        asked.withLock { $0.append(request) }
        if let policy = request.policy, let parts = URLParts(request.url), !policy.allows(parts) {
            throw MFError.urlNotAllowed(request)
        }
        try request.checkSendable()
        var response = try await answer(request)
        guard response.body.count <= request.maxBytes else { throw MFError.bodyTooLarge(request) }
        guard response.isFile || request.acceptsAnyStatus else {
            throw MFError.unexpectedStatus(response.status, of: request, at: response.url)
        }
        if response.status == 206, !request.acceptsPart { throw MFError.unusable(.part, request) }
        if let onPart = request.onPart {
            let body = response.body
            response.body = []
            guard onPart(response, []), body.isEmpty || onPart(response, body) else {
                throw MFError.fetchCancelled(request)
            }
        }
        return response
    }
}
