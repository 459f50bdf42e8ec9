import Diagnostics
import Fetch
public import LuaBridge
public import OrderedCollections

/// What loading needs to know about a remote or a host: where its entry and its files are, and which remotes it uses.
///
/// A snapshot is made of a manifest, or given with `mf.addGlobalSnapshot`. Plugins see it live, with the fields of Module
/// Federation's `ModuleInfo`; what they assign, deep inside too, is what the host goes on with.
public final class Snapshot: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var version: String?
        var buildVersion: String?
        var remoteEntry: String?
        var remoteEntryType: String?
        var globalName: String?
        var publicPath: String?
        var getPublicPath: String?
        var ssrPublicPath: String?
        var ssrRemoteEntry: String?
        var ssrRemoteEntryType: String?
        var remoteTypes: String?
        var remoteTypesZip: String?
        var remoteTypesAPI: String?
        var remotesInfo: LiveMap<SnapshotRemote>?
        var shared: LiveList<SnapshotShared>?
        var modules: LiveList<SnapshotModule>?
        var extra: OrderedDictionary<String, LuaValue> = [:]
        var givenBy: String?
        var knownEntry: KnownEntry?
    }

    private let bound: LoopBound<Snapshot, Fields>

    /// The version, or the URL of the manifest that the snapshot was made of.
    public internal(set) var version: String? {
        get { bound[].version }
        set { bound[].version = newValue }
    }

    /// The build's version.
    public internal(set) var buildVersion: String? {
        get { bound[].buildVersion }
        set { bound[].buildVersion = newValue }
    }

    /// The entry's path below the public path; that of a manifest, when the snapshot only says where one is.
    public internal(set) var remoteEntry: String? {
        get { bound[].remoteEntry }
        set { bound[].remoteEntry = newValue }
    }

    /// The kind of entry.
    public internal(set) var remoteEntryType: String? {
        get { bound[].remoteEntryType }
        set { bound[].remoteEntryType = newValue }
    }

    /// The container's global name.
    public internal(set) var globalName: String? {
        get { bound[].globalName }
        set { bound[].globalName = newValue }
    }

    /// The base URL of all files.
    public internal(set) var publicPath: String? {
        get { bound[].publicPath }
        set { bound[].publicPath = newValue }
    }

    /// The source of a JavaScript function that returns it, instead of it.
    public internal(set) var getPublicPath: String? {
        get { bound[].getPublicPath }
        set { bound[].getPublicPath = newValue }
    }

    /// The public path for servers; kept, not used.
    public internal(set) var ssrPublicPath: String? {
        get { bound[].ssrPublicPath }
        set { bound[].ssrPublicPath = newValue }
    }

    /// The entry for servers; kept, not used.
    public internal(set) var ssrRemoteEntry: String? {
        get { bound[].ssrRemoteEntry }
        set { bound[].ssrRemoteEntry = newValue }
    }

    /// The kind of the entry for servers.
    public internal(set) var ssrRemoteEntryType: String? {
        get { bound[].ssrRemoteEntryType }
        set { bound[].ssrRemoteEntryType = newValue }
    }

    /// The path of the type declarations.
    public internal(set) var remoteTypes: String? {
        get { bound[].remoteTypes }
        set { bound[].remoteTypes = newValue }
    }

    /// Their archive.
    public internal(set) var remoteTypesZip: String? {
        get { bound[].remoteTypesZip }
        set { bound[].remoteTypesZip = newValue }
    }

    /// The path of the API's type declarations.
    public internal(set) var remoteTypesAPI: String? {
        get { bound[].remoteTypesAPI }
        set { bound[].remoteTypesAPI = newValue }
    }

    /// The remotes that this one uses, and in which version.
    public internal(set) var remotesInfo: LiveMap<SnapshotRemote>? {
        get { bound[].remotesInfo }
        set { bound[].remotesInfo = newValue }
    }

    /// What it shares.
    public internal(set) var shared: LiveList<SnapshotShared>? {
        get { bound[].shared }
        set { bound[].shared = newValue }
    }

    /// What it exposes.
    public internal(set) var modules: LiveList<SnapshotModule>? {
        get { bound[].modules }
        set { bound[].modules = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// The tenant whose plugin gave it, or gave the manifest that it was made of: what it names is the tenant's.
    var givenBy: String? {
        get { bound[].givenBy }
        set { bound[].givenBy = newValue }
    }

    /// The entry's URL, and what it was made of: every load asks for it.
    private var knownEntry: KnownEntry? {
        get { bound[].knownEntry }
        set { bound[].knownEntry = newValue }
    }

    /// Makes a snapshot that knows nothing but what is given.
    public init(version: String? = nil, remoteEntry: String? = nil) {
        bound = LoopBound(Fields(version: version, remoteEntry: remoteEntry))
    }

    public static let luaTypeName = "mf.Snapshot"

    public static let fields = FieldTable<Snapshot>([
        .text("version", "The version, or the manifest's URL.", \.version),
        .text("buildVersion", "The build's version.", \.buildVersion),
        .text("globalName", "The container's global name.", \.globalName),
        .text("remoteEntry", "The entry's path below the public path.", \.remoteEntry),
        .text("remoteEntryType", "The kind of entry.", \.remoteEntryType),
        .text("publicPath", "The base URL of all files.", \.publicPath),
        .text("getPublicPath", "The source of a function that returns the public path.", \.getPublicPath),
        .text("ssrPublicPath", "Preserved from manifests; unused.", \.ssrPublicPath),
        .text("ssrRemoteEntry", "Preserved from manifests; unused.", \.ssrRemoteEntry),
        .text("ssrRemoteEntryType", "Preserved from manifests; unused.", \.ssrRemoteEntryType),
        .text("remoteTypes", "The path of the type declarations.", \.remoteTypes),
        .text("remoteTypesZip", "Their archive.", \.remoteTypesZip),
        .text("remoteTypesAPI", "The path of the API's type declarations.", \.remoteTypesAPI),
        .view("remotesInfo", "The remotes it uses, `{matchedVersion}` by name. Live.", \.remotesInfo),
        .view("shared", "The shared modules. Live.", \.shared),
        .view("modules", "The exposes. Live.", \.modules),
    ])

    public var luaValue: LuaValue { .object(self) }

    /// The very snapshot behind a view, or a new one with the fields of a table.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> Snapshot {
        if case .object(let object) = value, let snapshot = object as? Snapshot { return snapshot }
        let snapshot = Snapshot()
        try snapshot.assign(from: value)
        return snapshot
    }
}

