import Diagnostics
import Fetch

extension Remote {
    /// Takes entry and version over from a snapshot.
    func take(_ snapshot: Snapshot, manifest: String?) throws {
        guard let entry = snapshot.entryURL(manifest: manifest) else { throw MFError.entryURLMissing(self) }
        if snapshot.publicPath == nil {
            guard let source = snapshot.getPublicPath else { throw MFError.publicPathMissing(self) }
            guard snapshot.computedPublicPath != nil else { throw MFError.publicPathUnknown(source, of: self) }
        }
        self.entry = try snapshot.checked(entry)
        if let giver = snapshot.givenBy { (tenant, givenBy, declaredEntry) = (giver, giver, nil) }
        type = snapshot.remoteEntryType ?? type
        entryGlobalName = snapshot.globalName ?? entryGlobalName
        version = snapshot.version
        buildVersion = snapshot.buildVersion
    }
}

extension MFError {
    /// A snapshot that names no entry.
    static func entryURLMissing(_ remote: Remote) -> MFError {
        MFError(
            .entryUrlMissing, "the snapshot of remote `\(remote.name)` names no entry",
            context: [("remote", remote.name)],
            hint: "see `metaData.remoteEntry` in its manifest")
    }

    /// A `getPublicPath` of which it cannot be told what it returns.
    static func publicPathUnknown(_ source: String, of remote: Remote) -> MFError {
        let text = source.count > 80 ? source.prefix(80) + "…" : source[...]
        return MFError(
            .entryUrlMissing, "cannot evaluate `getPublicPath` of remote `\(remote.name)`: `\(text)`",
            context: [("remote", remote.name), ("manifest", remote.entry.map(URLParts.redacted))],
            hint:
                "write `function() { return \"https://…/\" }` or `function() return \"https://…/\" end`, or set `publicPath`"
        )
    }

    /// A snapshot whose files have no place.
    static func publicPathMissing(_ remote: Remote) -> MFError {
        MFError(
            .entryUrlMissing, "the snapshot of remote `\(remote.name)` names no public path",
            context: [("remote", remote.name), ("manifest", remote.entry.map(URLParts.redacted))],
            hint: "set `\"publicPath\": \"auto\"` in `metaData` of its manifest if the files are next to it")
    }
}
