extension URLParts {
    /// Resolves a reference such as `../exposes/disk.lua` against the URL of the document that it is in (RFC 3986 §5.2).
    ///
    /// A reference that is a whole URL stays what it is. When one of the two cannot be taken apart, or the base has no
    /// scheme, the reference is returned as it is.
    public static func resolve(_ reference: String, against base: String) -> String {
        guard let parts = URLParts(reference), let base = URLParts(base), base.scheme != nil else { return reference }
        return parts.resolved(against: base).description
    }

    /// Whether a document may name a URL as a part of itself: one that came over http or https names these only.
    public static func mayName(_ url: String, in document: String) -> Bool {
        func isWeb(_ url: URLParts?) -> Bool { url?.scheme == "http" || url?.scheme == "https" }
        return !isWeb(URLParts(document)) || isWeb(URLParts(url))
    }

    /// This reference resolved against a base URL.
    public func resolved(against base: URLParts) -> URLParts {
        var result = self
        if scheme != nil || host != nil {
            result.scheme = scheme ?? base.scheme
            result.path = Self.removingDotSegments(path)
            return result
        }
        result.scheme = base.scheme
        result.credentials = base.credentials
        result.host = base.host
        result.port = base.port
        if path.isEmpty {
            result.path = base.path
            result.query = query ?? base.query
        } else if path.hasPrefix("/") {
            result.path = Self.removingDotSegments(path)
        } else {
            result.path = Self.removingDotSegments(merged(with: base))
        }
        return result
    }

    private func merged(with base: URLParts) -> String {
        if base.host != nil, base.path.isEmpty { return "/" + path }
        guard let slash = base.path.lastIndex(of: "/") else { return path }
        return base.path[...slash] + path
    }

    /// `/a/b/../c/./d` → `/a/c/d` (RFC 3986 §5.2.4). What leads above the root stays at the root.
    static func removingDotSegments(_ path: String) -> String {
        guard path.contains(".") else { return path }
        let isAbsolute = path.hasPrefix("/")
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(isAbsolute ? 1 : 0)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".":
                if isLast { kept.append("") }
            case "..":
                if !kept.isEmpty { kept.removeLast() }
                if isLast { kept.append("") }
            default:
                kept.append(segment)
            }
        }
        return (isAbsolute ? "/" : "") + kept.joined(separator: "/")
    }
}
