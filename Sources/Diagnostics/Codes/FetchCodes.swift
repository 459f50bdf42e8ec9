/// What can go wrong between a URL and its bytes.
extension MFError.Code {
    /// FETCH-001: no connection, or it broke.
    public static let fetchNetwork = Self("FETCH-001")
    /// FETCH-002: the server answered with a status other than 2xx.
    public static let fetchStatus = Self("FETCH-002")
    /// FETCH-003: a deadline passed.
    public static let fetchTimeout = Self("FETCH-003")
    /// FETCH-004: TLS failed.
    public static let fetchTLS = Self("FETCH-004")
    /// FETCH-005: the host's name could not be resolved.
    public static let fetchDNS = Self("FETCH-005")
    /// FETCH-006: the body is larger than the limit.
    public static let fetchTooLarge = Self("FETCH-006")
    /// FETCH-007: too many redirects, or one to a protocol that is not allowed.
    public static let fetchRedirects = Self("FETCH-007")
    /// FETCH-008: the URL is not valid.
    public static let fetchBadURL = Self("FETCH-008")
    /// FETCH-009: the server does not speak the protocol.
    public static let fetchProtocol = Self("FETCH-009")
    /// FETCH-010: the fetch was cancelled.
    public static let fetchCancelled = Self("FETCH-010")
    /// FETCH-011: a `file:` URL could not be read.
    public static let fetchFile = Self("FETCH-011")
    /// FETCH-012: the connection ended before the answer was whole.
    public static let fetchTruncated = Self("FETCH-012")
    /// FETCH-013: the URL's protocol or address is not allowed.
    public static let fetchPolicy = Self("FETCH-013")
    /// FETCH-014: libcurl is missing or refused to work.
    public static let fetchUnavailable = Self("FETCH-014")
    /// FETCH-018: the server sent a part although the whole was requested.
    public static let fetchPart = Self("FETCH-018")
    /// FETCH-019: the response contradicts itself about its length.
    public static let fetchLength = Self("FETCH-019")

    static let fetchCodes: [CodeEntry] = [
        CodeEntry(
            .fetchNetwork, "fetchNetwork", "the connection failed",
            """
            Cause: nothing listens at the address, the network is unreachable, or the connection broke midway.
            Cure:  check that the server runs and that host and port are right: `curl -v URL`. Behind a proxy, set
                   `http_proxy`, `https_proxy` and `no_proxy`.
            """),
        CodeEntry(
            .fetchStatus, "fetchStatus", "the server answered with an error status",
            """
            Cause: the status of the response is not 2xx; see `status` below the message.
            Cure:  404: check the path. 401 or 403: add credentials (a `fetch` hook can set headers). 5xx: the server
                   has a problem; the retry plugin repeats the request.
            """),
        CodeEntry(
            .fetchTimeout, "fetchTimeout", "the deadline passed",
            """
            Cause: connecting took longer than 5 seconds, or the whole transfer longer than 20 (or what the request
                   says).
            Cure:  check the server's load and the network; a firewall that drops packets looks like this, too.
            """),
        CodeEntry(
            .fetchTLS, "fetchTLS", "TLS failed",
            """
            Cause: the certificate is not trusted, is expired or is for another name, or no common protocol was found.
            Cure:  for a private authority, name its certificate file in `CURL_CA_BUNDLE` or `SSL_CERT_FILE`.
                   Verification cannot be switched off.
            """),
        CodeEntry(
            .fetchDNS, "fetchDNS", "the host's name is unknown",
            """
            Cause: the resolver knows no address for the name (or for the proxy's name).
            Cure:  check the spelling and the machine's DNS: `getent hosts NAME`.
            """),
        CodeEntry(
            .fetchTooLarge, "fetchTooLarge", "the body is too large",
            """
            Cause: the body (after decompression) exceeds the limit of 16 MiB, or what the request says.
            Cure:  split what is served; code and manifests are rarely that large. Is the URL the right one?
            """),
        CodeEntry(
            .fetchRedirects, "fetchRedirects", "too many redirects",
            """
            Cause: the server redirected more than 5 times, mostly in a circle, or to a protocol other than http and
                   https.
            Cure:  use the final URL: `curl -sIL URL | grep -i ^location`.
            """),
        CodeEntry(
            .fetchBadURL, "fetchBadURL", "the URL is not valid",
            """
            Cause: a URL needs `http://` or `https://` and a host; a port is a number up to 65535.
            Cure:  correct it; relative references are resolved against the manifest they are in.
            """),
        CodeEntry(
            .fetchProtocol, "fetchProtocol", "the server does not speak the protocol",
            """
            Cause: the response is not valid HTTP: it is empty, or has a malformed header or encoding.
            Cure:  check the port; `https:` to a plain port and `http:` to a TLS port look like this.
            """),
        CodeEntry(
            .fetchCancelled, "fetchCancelled", "the fetch was cancelled",
            """
            Cause: the task that waited for it was cancelled, or the runtime was stopped.
            Cure:  none needed.
            """),
        CodeEntry(
            .fetchFile, "fetchFile", "the file could not be read",
            """
            Cause: the file of a `file:` URL does not exist, is a directory or may not be read.
            Cure:  check path and permissions. `file:` is for the host's own configuration only.
            """),
        CodeEntry(
            .fetchTruncated, "fetchTruncated", "the answer is not whole",
            """
            Cause: the connection ended inside the header, or before the announced length or the last chunk was received.
            Cure:  retry; if it persists, check the server and proxies in between. A partial answer is never used.
            """),
        CodeEntry(
            .fetchPolicy, "fetchPolicy", "the address is not allowed",
            """
            Cause: only http and https are fetched (file for the host's own configuration), and a tenant may reach
                   only the addresses that its policy allows. The check is made on the connected address, so a name or
                   a redirect that leads elsewhere is refused, too.
            Cure:  list the address in the policy, or serve the file from an allowed one.
            """),
        CodeEntry(
            .fetchUnavailable, "fetchUnavailable", "libcurl cannot be used",
            """
            Cause: `libcurl.so.4` was not found, is too old, or ran out of memory.
            Cure:  install it: `apt-get install libcurl4`.
            """),
        CodeEntry(
            .fetchPart, "fetchPart", "the server sent a part of the file",
            """
            Cause: the server answered with status 206 although no range was requested.
            Cure:  retry; if it persists, check the server's cache and proxies in between.
            """),
        CodeEntry(
            .fetchLength, "fetchLength", "the length contradicts itself",
            """
            Cause: the response has several `Content-Length` headers, an invalid one, or one with `Transfer-Encoding`:
                   the end of its body is ambiguous.
            Cure:  correct the server, or the proxy in between.
            """),
    ]
}
