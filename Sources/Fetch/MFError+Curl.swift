internal import CCurl
internal import Diagnostics
internal import Glibc

/// What libcurl said about a failure: the cause of the error that is thrown.
struct CurlFailure: Error, CustomStringConvertible {
    let code: CURLcode
    let text: String

    var description: String { "libcurl (\(code.rawValue)): \(text)" }
}

/// Every failure of libcurl is given its code here and nowhere else.
extension MFError {
    /// The error for a transfer that libcurl ended.
    static func curl(_ failure: CurlFailure, _ request: FetchRequest, _ circumstances: CurlCircumstances) -> MFError {
        // What libcurl says names the host, or the whole URL.
        let cause = request.shownURL == nil ? failure : nil
        let place = URLParts(request.url)
        let server =
            request.shownURL ?? place.flatMap { place in place.host.map { $0 + (place.port.map { ":\($0)" } ?? "") } }
            ?? "the server"
        func make(_ code: Code, _ message: String, _ hint: String?) -> MFError {
            MFError(code, message, context: context(of: request), hint: hint, cause: cause)
        }
        let proxy = circumstances.usesProxy ? place.flatMap(Proxy.init(for:)) : nil
        let needsDescriptor = [
            CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_FAILED_INIT,
            CURLE_INTERFACE_FAILED,
        ].contains(failure.code)
        if needsDescriptor, [EMFILE, ENFILE].contains(circumstances.systemError) || !hasDescriptorLeft {
            return make(
                .fetchNetwork, "no connection to `\(server)` can be made: too many open files",
                "close some, or raise the limit: `ulimit -n`")
        }
        switch failure.code {
        case _ where circumstances.tunnelStatus >= 300:
            return make(
                .fetchNetwork,
                "the proxy `\(proxy?.place ?? "unknown")` answered with status \(circumstances.tunnelStatus)",
                circumstances.tunnelStatus == 407 ? "the proxy wants credentials" : Proxy.hint)
        case CURLE_COULDNT_CONNECT where proxy != nil:
            return make(.fetchNetwork, "cannot connect to the proxy `\(proxy?.place ?? "")`", Proxy.hint)
        case CURLE_OPERATION_TIMEDOUT where proxy != nil && !circumstances.isConnected:
            return make(
                .fetchTimeout,
                "no connection to the proxy `\(proxy?.place ?? "")` within \(min(request.connectTimeout, request.timeout).inWords)",
                Proxy.hint)
        case CURLE_UNSUPPORTED_PROTOCOL:
            // HTTP/0.9: the answer has no status line.
            return make(
                .fetchProtocol, "what `\(server)` answers is not HTTP",
                "check the port: `https:` and `http:` have different ones")
        case CURLE_URL_MALFORMAT:
            return badURL(request, cause?.text ?? "libcurl refuses it", cause: cause)

        case CURLE_COULDNT_RESOLVE_HOST:
            return make(.fetchDNS, "the host `\(server)` is unknown", "check the spelling and the machine's DNS")
        case CURLE_COULDNT_RESOLVE_PROXY:
            return make(.fetchDNS, "the host of the proxy `\(proxy?.place ?? "unknown")` is unknown", Proxy.hint)
        case CURLE_COULDNT_CONNECT:
            return make(
                .fetchNetwork, "cannot connect to `\(server)`",
                "does a server listen there? `mflua serve DIR` starts one")
        case CURLE_INTERFACE_FAILED, CURLE_NO_CONNECTION_AVAILABLE:
            return make(.fetchNetwork, "no connection to `\(server)` can be made", "check the machine's network")
        case CURLE_PROXY:
            return make(.fetchNetwork, "the proxy `\(proxy?.place ?? "unknown")` refuses the connection", Proxy.hint)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_AGAIN:
            return make(
                .fetchNetwork, "the connection to `\(server)` broke before an answer came",
                "the server may have crashed or restarted; its log will say more")
        case CURLE_OPERATION_TIMEDOUT where !circumstances.isConnected:
            return make(
                .fetchTimeout,
                "no connection to `\(server)` within \(min(request.connectTimeout, request.timeout).inWords)",
                "check the address; a firewall that drops packets looks like this")
        case CURLE_OPERATION_TIMEDOUT:
            return timedOut(request, cause: cause)

        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED, CURLE_SSL_SHUTDOWN_FAILED:
            return make(
                .fetchTLS, "no TLS connection to `\(server)`",
                "does the port speak TLS? else use `http:` instead of `https:`")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS:
            return make(
                .fetchTLS, "the certificate of `\(server)` is not trusted",
                "for a private authority, name its certificate file in CURL_CA_BUNDLE or SSL_CERT_FILE")
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE:
            return make(
                .fetchTLS, "the file of trusted certificates cannot be read",
                "check CURL_CA_BUNDLE and SSL_CERT_FILE; on Debian install ca-certificates")
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CLIENTCERT, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_ENGINE_INITFAILED:
            return make(.fetchTLS, "the server `\(server)` wants a client certificate", "mflua has none to offer")

        case CURLE_FILESIZE_EXCEEDED:
            return bodyTooLarge(request, cause: cause)
        case CURLE_PARTIAL_FILE:
            return make(
                .fetchTruncated, "the connection ended before the body was whole",
                "ask again; if it stays, look at the server and at proxies in between")
        case CURLE_BAD_CONTENT_ENCODING:
            return make(
                .fetchProtocol, "the body cannot be decompressed",
                "the server's Content-Encoding and its body do not fit")
        case CURLE_WRITE_ERROR:
            return make(
                .fetchProtocol, "the answer of `\(server)` cannot be read",
                "the server's Content-Encoding and its body do not fit")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_HTTP3, CURLE_CHUNK_FAILED,
            CURLE_RTSP_CSEQ_ERROR,
            CURLE_UNRECOVERABLE_POLL:
            return make(
                .fetchProtocol, "what `\(server)` answers is not HTTP",
                "check the port: `https:` and `http:` have different ones")

        case CURLE_ABORTED_BY_CALLBACK:
            return addressNotAllowed(request, host: server, address: circumstances.address ?? "unknown")
        case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_UNKNOWN_OPTION, CURLE_FUNCTION_NOT_FOUND,
            CURLE_BAD_FUNCTION_ARGUMENT, CURLE_SETOPT_OPTION_SYNTAX, CURLE_RECURSIVE_API_CALL:
            return make(
                .fetchUnavailable, "libcurl refuses to work", "version 7.85 or later is needed, with HTTP and TLS")
        default:
            return make(.fetchNetwork, "the transfer from `\(server)` failed", nil)
        }
    }

