internal import Glibc

/// The proxy that the environment names for a URL, as libcurl reads it.
struct Proxy {
    static let hint = "check http_proxy, https_proxy, all_proxy and no_proxy"

    /// Host and port, without credentials.
    let place: String

    /// The proxy for a URL; nil when it goes straight to its server.
    init?(for url: URLParts) {
        let scheme = url.scheme ?? "http"
        // Upper case is not looked at for http: a CGI program's client could set it.
        let names = ["\(scheme)_proxy"] + (scheme == "http" ? [] : ["HTTPS_PROXY"]) + ["all_proxy", "ALL_PROXY"]
        guard let value = names.lazy.compactMap(Self.variable).first, !Self.isExempt(url.host ?? "") else { return nil }
        guard let parts = URLParts(value.contains("://") ? value : "http://" + value), let host = parts.host else {
            return nil
        }
        place = host + (parts.port.map { ":\($0)" } ?? "")
    }

    private static func isExempt(_ host: String) -> Bool {
        guard let list = variable("no_proxy") ?? variable("NO_PROXY") else { return false }
        let host = host.lowercased()
        return list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            let entry = entry.hasPrefix(".") ? entry.dropFirst() : entry
            return entry == "*" || host == entry || host.hasSuffix("." + entry)
        }
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }
}
