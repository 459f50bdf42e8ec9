public import LuaBridge
public import OrderedCollections

/// A module that a remote exposes, in its snapshot.
public final class SnapshotModule: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var moduleName: String
        var modulePath: String?
        var assets: SnapshotAssets
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SnapshotModule, Fields>

    /// The name without `./`.
    public internal(set) var moduleName: String {
        get { bound[].moduleName }
        set { bound[].moduleName = newValue }
    }

    /// The key, such as `./button`.
    public internal(set) var modulePath: String? {
        get { bound[].modulePath }
        set { bound[].modulePath = newValue }
    }

    /// Its files.
    public internal(set) var assets: SnapshotAssets {
        get { bound[].assets }
        set { bound[].assets = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Makes a module.
    public init(moduleName: String, modulePath: String? = nil, assets: SnapshotAssets = SnapshotAssets()) {
        bound = LoopBound(Fields(moduleName: moduleName, modulePath: modulePath, assets: assets))
    }

    public static let luaTypeName = "mf.SnapshotModule"
    public static let fields = FieldTable<SnapshotModule>([
        ViewField("moduleName", "string", "The name without `./`.", { .string($0.moduleName) }) {
            $0.moduleName = try String.fromLua($1)
        },
        .text("modulePath", "The key, such as `./button`.", \.modulePath),
        .view("assets", "Its files. Live.", \.assets),
    ])
    public var luaValue: LuaValue { .object(self) }

    public static func fromLua(_ value: LuaValue) throws -> SnapshotModule {
        if case .object(let object) = value, let module = object as? SnapshotModule { return module }
        let module = SnapshotModule(moduleName: "")
        try module.assign(from: value)
        return module
    }
}

/// A package that a remote shares, in its snapshot.
public final class SnapshotShared: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var sharedName: String
        var version: String?
        var assets: SnapshotAssets
        var usedExports: LiveList<String>?
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SnapshotShared, Fields>

    /// The package.
    public internal(set) var sharedName: String {
        get { bound[].sharedName }
        set { bound[].sharedName = newValue }
    }

    /// Its version.
    public internal(set) var version: String? {
        get { bound[].version }
        set { bound[].version = newValue }
    }

    /// Its files.
    public internal(set) var assets: SnapshotAssets {
        get { bound[].assets }
        set { bound[].assets = newValue }
    }

    /// The exports that the remote uses.
    public internal(set) var usedExports: LiveList<String>? {
        get { bound[].usedExports }
        set { bound[].usedExports = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Makes a shared package.
    public init(sharedName: String, version: String? = nil, assets: SnapshotAssets = SnapshotAssets()) {
        bound = LoopBound(Fields(sharedName: sharedName, version: version, assets: assets))
    }

    public static let luaTypeName = "mf.SnapshotShared"
    public static let fields = FieldTable<SnapshotShared>([
        ViewField("sharedName", "string", "The package.", { .string($0.sharedName) }) {
            $0.sharedName = try String.fromLua($1)
        },
        .text("version", "Its version.", \.version),
        .view("assets", "Its files. Live.", \.assets),
        .view("usedExports", "The exports that the remote uses. Live.", \.usedExports),
    ])
    public var luaValue: LuaValue { .object(self) }

    public static func fromLua(_ value: LuaValue) throws -> SnapshotShared {
        if case .object(let object) = value, let shared = object as? SnapshotShared { return shared }
        let shared = SnapshotShared(sharedName: "")
        try shared.assign(from: value)
        return shared
    }
}

/// A remote that a snapshot's owner uses.
public final class SnapshotRemote: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var matchedVersion: String
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SnapshotRemote, Fields>

    /// Its version, or its entry.
    public internal(set) var matchedVersion: String {
        get { bound[].matchedVersion }
        set { bound[].matchedVersion = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Makes one.
    public init(matchedVersion: String) {
        bound = LoopBound(Fields(matchedVersion: matchedVersion))
    }

    public static let luaTypeName = "mf.SnapshotRemote"
    public static let fields = FieldTable<SnapshotRemote>([
        ViewField("matchedVersion", "string", "The version, or the entry.", { .string($0.matchedVersion) }) {
            $0.matchedVersion = try String.fromLua($1)
        }
    ])
    public var luaValue: LuaValue { .object(self) }

    public static func fromLua(_ value: LuaValue) throws -> SnapshotRemote {
        if case .object(let object) = value, let remote = object as? SnapshotRemote { return remote }
        let remote = SnapshotRemote(matchedVersion: "")
        try remote.assign(from: value)
        return remote
    }
}

/// The files of an expose or a shared package, in a snapshot.
public final class SnapshotAssets: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var js: SnapshotAssetGroup
        var css: SnapshotAssetGroup
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SnapshotAssets, Fields>

    /// Code. In a Lua remote, Lua.
    public internal(set) var js: SnapshotAssetGroup {
        get { bound[].js }
        set { bound[].js = newValue }
    }

    /// Files that are not executed.
    public internal(set) var css: SnapshotAssetGroup {
        get { bound[].css }
        set { bound[].css = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Makes the assets.
    public init(js: SnapshotAssetGroup = SnapshotAssetGroup(), css: SnapshotAssetGroup = SnapshotAssetGroup()) {
        bound = LoopBound(Fields(js: js, css: css))
    }

    /// Whether a file is among them.
    func lists(_ path: String) -> Bool {
        [js, css].contains { $0.sync.contains(path) || $0.async.contains(path) }
    }

    public static let luaTypeName = "mf.SnapshotAssets"
    public static let fields = FieldTable<SnapshotAssets>([
        .view("js", "Code: in a Lua remote, Lua. Live.", \.js),
        .view("css", "Files that are not executed. Live.", \.css),
    ])
    public var luaValue: LuaValue { .object(self) }

    public static func fromLua(_ value: LuaValue) throws -> SnapshotAssets {
        if case .object(let object) = value, let assets = object as? SnapshotAssets { return assets }
        let assets = SnapshotAssets()
        try assets.assign(from: value)
        return assets
    }
}

/// Files by when they are needed, in a snapshot.
public final class SnapshotAssetGroup: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var syncList: LiveList<String>
        var asyncList: LiveList<String>
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SnapshotAssetGroup, Fields>

    private var syncList: LiveList<String> {
        get { bound[].syncList }
        set { bound[].syncList = newValue }
    }

    private var asyncList: LiveList<String> {
        get { bound[].asyncList }
        set { bound[].asyncList = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Needed at once.
    public internal(set) var sync: [String] {
        get { syncList.elements }
        set { syncList.elements = newValue }
    }

    /// Needed later.
    public internal(set) var async: [String] {
        get { asyncList.elements }
        set { asyncList.elements = newValue }
    }

    /// Makes a group.
    public init(sync: [String] = [], async: [String] = []) {
        bound = LoopBound(Fields(syncList: LiveList(sync), asyncList: LiveList(async)))
    }

    public static let luaTypeName = "mf.SnapshotAssetGroup"
    public static let fields = FieldTable<SnapshotAssetGroup>([
        .view("sync", "Files needed immediately. Live.", \.syncList),
        .view("async", "Files needed later. Live.", \.asyncList),
    ])
    public var luaValue: LuaValue { .object(self) }

    public static func fromLua(_ value: LuaValue) throws -> SnapshotAssetGroup {
        if case .object(let object) = value, let group = object as? SnapshotAssetGroup { return group }
        let group = SnapshotAssetGroup()
        try group.assign(from: value)
        return group
    }
}