extension Snapshot {
    /// Whether the snapshot only says where a manifest is.
    var isManifestProvider: Bool { remoteEntry.map(Remote.isManifest(entry:)) ?? false }

    /// The names of the exposes, without `./`.
    var moduleNames: [String] { modules?.elements.map(\.moduleName) ?? [] }

    /// The URL of one of the remote's files: below the public path, which is taken relative to the manifest's URL.
    func resourceURL(_ path: String) -> String {
        let url = (publicPath ?? computedPublicPath ?? "") + path
        guard let version, !url.contains("://"), version.contains("://") else { return url }
        return URLParts.resolve(url, against: version)
    }

    /// What `getPublicPath` returns, where that can be told.
    var computedPublicPath: String? { getPublicPath.flatMap(PublicPathSource.value) }

    /// The URL of the entry; nothing where the snapshot names none.
    ///
    /// - Parameter manifest: Where the snapshot was read from, which a relative URL is relative to.
    func entryURL(manifest: String?) -> String? {
        guard let remoteEntry, !remoteEntry.isEmpty else { return nil }
        if let known = knownEntry, known.manifest == manifest, known.path == remoteEntry, known.version == version,
            known.publicPath == publicPath, known.getPublicPath == getPublicPath
        {
            return known.url
        }
        let url = resourceURL(remoteEntry)
        let entry = manifest.map { URLParts.resolve(url, against: $0) } ?? url
        knownEntry = KnownEntry(
            path: remoteEntry, version: version, publicPath: publicPath, getPublicPath: getPublicPath,
            manifest: manifest, url: entry)
        return entry
    }

    /// A URL that was made of what the snapshot says, where it may be one: what came over http names http and https only,
    /// whoever it belongs to.
    ///
    /// - Throws: ``MFError`` with `FETCH-013`.
    func checked(_ url: String) throws -> String {
        guard let version, !URLParts.mayName(url, in: version) else { return url }
        throw MFError.namedByManifest(url, manifest: version)
    }

    /// Whether the file is among the assets of an expose or a shared package.
    func lists(asset path: String) -> Bool {
        modules?.elements.contains { $0.assets.lists(path) } == true
            || shared?.elements.contains { $0.assets.lists(path) } == true
    }
}

/// An entry's URL, and all that it depends on.
private final class KnownEntry: Sendable {
    let path: String
    let version, publicPath, getPublicPath, manifest: String?
    let url: String

    init(path: String, version: String?, publicPath: String?, getPublicPath: String?, manifest: String?, url: String) {
        (self.path, self.version, self.publicPath) = (path, version, publicPath)
        (self.getPublicPath, self.manifest, self.url) = (getPublicPath, manifest, url)
    }
}

extension ViewField {
    /// A text that may be absent.
    static func text(
        _ name: String, _ summary: String, _ path: any ReferenceWritableKeyPath<Root, String?> & Sendable
    ) -> Self {
        Self(name, "string", summary, { .optional($0[keyPath: path]) }) {
            $0[keyPath: path] = try Optional<String>.fromLua($1)
        }
    }

    /// A live list, map or object that may be absent.
    static func view<Value: LuaObject & LuaConvertible>(
        _ name: String, _ summary: String, _ path: any ReferenceWritableKeyPath<Root, Value?> & Sendable
    ) -> Self {
        Self(name, Value.luaType, summary, { .optional($0[keyPath: path]) }) {
            $0[keyPath: path] = try Value?.fromLua($1)
        }
    }

    /// A live object that is always there.
    static func view<Value: LuaObject & LuaConvertible>(
        _ name: String, _ summary: String, _ path: any ReferenceWritableKeyPath<Root, Value> & Sendable
    ) -> Self {
        Self(name, Value.luaType, summary, { .object($0[keyPath: path]) }) {
            $0[keyPath: path] = try Value.fromLua($1)
        }
    }
}

extension MFError {
    /// A document that came over http names a file of this machine, or something else that is no http.
    static func namedByManifest(_ url: String, manifest: String) -> MFError {
        MFError(
            .fetchPolicy, "`\(URLParts.redacted(manifest))` names `\(URLParts.redacted(url))`, which is not allowed",
            context: [("manifest", URLParts.redacted(manifest)), ("url", URLParts.redacted(url))],
            hint: "a manifest fetched over http can only name http and https URLs; serve the file next to it")
    }
}
