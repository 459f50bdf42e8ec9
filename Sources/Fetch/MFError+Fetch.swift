public import Diagnostics

extension MFError {
    /// FETCH-002: a status that is none of success.
    static func unexpectedStatus(_ status: Int, of request: FetchRequest, at url: String) -> MFError {
        let hint =
            switch status {
            case 204, 205: "the server says that there is no content; check the path, and that the file was deployed"
            case 300..<400: "the answer is a redirect without a place to go to"
            case 401, 407: "the server wants credentials"
            case 403: "the server refuses access; check credentials and permissions"
            case 404, 410: "check the path, and that it was deployed to this server"
            case 429: "the server wants fewer requests; try again later"
            case 500...: "the server has a problem; its log will say which, and trying again may help"
            default: "check URL, method and headers"
            }
        return MFError(
            .fetchStatus, "the server answered with status \(status)",
            context: context(of: request, at: url) + [("status", "\(status)")], hint: hint)
    }

    /// FETCH-006: the body exceeds the request's limit.
    static func bodyTooLarge(_ request: FetchRequest, cause: (any Error)? = nil) -> MFError {
        MFError(
            .fetchTooLarge, "the body is larger than \(bytes(request.maxBytes))",
            context: context(of: request),
            hint: "is this the right URL? the limit is for what is fetched whole, such as code and manifests",
            cause: cause)
    }

    /// FETCH-006: the answers under way are larger together than the fetcher may hold.
    static func tooMuchUnderWay(_ request: FetchRequest) -> MFError {
        MFError(
            .fetchTooLarge, "the answers under way are too large together", context: context(of: request),
            hint: "fetch fewer at a time, or raise the tenant's `memory`")
    }

    /// FETCH-007: redirects without an end.
    static func tooManyRedirects(_ request: FetchRequest) -> MFError {
        MFError(
            .fetchRedirects, "more than \(request.maxRedirects) redirects", context: context(of: request),
            hint: "`curl -sIL URL` shows where they lead; a circle is the usual reason")
    }

    /// FETCH-007: a redirect to something else than http and https.
    static func redirectNotAllowed(_ request: FetchRequest, at url: String?) -> MFError {
        MFError(
            .fetchRedirects, "the server redirects to a URL that is not allowed",
            context: context(of: request, at: url),
            hint: "redirects go to http and https only")
    }

    /// FETCH-007: a secret body and a redirect to another server.
    static func secretBodyRedirected(_ request: FetchRequest, to url: String) -> MFError {
        MFError(
            .fetchRedirects, "the server redirects a request with a secret body to another server",
            context: context(of: request, at: url), hint: "send it to the URL that it leads to, if that is trusted")
    }

    /// An answer that is not whole, or contradicts itself.
    static func unusable(_ flaw: AnswerFlaw, _ request: FetchRequest) -> MFError {
        func make(_ code: Code, _ message: String, _ hint: String) -> MFError {
            MFError(code, message, context: context(of: request), hint: hint)
        }
        let again = "ask again; if it stays, look at the server and at proxies in between"
        switch flaw {
        case .cutHeader: return make(.fetchTruncated, "the connection ended before the header was whole", again)
        case .cutShort: return make(.fetchTruncated, "the compressed body ends before its end", again)
        case .undecodable:
            return make(
                .fetchProtocol, "the body cannot be decompressed",
                "the server's Content-Encoding and its body do not fit")
        case .encoding(let encoding):
            return make(
                .fetchProtocol, "the body is encoded as `\(encoding)`, which was not asked for",
                "the server ignores Accept-Encoding: only gzip is asked for")
        case .length(let lengths):
            return make(
                .fetchLength, "the answer contradicts itself about its length: Content-Length: \(lengths)", again)
        case .part:
            return make(
                .fetchPart, "the server answered with a part of the file (status 206), and the whole was asked for",
                again)
        case .hugeHeader:
            return make(
                .fetchTooLarge, "the header of the answer is too large",
                "the server, or a proxy in between, sets too many or too long headers")
        }
    }

