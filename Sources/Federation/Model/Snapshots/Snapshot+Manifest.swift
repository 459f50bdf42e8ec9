import Fetch

/// Turns a manifest into what loading needs.
///
/// - Parameters:
///   - manifest: The manifest.
///   - url: Where it was asked for. It becomes the snapshot's version.
///   - answered: Where it came from, if that is somewhere else: after redirects, or from another server. Its folder is the
///     public path where that is `auto`, and what a relative public path is relative to.
///   - remotes: Versions or entries of the remote's own remotes, instead of those in the manifest.
///   - overrides: Versions or entries that win over both.
public func makeSnapshot(
    from manifest: Manifest, url: String? = nil, answered: String? = nil,
    remotes: [(key: String, value: String)] = [],
    overrides: [String: String] = [:]
) -> Snapshot {
    let metaData = manifest.metaData
    let snapshot = Snapshot(
        version: url ?? "", remoteEntry: joinEntry(path: metaData.remoteEntry.path, name: metaData.remoteEntry.name))
    snapshot.remoteEntryType = metaData.remoteEntry.type
    snapshot.buildVersion = metaData.buildVersion
    snapshot.globalName = metaData.globalName
    snapshot.remoteTypes = joinEntry(path: metaData.types.path, name: metaData.types.name)
    snapshot.remoteTypesZip = metaData.types.zip
    snapshot.remoteTypesAPI = metaData.types.api
    if let publicPath = metaData.publicPath {
        let isAutomatic = publicPath == "auto" || publicPath.isEmpty
        snapshot.publicPath = isAutomatic ? (answered ?? url).map(autoPublicPath(of:)) ?? publicPath : publicPath
        snapshot.ssrPublicPath = metaData.ssrPublicPath
    } else {
        snapshot.getPublicPath = metaData.getPublicPath
    }
    if let answered, answered != url, let path = snapshot.publicPath ?? snapshot.computedPublicPath {
        // Where the snapshot is looked up later, only the URL that was asked for is known.
        snapshot.publicPath = resolve(path, against: answered)
    }
    if let entry = metaData.ssrRemoteEntry {
        snapshot.ssrRemoteEntry = joinEntry(path: entry.path, name: entry.name)
        snapshot.ssrRemoteEntryType = entry.type ?? "commonjs-module"
    }
    let used =
        remotes.isEmpty
        ? manifest.remotes.map { (key: $0.federationContainerName, value: $0.version ?? $0.entry ?? "") } : remotes
    snapshot.remotesInfo = LiveMap(
        used.map { (key: $0.key, value: SnapshotRemote(matchedVersion: overrides[$0.key] ?? $0.value)) })
    snapshot.shared = LiveList(
        manifest.shared.map { shared in
            let made = SnapshotShared(
                sharedName: shared.name, version: shared.version, assets: SnapshotAssets(shared.assets))
            made.usedExports = LiveList(shared.referenceExports)
            return made
        })
    snapshot.modules = LiveList(
        manifest.exposes.map {
            SnapshotModule(moduleName: $0.name, modulePath: $0.path, assets: SnapshotAssets($0.assets))
        })
    return snapshot
}

extension SnapshotAssets {
    convenience init(_ assets: Manifest.Assets) {
        self.init(
            js: SnapshotAssetGroup(sync: assets.js.sync, async: assets.js.async),
            css: SnapshotAssetGroup(sync: assets.css.sync, async: assets.css.async))
    }
}
