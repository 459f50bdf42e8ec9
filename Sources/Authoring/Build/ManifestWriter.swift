import Federation
import LuaBridge

/// Writes `mf-manifest.json` and `mf-stats.json` of a build. Keys are sorted.
struct ManifestWriter {
    let config: ProjectConfig
    let sources: RemoteSources
    let assets: [BuiltRemote.Asset]
    /// The digest of all assets.
    let hash: String
    let publicPath: String

    func manifest() throws -> [UInt8] { try Self.text(fields(isDetailed: false)) }

    /// The manifest with what the build knows besides: the sources, and which file needs which.
    func stats() throws -> [UInt8] { try Self.text(fields(isDetailed: true)) }

    private static func text(_ fields: [String: LuaValue]) throws -> [UInt8] {
        try JSON.encode(.sorted(fields), pretty: true) + [UInt8(ascii: "\n")]
    }

    private func fields(isDetailed: Bool) throws -> [String: LuaValue] {
        var fields: [String: LuaValue] = [
            "id": .string(config.name),
            "name": .string(config.name),
            "metaData": metaData,
            "exposes": .array(try config.exposes.map { try expose($0, isDetailed: isDetailed) }),
            "shared": .array(config.shared.map { shared($0, isDetailed: isDetailed) }),
            "remotes": .array(remotes(isDetailed: isDetailed)),
            "integrity": .sorted(
                Dictionary(uniqueKeysWithValues: assets.map { ($0.path, .string($0.digest.integrity)) })),
        ]
        if isDetailed { fields["files"] = .array(assets.map(file)) }
        return fields
    }

    private var metaData: LuaValue {
        .sorted([
            "name": .string(config.name),
            "type": "app",
            "buildInfo": .sorted([
                "buildVersion": .string(config.version), "buildName": .string(config.name), "hash": .string(hash),
            ]),
            "remoteEntry": .sorted(["name": .string(ProjectConfig.entryName), "path": "", "type": "global"]),
            "types": .sorted([
                "path": "", "name": "", "zip": config.writesTypes ? .string(TypeStubs.archiveName) : "",
                "api": config.writesTypes ? .string(TypeStubs.apiName) : "",
            ]),
            "globalName": .string(config.name),
            "pluginVersion": .string(LibraryInfo.version),
            "publicPath": .string(publicPath),
        ])
    }

    private func expose(_ expose: ProjectConfig.Expose, isDetailed: Bool) throws -> LuaValue {
        let files = sources.closure(of: [sources.exposes[expose.key]?.asset ?? ""])
        let digests = Dictionary(uniqueKeysWithValues: assets.map { ($0.path, $0.digest.hexadecimal) })
        let listing = files.map { "\(digests[$0] ?? "")  \($0)\n" }.joined()
        var fields: [String: LuaValue] = [
            "id": .string("\(config.name):\(expose.name)"),
            "name": .string(expose.name),
            "path": .string(expose.key),
            "hash": .string(String(try AssetDigest(of: Array(listing.utf8)).hexadecimal.prefix(16))),
            "assets": .assets(files),
        ]
        if isDetailed {
            fields["file"] = .string(expose.file)
            let requires = files.flatMap { sources.parts[$0]?.shares ?? [] }
            fields["requires"] = .texts(Set(requires))
        }
        return .sorted(fields)
    }

    private func shared(_ shared: ProjectConfig.Shared, isDetailed: Bool) -> LuaValue {
        var fields: [String: LuaValue] = [
            "id": .string("\(config.name):\(shared.name)"),
            "name": .string(shared.name),
            "version": .string(shared.version ?? ""),
            "singleton": .boolean(shared.isSingleton),
            "requiredVersion": .string(shared.requiredVersion),
            "assets": .assets(sources.closure(of: sources.shared[shared.name].map { [$0.asset] } ?? [])),
        ]
        if isDetailed {
            fields["eager"] = .boolean(shared.isEager)
            fields["usedIn"] = .texts(users { $0.shares.contains(shared.name) })
        }
        return .sorted(fields)
    }

    /// One entry for each module of a remote that is loaded; one for a remote of which none is known to be.
    private func remotes(isDetailed: Bool) -> [LuaValue] {
        var modules: [String: Set<String>] = [:]
        var parts: [String: Set<String>] = [:]
        for (_, part) in sources.parts {
            for request in part.remotes {
                guard let (remote, module) = config.remote(of: request) else { continue }
                modules[remote.alias, default: []].insert(module)
                parts["\(remote.alias)/\(module)", default: []].insert(part.source)
            }
        }
        return config.remotes.flatMap { remote in
            (modules[remote.alias] ?? ["*"]).sorted().map { module in
                var fields: [String: LuaValue] = [
                    "alias": .string(remote.alias),
                    "consumingFederationContainerName": .string(config.name),
                    "entry": .string(remote.entry),
                    "federationContainerName": .string(remote.name),
                    "moduleName": .string(module),
                ]
                if isDetailed { fields["usedIn"] = .texts(parts["\(remote.alias)/\(module)"] ?? []) }
                return .sorted(fields)
            }
        }
    }

    private func users(_ uses: (RemoteSources.Part) -> Bool) -> Set<String> {
        Set(sources.parts.values.filter(uses).map(\.source))
    }

    private func file(_ asset: BuiltRemote.Asset) -> LuaValue {
        let part = sources.parts[asset.path]
        return .sorted([
            "path": .string(asset.path),
            "source": .string(part?.source ?? ""),
            "size": .integer(Int64(asset.bytes.count)),
            "requires": .texts(part?.needs ?? []),
            "external": .texts(part?.external ?? []),
        ])
    }
}

extension LuaValue {
    /// An object with its keys sorted.
    static func sorted(_ fields: [String: LuaValue]) -> LuaValue {
        .record(
            LuaRecord(
                fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) }))
    }

    /// A sorted list.
    static func texts(_ texts: Set<String>) -> LuaValue { .array(texts.sorted().map { .string($0) }) }

    /// Code that is needed at once, and nothing else.
    static func assets(_ files: [String]) -> LuaValue {
        let none: LuaValue = .array([])
        return .sorted([
            "js": .sorted(["sync": .array(files.map { .string($0) }), "async": none]),
            "css": .sorted(["sync": none, "async": none]),
        ])
    }
}
