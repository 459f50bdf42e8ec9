public import LuaBridge
public import OrderedCollections

/// A module that a remote exposes, in its snapshot.
public final class SnapshotModule: FieldView, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// The name without `./`.
    public internal(set) var moduleName: String
    /// The key, such as `./button`.
    public internal(set) var modulePath: String?
    /// Its files.
    public internal(set) var assets: SnapshotAssets
    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> = [:]

    /// Makes a module.
    public init(moduleName: String, modulePath: String? = nil, assets: SnapshotAssets = SnapshotAssets()) {
        (self.moduleName, self.modulePath, self.assets) = (moduleName, modulePath, assets)
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
public final class SnapshotShared: FieldView, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// The package.
    public internal(set) var sharedName: String
    /// Its version.
    public internal(set) var version: String?
    /// Its files.
    public internal(set) var assets: SnapshotAssets
    /// The exports that the remote uses.
    public internal(set) var usedExports: LiveList<String>?
    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> = [:]

    /// Makes a shared package.
    public init(sharedName: String, version: String? = nil, assets: SnapshotAssets = SnapshotAssets()) {
        (self.sharedName, self.version, self.assets) = (sharedName, version, assets)
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
public final class SnapshotRemote: FieldView, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// Its version, or its entry.
    public internal(set) var matchedVersion: String
    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> = [:]

    /// Makes one.
    public init(matchedVersion: String) {
        self.matchedVersion = matchedVersion
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
public final class SnapshotAssets: FieldView, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// Code. In a Lua remote, Lua.
    public internal(set) var js: SnapshotAssetGroup
    /// Files that are not executed.
    public internal(set) var css: SnapshotAssetGroup
    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> = [:]

    /// Makes the assets.
    public init(js: SnapshotAssetGroup = SnapshotAssetGroup(), css: SnapshotAssetGroup = SnapshotAssetGroup()) {
        (self.js, self.css) = (js, css)
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
public final class SnapshotAssetGroup: FieldView, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    private var syncList: LiveList<String>
    private var asyncList: LiveList<String>
    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> = [:]

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
        (syncList, asyncList) = (LiveList(sync), LiveList(async))
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
