package import Diagnostics
import Federation

/// A built remote in memory: its files, its manifest, its statistics. The same sources give the same bytes.
package struct BuiltRemote: Sendable {
    package static let manifestName = "mf-manifest.json"
    package static let statsName = "mf-stats.json"

    /// A file of the immutable folder.
    package struct Asset: Sendable {
        /// The path below the folder.
        package let path: String
        package let bytes: [UInt8]
        let digest: AssetDigest
    }

    package let name: String
    package let version: String
    /// The immutable folder: the version, a hyphen, and the beginning of a digest of all that is in it.
    package let folder: String
    /// Sorted by path.
    package let assets: [Asset]
    package let exposes: Int
    package let manifest: [UInt8]
    package let stats: [UInt8]
    /// What is reached by computed names only: places in the sources.
    package let notes: [SourceFinding]

    /// Builds a project. Nothing is written.
    ///
    /// - Parameter publicPath: What the URLs of all files begin with, instead of what the configuration says.
    /// - Throws: ``SourcesInvalid`` with everything that is wrong with the sources, ``MFError`` with `BUILD-005` where
    ///   digests cannot be computed.
    package init(_ project: Project, publicPath: String? = nil) throws {
        let config = project.config
        let sources = try RemoteSources(of: project)
        guard sources.findings.isEmpty else { throw SourcesInvalid(name: config.name, findings: sources.findings) }
        var files = sources.parts.mapValues(\.bytes)
        files[ProjectConfig.entryName] = Array(RemoteEntry.text(of: config, sources).utf8)
        if config.writesTypes {
            let exposes = config.exposes.map {
                ($0.name, sources.parts[sources.exposes[$0.key]?.asset ?? ""]?.bytes ?? [])
            }
            let types = TypeStubs(remote: config.name, exposes: exposes)
            files[TypeStubs.apiName] = Array(types.api.utf8)
            files[TypeStubs.archiveName] = ZipArchive.bytes(of: types.files)
        }
        assets = try files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
            Asset(path: $0.key, bytes: $0.value, digest: try AssetDigest(of: $0.value))
        }
        let listing = assets.map { "\($0.digest.hexadecimal)  \($0.path)\n" }.joined()
        let tree = try AssetDigest(of: Array(listing.utf8)).hexadecimal
        (name, version, exposes) = (config.name, config.version, config.exposes.count)
        folder = "\(config.version)-\(tree.prefix(8))"
        notes = sources.notes
        let writer = ManifestWriter(
            config: config, sources: sources, assets: assets, hash: tree,
            publicPath: (publicPath ?? config.publicPath ?? "") + folder + "/")
        manifest = try writer.manifest()
        stats = try writer.stats()
    }
}

/// Sources that cannot be built.
package struct SourcesInvalid: Error {
    package let name: String
    package let findings: [SourceFinding]

    /// The error that a command ends with, once the findings are printed.
    package var error: MFError {
        let count = findings.count == 1 ? "1 fault" : "\(findings.count) faults"
        return MFError(
            .sourcesInvalid, "`\(name)` was not built: \(count)", context: [("first", findings.first?.place)],
            hint: "`mflua explain BUILD-003` describes what a source can require")
    }
}
