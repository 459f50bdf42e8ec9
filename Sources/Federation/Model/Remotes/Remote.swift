import Diagnostics
import EventLoops
import Fetch
public import LuaBridge
public import OrderedCollections
import Posix

/// The scope, or the scopes, that a remote or a shared module belongs to.
public enum ShareScopeName: Sendable, Equatable {
    /// A single scope.
    case one(String)
    /// Several scopes.
    case many([String])

    /// The scope used where none is named.
    public static let standard = "default"

    /// The names of all scopes.
    public var names: [String] {
        switch self {
        case .one(let name): [name]
        case .many(let names): names
        }
    }

    var luaValue: LuaValue {
        switch self {
        case .one(let name): .string(name)
        case .many(let names): .array(names.map { .string($0) })
        }
    }

    static func fromLua(_ value: LuaValue) throws -> ShareScopeName {
        if let name = value.stringValue { return .one(name) }
        return .many(try value.strings(expecting: "a scope or a list of scopes"))
    }
}

/// A remote as declared: a name, where its manifest or entry is, and how it shares.
///
/// Hooks see it live: what they assign is what the host goes on with. The same type with every default filled in is
/// what Module Federation calls `remoteInfo`; see ``resolved()``.
public final class Remote: OptionView, LuaConvertible, SubjectRemote {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var name: String
        var alias: String?
        var entry: String? { didSet { foundManifest = nil } }
        var version: String?
        var buildVersion: String?
        var type: String?
        var entryGlobalName: String?
        var shareScope: ShareScopeName?
        var tenant: String?
        var givenBy: String?
        var revalidate: String?
        var grace: String?
        var timeout: String?
        var metadata: LuaValue = .nil
        var extra: OrderedDictionary<String, LuaValue> = [:]
        /// Whether the entry is a manifest's, once somebody has asked.
        var foundManifest: Bool?
        var declaredEntry: String?
        var isWithdrawn = false
        var withdrawnModule: AnyObject?
    }

    private let bound: LoopBound<Remote, Fields>

    /// The name that requests begin with.
    public internal(set) var name: String {
        get { bound[].name }
        set { bound[].name = newValue }
    }

    /// A second name.
    public internal(set) var alias: String? {
        get { bound[].alias }
        set { bound[].alias = newValue }
    }

    /// The URL of the manifest or the remote entry.
    public internal(set) var entry: String? {
        get { bound[].entry }
        set { bound[].entry = newValue }
    }

    /// The version, or the manifest's URL.
    public internal(set) var version: String? {
        get { bound[].version }
        set { bound[].version = newValue }
    }

    /// The manifest's build version.
    public internal(set) var buildVersion: String? {
        get { bound[].buildVersion }
        set { bound[].buildVersion = newValue }
    }

    /// The kind of entry; `global` if absent.
    public internal(set) var type: String? {
        get { bound[].type }
        set { bound[].type = newValue }
    }

    /// Preserved from manifests; the name if absent.
    public internal(set) var entryGlobalName: String? {
        get { bound[].entryGlobalName }
        set { bound[].entryGlobalName = newValue }
    }

    /// The scope or scopes that the remote joins.
    public internal(set) var shareScope: ShareScopeName? {
        get { bound[].shareScope }
        set { bound[].shareScope = newValue }
    }

    /// The tenant whose sandbox the remote's code runs in; the host's own state when absent.
    public internal(set) var tenant: String? {
        get { bound[].tenant }
        set { bound[].tenant = newValue }
    }

    /// The tenant whose plugin has made this of a remote: what it names is fetched with the tenant's rights alone.
    var givenBy: String? {
        get { bound[].givenBy }
        set { bound[].givenBy = newValue }
    }

    /// How often the remote is asked for a new version, such as `30s`; never when absent.
    public internal(set) var revalidate: String? {
        get { bound[].revalidate }
        set { bound[].revalidate = newValue }
    }

    /// How long what an old version has begun goes on after a new one has taken its place, such as `30s`; no longer than
    /// its last load when absent.
    public internal(set) var grace: String? {
        get { bound[].grace }
        set { bound[].grace = newValue }
    }

    /// How long each request for its manifest, its entry or a file of it may take in all, such as `5s`; 20 seconds when
    /// absent.
    public internal(set) var timeout: String? {
        get { bound[].timeout }
        set { bound[].timeout = newValue }
    }

    /// Data of the remote's owner, which hooks see and nothing interprets.
    public internal(set) var metadata: LuaValue {
        get { bound[].metadata }
        set { bound[].metadata = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// The entry as the host's owner wrote it, whatever hooks have made of it since: its server may be asked for a tenant.
    var declaredEntry: String? {
        get { bound[].declaredEntry }
        set { bound[].declaredEntry = newValue }
    }

    /// Whether the remote was registered and then removed or replaced; requests may still be under way.
    var isWithdrawn: Bool {
        get { bound[].isWithdrawn }
        set { bound[].isWithdrawn = newValue }
    }

    /// What those requests end on: the module as its host had loaded it.
    var withdrawnModule: AnyObject? {
        get { bound[].withdrawnModule }
        set { bound[].withdrawnModule = newValue }
    }

    /// Declares a remote.
    ///
    /// - Parameters:
    ///   - name: The name that requests begin with.
    ///   - entry: The URL of a manifest (a path ending in `.json`) or of a remote entry.
    ///   - alias: A second name.
    ///   - version: Used when the snapshot is known already and there is no entry.
    ///   - tenant: The tenant whose sandbox the remote's code runs in.
    public init(
        name: String, entry: String? = nil, alias: String? = nil, version: String? = nil, tenant: String? = nil
    ) {
        bound = LoopBound(Fields(name: name, alias: alias, entry: entry, version: version, tenant: tenant))
    }

    /// A copy with every default filled in.
    fileprivate init(resolving remote: Remote) {
        let found = remote.bound["resolved()"]
        bound = LoopBound(
            Fields(
                name: found.name, alias: found.alias, entry: found.entry ?? "", version: found.version,
                buildVersion: found.buildVersion, type: found.type ?? Remote.standardType,
                entryGlobalName: found.entryGlobalName ?? found.name,
                shareScope: found.shareScope ?? .one(ShareScopeName.standard), tenant: found.tenant,
                givenBy: found.givenBy, timeout: found.timeout, metadata: found.metadata, extra: found.extra,
                foundManifest: found.foundManifest, declaredEntry: found.declaredEntry))
    }

    /// Whether the entry is a manifest's.
    var hasManifest: Bool {
        if let known = bound[].foundManifest { return known }
        let found = entry.map(Remote.isManifest(entry:)) ?? false
        bound[].foundManifest = found
        return found
    }

    public static let luaTypeName = "mf.Remote"

    public static let fields = FieldTable<Remote>([
        ViewField(
            option: "name", .name, "The name that requests begin with.", isRequired: true, takesNull: false,
            { .string($0.name) }
        ) { $0.name = try String.fromLua($1) },
        ViewField(option: "alias", .string, "A second name.", { .optional($0.alias) }) {
            $0.alias = try Optional<String>.fromLua($1)
        },
        ViewField(option: "entry", .url, "The URL of the manifest or the remote entry.", { .optional($0.entry) }) {
            $0.entry = try Optional<String>.fromLua($1)
        },
        ViewField(option: "version", .string, "The version, or the manifest's URL.", { .optional($0.version) }) {
            $0.version = try Optional<String>.fromLua($1)
        },
        ViewField(option: "buildVersion", .string, "The manifest's build version.", { .optional($0.buildVersion) }) {
            $0.buildVersion = try Optional<String>.fromLua($1)
        },
        ViewField(option: "type", .string, "The kind of entry; `global` if absent.", { .optional($0.type) }) {
            $0.type = try Optional<String>.fromLua($1)
        },
        ViewField(
            option: "entryGlobalName", .string, "Preserved from manifests; the name if absent.",
            { .optional($0.entryGlobalName) }
        ) { $0.entryGlobalName = try Optional<String>.fromLua($1) },
        ViewField(
            option: "shareScope", .stringOrStrings, "The scope or scopes that the remote joins.",
            { $0.shareScope?.luaValue ?? .nil }
        ) { $0.shareScope = $1.isNothing ? nil : try ShareScopeName.fromLua($1) },
        ViewField(
            option: "tenant", .tenant, "The tenant whose sandbox its code runs in.", takesNull: false,
            { .optional($0.tenant) }
        ) { $0.tenant = $1.isNil ? nil : try String.fromLua($1) },
        ViewField(
            option: "revalidate", .duration, "How often to look for a new version, such as `30s`.",
            { .optional($0.revalidate) }
        ) { $0.revalidate = try Optional<String>.fromLua($1) },
        ViewField(
            option: "grace", .duration, "How long tasks of an old version may run on after an update, such as `30s`.",
            { .optional($0.grace) }
        ) { $0.grace = try Optional<String>.fromLua($1) },
        ViewField(
            option: "timeout", .duration,
            "The time limit of each request for its files, such as `5s`; 20 s if absent.",
            { .optional($0.timeout) }
        ) { $0.timeout = try Optional<String>.fromLua($1) },
        ViewField(
            option: "metadata", .table, "Your own data; hooks see it, mflua ignores it.", { $0.metadata }
        ) { $0.metadata = $1.isNothing ? .nil : $1 },
    ])
    static let options = optionTable(unknownHint: "put your own data into the remote's `metadata`")

    public var luaValue: LuaValue { .object(self) }
    public var luaDescription: String { "mf.Remote(\(name))" }

    public static func fromLua(_ value: LuaValue) throws -> Remote {
        if case .object(let object) = value, let remote = object as? Remote { return remote }
        let remote = Remote(name: "")
        try remote.assign(from: value)
        return remote
    }
}

/// A remote with every default filled in: Module Federation's `remoteInfo`.
public typealias ResolvedRemote = Remote

extension Remote {
    static let standardType = "global"

    /// A copy with every default filled in.
    func resolved() -> ResolvedRemote { Remote(resolving: self) }

    /// A copy of which what a tenant has given is made: it is fetched and runs as that tenant.
    func given(by tenant: String?) -> Remote {
        guard let tenant else { return self }
        let copy = resolved()
        (copy.tenant, copy.givenBy, copy.declaredEntry) = (tenant, tenant, nil)
        return copy
    }

    /// A request for a file that the remote is made of, within its `timeout`.
    func request(_ url: String, acceptsAnyStatus: Bool = false) -> FetchRequest {
        var request = FetchRequest(url: url, acceptsAnyStatus: acceptsAnyStatus)
        if let timeout = timeout.flatMap(Duration.init(text:)) { request.timeout = timeout }
        return request
    }

    /// Whether the entry is the remote entry itself: neither a manifest nor a version to be looked up.
    var isPureEntry: Bool { entry != nil && !hasManifest }

    /// Where the remote is, as messages say it.
    var place: String { entry.map(URLParts.redacted) ?? version.map { "version \($0)" } ?? "nowhere" }

    /// The key under which the entry's load is shared by all hosts of the runtime.
    var entryKey: String { "\(name):\(entry ?? "")" + (tenant.map { " in \($0)" } ?? "") }

    /// The key under which remotes of the same entry find its container.
    var containerKey: String { "\(entryGlobalName ?? name):\(entry ?? "")" }

    /// The scopes that the remote joins.
    var scopeNames: [String] {
        let names = shareScope?.names ?? []
        return names.isEmpty ? [ShareScopeName.standard] : names
    }
}
