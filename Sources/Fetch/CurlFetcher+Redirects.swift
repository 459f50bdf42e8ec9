internal import Diagnostics
internal import EventLoops

extension FetchRequest {
    /// Whether the caller has set headers that are meant for the server asked, and for no other.
    var hasOwnHeaders: Bool { headers.contains { !Self.headersForOthers.contains($0.0.lowercased()) } }

    /// The request that a redirect asks for; nil when it names no place to go to.
    ///
    /// What the caller set stays behind when the server is another: a header such as `X-API-Key` is a secret between two.
    fileprivate func redirected(by response: FetchResponse, from url: URLParts) -> FetchRequest? {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.header("Location"),
            let target = URLParts(location)?.resolved(against: url)
        else { return nil }
        var next = self
        next.url = target.description
        if response.status == 303 && method != "HEAD" || response.status <= 302 && method == "POST" {
            (next.method, next.body) = ("GET", nil)
            next.headers.removeAll { $0.0.lowercased() == "content-type" }
        }
        if target.scheme != url.scheme || target.host?.lowercased() != url.host?.lowercased() || target.port != url.port
        {
            next.headers.removeAll { !Self.headersForOthers.contains($0.0.lowercased()) }
        }
        return next
    }
}

extension CurlFetcher {
    /// Fetches and follows redirects one by one: libcurl would send the caller's headers to whomever it is led to.
    func follow(
        _ request: FetchRequest, _ now: () -> ContinuousClock.Instant,
        _ send: (FetchRequest) async throws -> FetchResponse
    ) async throws -> FetchResponse {
        let deadline = now() + request.timeout
        var (next, redirects) = (request, 0)
        while true {
            guard let url = URLParts(next.url) else { throw MFError.badURL(request, "a redirect led to what is none") }
            var hop = next
            (hop.maxRedirects, hop.acceptsAnyStatus) = (0, true)
            hop.timeout = now().duration(to: deadline)
            guard hop.timeout > .zero else { throw MFError.timedOut(request, at: next.url) }
            let response = try await send(hop)
            guard let target = next.redirected(by: response, from: url) else {
                guard response.isSuccess || request.acceptsAnyStatus else {
                    throw MFError.unexpectedStatus(response.status, of: request, at: response.url)
                }
                return response
            }
            redirects += 1
            guard redirects <= request.maxRedirects else { throw MFError.tooManyRedirects(request, at: next.url) }
            guard ["http", "https"].contains(URLParts(target.url)?.scheme) else {
                throw MFError.redirectNotAllowed(request, at: target.url)
            }
            next = target
        }
    }
}