    /// FETCH-003: the whole took too long.
    static func timedOut(_ request: FetchRequest, cause: (any Error)? = nil) -> MFError {
        MFError(
            .fetchTimeout, "no whole answer within \(request.timeout.inWords)", context: context(of: request),
            hint: "the server or the network is slow; its load and log may say why", cause: cause)
    }

    /// FETCH-014: libcurl cannot be opened.
    static func curlMissing(_ reason: String) -> MFError {
        MFError(
            .fetchUnavailable, "libcurl cannot be opened: \(reason)", hint: "install it: `apt-get install libcurl4`")
    }
}

/// Whether the process can open one more file.
private var hasDescriptorLeft: Bool {
    let copy = dup(STDERR_FILENO)
    guard copy >= 0 else { return errno != EMFILE && errno != ENFILE }
    close(copy)
    return true
}

/// What is known about a transfer when it fails.
struct CurlCircumstances {
    /// Whether TCP and, where asked for, TLS were established.
    var isConnected = false
    /// The address that the policy refused.
    var address: String?
    /// What the system said, 0 when it said nothing.
    var systemError: Int32 = 0
    /// What a proxy answered when it was asked for a tunnel, 0 when none was.
    var tunnelStatus = 0
    /// Whether the request would go over a proxy where the environment names one.
    var usesProxy = true
}

extension Duration {
    /// `5 s`, `1.5 s`, `250 ms`.
    var inWords: String {
        let milliseconds = inMilliseconds
        if milliseconds < 1000 { return "\(milliseconds) ms" }
        if milliseconds.isMultiple(of: 1000) { return "\(milliseconds / 1000) s" }
        return "\(Double(milliseconds) / 1000) s"
    }

    /// Whole milliseconds; never more than libcurl can take.
    var inMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < Int64(Int32.max) / 1000 else { return Int(Int32.max) }
        guard seconds >= 0 else { return 0 }
        return Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