    /// FETCH-008: a URL that is none.
    static func badURL(_ request: FetchRequest, _ problem: String, cause: (any Error)? = nil) -> MFError {
        MFError(
            .fetchBadURL, "the URL `\(request.shownURL ?? URLParts.redacted(request.url))` is not valid: \(problem)",
            context: context(of: request),
            hint:
                "write it as `http://host/path` or `https://host/path`", cause: cause)
    }

    /// FETCH-010: nobody waits for the answer any more.
    static func fetchCancelled(_ request: FetchRequest) -> MFError {
        MFError(.fetchCancelled, "the fetch was cancelled", context: context(of: request), cause: CancellationError())
    }

    /// Whether the answer is that there is no such resource: status 404 or 410, or no such file.
    public var saysAbsent: Bool {
        code == .fetchStatus && ["404", "410"].contains(self["status"]) || code == .fetchFile && self["absent"] != nil
    }

    /// FETCH-011: a file that cannot be read.
    ///
    /// - Parameter isAbsent: Whether the reason is that there is none.
    static func fileUnreadable(
        _ request: FetchRequest, _ path: String, _ problem: String, isAbsent: Bool = false
    ) -> MFError {
        MFError(
            .fetchFile, "cannot read the file `\(path)`: \(problem)",
            context: context(of: request) + [("absent", isAbsent ? path : nil)],
            hint: "check path and permissions")
    }

    /// FETCH-013: a file outside of the folder that the request may read from.
    static func fileOutside(_ request: FetchRequest, _ path: String, folder: String) -> MFError {
        MFError(
            .fetchPolicy, "the file `\(path)` is not allowed: it is outside of `\(folder)`",
            context: context(of: request), hint: "put it below that folder; symbolic links must not lead out of it")
    }

    /// FETCH-013: a URL that the request's policy refuses.
    static func urlNotAllowed(_ request: FetchRequest) -> MFError {
        MFError(
            .fetchPolicy, "`\(request.shownURL ?? URLParts.redacted(request.url))` is not allowed",
            context: context(of: request),
            hint: "widen the policy, or serve it from an allowed place")
    }

    /// FETCH-013: a protocol that is not allowed.
    static func protocolNotAllowed(_ request: FetchRequest, _ scheme: String) -> MFError {
        MFError(
            .fetchPolicy, "the protocol `\(scheme)` is not allowed", context: context(of: request),
            hint: scheme == "file"
                ? "`file:` is for the host's own configuration; serve the folder with `mflua serve`"
                : request.shownURL != nil || request.url.contains("://")
                    ? "use http or https"
                    : "write the URL with its protocol: `http://\(URLParts.redacted(request.url))`")
    }

    /// FETCH-013: an address that the request's policy refuses.
    static func addressNotAllowed(_ request: FetchRequest, host: String, address: String) -> MFError {
        MFError(
            .fetchPolicy, "the address of `\(host)` is not allowed",
            context: context(of: request) + [("address", address)],
            hint: "widen the policy, or serve it from an allowed address")
    }

    /// LUA-009: a method or header that cannot be sent.
    static func unsendable(_ request: FetchRequest, _ what: String) -> MFError {
        MFError(
            .badArgument, what, context: context(of: request),
            hint: "leave it out: length, encoding, host and connection follow from URL and body")
    }

    /// The URL and, where it differs, the one that redirects led to; without credentials.
    static func context(of request: FetchRequest, at url: String? = nil) -> [(String, String?)] {
        if let shown = request.shownURL {
            return [("url", shown), ("method", request.method == "GET" ? nil : request.method)]
        }
        let asked = URLParts.redacted(request.redirectedFrom ?? request.url)
        let reached = URLParts.redacted(url ?? request.url)
        return [
            ("url", asked), ("redirected to", reached == asked ? nil : reached),
            ("method", request.method == "GET" ? nil : request.method),
        ]
    }

    private static func bytes(_ count: Int) -> String {
        switch count {
        case (1 << 20)...: "\(count >> 20) MiB"
        case (1 << 10)...: "\(count >> 10) KiB"
        default: "\(count) bytes"
        }
    }
}
