import Fetch

extension Snapshot {
    /// What loading needs of a manifest.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - url: Where it was asked for. It becomes the snapshot's version.
    ///   - answered: Where it came from, if that is somewhere else: after redirects, or from another server. Its folder is the
    ///     public path where that is `auto`, and what a relative public path is relative to.
    ///   - remotes: Versions or entries of the remote's own remotes, instead of those in the manifest.
    ///   - overrides: Versions or entries that win over both.
    package convenience init(
        from manifest: Manifest, url: String? = nil, answered: String? = nil,
        remotes: [(key: String, value: String)] = [],
        overrides: [String: String] = [:]
    ) {
        let metaData = manifest.metaData
        self.init(
            version: url ?? "",
            remoteEntry: Remote.joinEntry(path: metaData.remoteEntry.path, name: metaData.remoteEntry.name))
        self.remoteEntryType = metaData.remoteEntry.type
        self.buildVersion = metaData.buildVersion
        self.globalName = metaData.globalName
        self.remoteTypes = Remote.joinEntry(path: metaData.types.path, name: metaData.types.name)
        self.remoteTypesZip = metaData.types.zip
        self.remoteTypesAPI = metaData.types.api
        if let publicPath = metaData.publicPath {
            let isAutomatic = publicPath == "auto" || publicPath.isEmpty
            self.publicPath = isAutomatic ? (answered ?? url).map(Remote.autoPublicPath(of:)) ?? publicPath : publicPath
            self.ssrPublicPath = metaData.ssrPublicPath
        } else {
            self.getPublicPath = metaData.getPublicPath
        }
        if let answered, answered != url, let path = self.publicPath ?? self.computedPublicPath {
            // Where the snapshot is looked up later, only the URL that was asked for is known.
            self.publicPath = URLParts.resolve(path, against: answered)
        }
        if let entry = metaData.ssrRemoteEntry {
            self.ssrRemoteEntry = Remote.joinEntry(path: entry.path, name: entry.name)
            self.ssrRemoteEntryType = entry.type ?? "commonjs-module"
        }
        let used =
            remotes.isEmpty
            ? manifest.remotes.map { (key: $0.federationContainerName, value: $0.version ?? $0.entry ?? "") } : remotes
        self.remotesInfo = LiveMap(
            used.map { (key: $0.key, value: SnapshotRemote(matchedVersion: overrides[$0.key] ?? $0.value)) })
        self.shared = LiveList(
            manifest.shared.map { shared in
                let made = SnapshotShared(
                    sharedName: shared.name, version: shared.version, assets: SnapshotAssets(shared.assets))
                made.usedExports = LiveList(shared.referenceExports)
                return made
            })
        self.modules = LiveList(
            manifest.exposes.map {
                SnapshotModule(moduleName: $0.name, modulePath: $0.path, assets: SnapshotAssets($0.assets))
            })
    }
}

extension SnapshotAssets {
    convenience init(_ assets: Manifest.Assets) {
        self.init(
            js: SnapshotAssetGroup(sync: assets.js.sync, async: assets.js.async),
            css: SnapshotAssetGroup(sync: assets.css.sync, async: assets.css.async))
    }
}
