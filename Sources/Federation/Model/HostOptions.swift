import Diagnostics
public import LuaBridge
public import OrderedCollections

/// What a host is made from: its name, its remotes, what it shares, its plugins.
///
/// Hooks see it live: a remote appended to `options.remotes` can be loaded from then on.
public final class HostOptions: OptionView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var id: String?
        var name: String
        var version: String?
        var remotes: LiveList<Remote> { didSet { hasRemotes = true } }
        var shared: SharedModules { didSet { hasShared = true } }
        var plugins: LiveList<LuaValue> { didSet { hasPlugins = true } }
        /// Whether anything was said of remotes, shared modules and plugins; options of a host always show them.
        var hasRemotes = true
        var hasShared = true
        var hasPlugins = true
        var shareStrategy: String?
        var tenants: LuaValue = .nil
        var watch: Bool?
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<HostOptions, Fields>

    /// An identifier of the build; empty if there is none.
    public internal(set) var id: String? {
        get { bound[].id }
        set { bound[].id = newValue }
    }

    /// The host's name.
    public internal(set) var name: String {
        get { bound[].name }
        set { bound[].name = newValue }
    }

    /// The host's version.
    public internal(set) var version: String? {
        get { bound[].version }
        set { bound[].version = newValue }
    }

    /// The remotes it can load.
    public internal(set) var remotes: LiveList<Remote> {
        get { bound[].remotes }
        set { bound[].remotes = newValue }
    }

    /// The shared modules, by package.
    public internal(set) var shared: SharedModules {
        get { bound[].shared }
        set { bound[].shared = newValue }
    }

    /// The plugins as the user gave them, newest first.
    public internal(set) var plugins: LiveList<LuaValue> {
        get { bound[].plugins }
        set { bound[].plugins = newValue }
    }

    /// `version-first` (where nothing is named) or `loaded-first`.
    public internal(set) var shareStrategy: String? {
        get { bound[].shareStrategy }
        set { bound[].shareStrategy = newValue }
    }

    /// Options by tenant, as the user wrote them.
    var tenants: LuaValue {
        get { bound[].tenants }
        set { bound[].tenants = newValue }
    }

    /// Whether plugin files are watched and reloaded when they change.
    public internal(set) var watch: Bool? {
        get { bound[].watch }
        set { bound[].watch = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Names a host.
    ///
    /// ```swift
    /// let options = HostOptions(name: "ops-agent", remotes: [Remote(name: "checks", entry: "http://127.0.0.1:3006/mf-manifest.json")])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The host's name; `mf.init` with the same name and version finds the same host.
    ///   - version: The host's version.
    ///   - remotes: The remotes it may load.
    ///   - shared: What it shares, by package.
    ///   - shareStrategy: `version-first` or `loaded-first`.
    ///   - plugins: Its plugins: of Swift, from files, or from memory.
    ///   - tenants: The sandboxes that remotes and plugins may name as their `tenant`.
    ///   - watch: Whether plugin files are watched and reloaded when they change, by a `HotReloader` of the runtime.
    public init(
        name: String, version: String? = nil, remotes: [Remote] = [], shared: [(String, [SharedModule])] = [],
        shareStrategy: String? = nil, plugins: [HostPlugin] = [], tenants: [(String, TenantOptions)] = [],
        watch: Bool? = nil
    ) {
        bound = LoopBound(
            Fields(
                name: name, version: version, remotes: LiveList(remotes),
                shared: SharedModules(shared.map { (key: $0.0, value: LiveList($0.1)) }),
                plugins: LiveList(plugins.map { .object(HostPluginView($0)) }), shareStrategy: shareStrategy,
                tenants: tenants.isEmpty ? .nil : TenantEnvironment.hidden(in: tenants),
                watch: watch))
    }

    public static let luaTypeName = "mf.Options"
    public static let fields = FieldTable<HostOptions>([
        ViewField(
            option: "id", .string, "An identifier of the build; empty if there is none.", { .optional($0.id) }
        ) { $0.id = try Optional<String>.fromLua($1) },
        ViewField(
            option: "name", .string, "The host's name.", { $0.name.isEmpty ? .nil : .string($0.name) }
        ) { $0.name = try Optional<String>.fromLua($1) ?? "" },
        ViewField(option: "version", .string, "The host's version.", { .optional($0.version) }) {
            $0.version = try Optional<String>.fromLua($1)
        },
        // Before what names them.
        ViewField(
            option: "tenants", .tenants, "The sandboxes, by name.", takesNull: false, { $0.tenants }
        ) { $0.tenants = try TenantEnvironment.hidden(in: $1) },
        ViewField(
            option: "remotes", .remotes, "The remotes it can load.",
            { $0.bound["remotes"].hasRemotes ? .object($0.remotes) : .nil }
        ) { $0.remotes = $1.isNothing ? LiveList([]) : try LiveList<Remote>.fromLua($1.detached()) },
        ViewField(
            option: "shared", .sharedModules, "The shared modules, by package.",
            { $0.bound["shared"].hasShared ? .object($0.shared) : .nil }
        ) { $0.shared = $1.isNothing ? SharedModules() : try HostOptions.shared(from: $1) },
        ViewField(
            option: "plugins", .plugins, "Plugin tables, paths, or `{path, options}`.",
            { $0.bound["plugins"].hasPlugins ? .object($0.plugins) : .nil }
        ) { $0.plugins = $1.isNothing ? LiveList([]) : try LiveList<LuaValue>.fromLua($1) },
        ViewField(
            option: "shareStrategy", .shareStrategy, "How a version of a shared module is chosen.",
            { .optional($0.shareStrategy) }
        ) { $0.shareStrategy = try Optional<String>.fromLua($1) },
        ViewField(
            option: "watch", .boolean, "Watch plugin files and reload them when they change.", { .optional($0.watch) }
        ) { $0.watch = try Optional<Bool>.fromLua($1) },
    ])
    static let options = optionTable(keeping: [.init("inBrowser", .boolean, "Preserved; unused.")])

    public var luaValue: LuaValue { .object(self) }
    public var luaDescription: String { "mf.Options(\(name))" }

    public static func fromLua(_ value: LuaValue) throws -> HostOptions {
        if case .object(let object) = value, let options = object as? HostOptions { return options }
        let options = HostOptions(name: "")
        options.bound[].hasRemotes = false
        options.bound[].hasShared = false
        options.bound[].hasPlugins = false
        try options.assign(from: value)
        return options
    }

    /// `{pkg = share}` and `{pkg = {share, share}}` alike.
    static func shared(from value: LuaValue) throws -> SharedModules {
        if case .object(let object) = value, let shared = object as? SharedModules { return shared }
        let shared = SharedModules()
        for (key, value) in try value.entries(expecting: "a table of shared modules") {
            guard case .string(let package) = key else {
                throw MFError.wrongType(expected: "a package name as key of `shared`", found: key)
            }
            if case .object(let object) = value, let list = object as? LiveList<SharedModule> {
                shared[package] = list
            } else if let elements = try value.luaElements(), !elements.isEmpty {
                shared[package] = LiveList(try elements.map(SharedModule.fromLua))
            } else {
                shared[package] = LiveList([try SharedModule.fromLua(value)])
            }
        }
        return shared
    }
}
