internal import Diagnostics
internal import EventLoops

extension FetchRequest {
    /// Where an answer leads; nil when it is not a redirect, or redirects are not followed.
    ///
    /// - Throws: ``MFError`` with `FETCH-007` for a place that is not a URL.
    fileprivate func target(of response: FetchResponse, from url: URLParts) throws -> URLParts? {
        guard isRedirect(response.status, response.headers), let location = response.header("Location") else {
            return nil
        }
        guard var target = URLParts(location)?.resolved(against: url) else {
            throw MFError.redirectNotAllowed(self, at: nil)
        }
        // Credentials belong to a server, and not to the spelling of one URL of it.
        if target.credentials == nil, target.isOnServer(of: url) { target.credentials = url.credentials }
        return target
    }

    /// Whether an answer is a redirect that is to be followed.
    func isRedirect(_ status: Int, _ headers: [(String, String)]) -> Bool {
        maxRedirects > 0 && [301, 302, 303, 307, 308].contains(status)
            && headers.contains { $0.0.lowercased() == "location" }
    }

    /// The request that a redirect asks for.
    ///
    /// What the caller set stays behind when the server is another: a header such as `X-API-Key` is a secret between two.
    ///
    /// - Throws: ``MFError`` with `FETCH-007` where a secret body would go to another server.
    fileprivate func redirected(_ status: Int, from url: URLParts, to target: URLParts) throws -> FetchRequest {
        var next = self
        next.url = target.description
        next.redirectedFrom = redirectedFrom ?? self.url
        if status == 303 && method != "HEAD" || status <= 302 && method == "POST" {
            (next.method, next.body) = ("GET", nil)
            next.headers.removeAll { $0.0.lowercased() == "content-type" }
        }
        if !target.isOnServer(of: url) {
            next.headers.removeAll { name, _ in
                let name = name.lowercased()
                return !Self.headersForOthers.contains(name) || secretHeaders.contains(name)
            }
            if hasSecretBody, next.body != nil { throw MFError.secretBodyRedirected(self, to: target.description) }
        }
        return next
    }
}

extension URLParts {
    /// Whether both URLs are of one server: the same scheme, host and port.
    fileprivate func isOnServer(of other: URLParts) -> Bool {
        func port(_ url: URLParts) -> Int { url.port ?? (url.scheme == "https" ? 443 : 80) }
        return scheme == other.scheme && host?.lowercased() == other.host?.lowercased() && port(self) == port(other)
    }
}

extension CurlFetcher {
    /// Fetches and follows redirects one by one, each checked as the request itself is. libcurl would send the caller's
    /// headers to whomever it is led to.
    ///
    /// - Parameter send: Fetches one URL, whatever its status.
    func follow(
        _ request: FetchRequest, _ send: (FetchRequest, URLParts) async throws -> FetchResponse
    ) async throws -> FetchResponse {
        var (next, redirects) = (request, 0)
        while true {
            let url = try next.checkedURL()
            let response = try await send(next.conditional, url)
            guard let target = try next.target(of: response, from: url) else {
                guard response.isFile || request.acceptsAnyStatus else {
                    throw MFError.unexpectedStatus(response.status, of: next, at: response.url)
                }
                return response
            }
            next = try next.redirected(response.status, from: url, to: target)
            redirects += 1
            guard redirects <= request.maxRedirects else { throw MFError.tooManyRedirects(next) }
            guard target.scheme == "http" || target.scheme == "https" else {
                throw MFError.redirectNotAllowed(next, at: next.url)
            }
        }
    }
}

extension FetchRequest {
    /// The URL as it is asked for over the network: its policy allows it, and its host's name is in ASCII.
    fileprivate func checkedURL() throws -> URLParts {
        guard var url = URLParts(url) else {
            throw MFError.badURL(self, "it contains control characters, or its port is no number up to 65535")
        }
        if let policy, !policy.allows(url) { throw MFError.urlNotAllowed(self) }
        switch url.scheme {
        case "http", "https": break
        case let scheme?: throw MFError.protocolNotAllowed(self, scheme)
        case nil: throw MFError.badURL(self, "it has no protocol")
        }
        guard let host = url.host, !host.isEmpty else { throw MFError.badURL(self, "it has no host") }
        guard let ascii = HostName.ascii(host) else {
            throw MFError.badURL(self, "the host's name `\(shownURL ?? host)` cannot be written in ASCII")
        }
        url.host = ascii
        return url
    }
}
