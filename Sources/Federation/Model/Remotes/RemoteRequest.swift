/// A request such as `app1/button`, taken apart: which remote it names, and which of its exposes.
public struct RemoteRequest: Sendable, Hashable {
    /// The name or alias that the request begins with.
    public let pkgNameOrAlias: String

    /// `./button`, or `.` for the remote itself.
    public let expose: String

    /// Takes a request apart.
    ///
    /// - Returns: Nil unless the request is the name itself, or the name and a slash begin it.
    public init?(_ id: String, naming name: String) {
        guard id.utf8.starts(with: name.utf8) else { return nil }
        let rest = id.utf8.dropFirst(name.utf8.count)
        guard rest.isEmpty || rest.first == slash else { return nil }
        pkgNameOrAlias = name
        expose = rest.isEmpty ? "." : "." + String(decoding: rest, as: UTF8.self)
    }

    /// The request for an expose of a remote: `app1/button` for `app1` and `./button`, `app1` for `app1` and `.`.
    public static func id(remote: String, expose: String?) -> String {
        guard let expose, !expose.isEmpty, expose != "." else { return remote }
        return remote + "/" + (expose.hasPrefix("./") ? String(expose.dropFirst(2)) : expose)
    }

    /// The name under which a module of a remote is known.
    public static func moduleName(remote: String, expose: String) -> String {
        let remote = remote.utf8.last == slash ? String(remote.dropLast()) : remote
        return remote + (expose.utf8.first == UInt8(ascii: ".") ? String(expose.dropFirst()) : expose)
    }
}

private let slash = UInt8(ascii: "/")
