// What is read off the names and addresses of remotes.

extension Remote {
    /// The key of a remote's snapshot: its name, and its version or else its entry.
    package static func snapshotKey(name: String, version: String?, entry: String?) -> String {
        if let version, !version.isEmpty { return "\(name):\(version)" }
        if let entry, !entry.isEmpty { return "\(name):\(entry)" }
        return name
    }

    /// An entry's folder and name as one path, relative to the public path.
    package static func joinEntry(path: String, name: String) -> String {
        var folder = path
        if folder == "." {
            folder = ""
        } else if folder.hasPrefix("./") {
            folder.removeFirst(2)
        } else if folder.hasPrefix("/") {
            folder.removeFirst()
            if folder.hasSuffix("/") { folder.removeLast() }
        }
        guard !folder.isEmpty else { return name }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The folder of a manifest's URL, which is the public path of a remote whose own is `auto`.
    ///
    /// A URL without a slash, or with nothing behind its last one, stays as it is, apart from query and fragment.
    package static func autoPublicPath(of url: String) -> String {
        let address = withoutQuery(url)
        guard let last = address.utf8.lastIndex(of: slash) else { return String(address) }
        return String(address[...last])
    }

    /// Whether two URLs name the same resource: scheme and a trailing slash do not matter.
    package static func isSameResource(_ a: String, _ b: String) -> Bool {
        func core(_ url: String) -> Substring {
            var core = url[...]
            let colon = core.utf8.prefix(7).firstIndex(of: UInt8(ascii: ":"))
            if let colon, ["http", "https"].contains(core[..<colon].lowercased()), core[colon...].hasPrefix("://") {
                core = core[colon...].dropFirst()
            }
            if core.hasPrefix("//") { core = core.dropFirst(2) }
            return core.hasSuffix("/") ? core.dropLast() : core
        }
        return core(a).utf8.elementsEqual(core(b).utf8)
    }

    /// Whether an entry names a manifest: whether its path ends in `.json`.
    package static func isManifest(entry: String) -> Bool {
        withoutQuery(entry).utf8.suffix(5).elementsEqual(".json".utf8)
    }
}

/// A URL without `?…` and `#…`.
private func withoutQuery(_ url: String) -> Substring {
    url[..<(url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex)]
}

private let slash = UInt8(ascii: "/")
