public import LuaBridge
public import OrderedCollections

/// What a consumer asks of a shared module: Module Federation's `shareConfig`.
public final class ShareRequirement: OptionView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var singleton: Bool?
        var requiredVersion: RequiredVersion?
        var strictVersion: Bool?
        var eager: Bool?
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<ShareRequirement, Fields>

    /// Whether only one version is used at a time.
    public internal(set) var singleton: Bool? {
        get { bound[].singleton }
        set { bound[].singleton = newValue }
    }

    /// The range that satisfies the consumer; `nil` where none is named.
    public internal(set) var requiredVersion: RequiredVersion? {
        get { bound[].requiredVersion }
        set { bound[].requiredVersion = newValue }
    }

    /// Whether a version out of range is an error.
    public internal(set) var strictVersion: Bool? {
        get { bound[].strictVersion }
        set { bound[].strictVersion = newValue }
    }

    /// Whether it is available synchronously.
    public internal(set) var eager: Bool? {
        get { bound[].eager }
        set { bound[].eager = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// A range, or none at all (`requiredVersion = false`).
    public enum RequiredVersion: Sendable, Equatable {
        /// A range, such as `^1.0.0`.
        case range(String)
        /// Any version.
        case any
    }

    /// States a requirement.
    public init(
        singleton: Bool? = nil, requiredVersion: RequiredVersion? = nil, strictVersion: Bool? = nil, eager: Bool? = nil
    ) {
        bound = LoopBound(
            Fields(
                singleton: singleton, requiredVersion: requiredVersion, strictVersion: strictVersion, eager: eager))
    }

    public static let luaTypeName = "mf.ShareConfig"
    public static let fields = FieldTable<ShareRequirement>([
        ViewField(
            option: "singleton", .boolean, "Whether only one version is used at a time.", { .optional($0.singleton) }
        ) {
            $0.singleton = try Optional<Bool>.fromLua($1)
        },
        ViewField(
            option: "requiredVersion", .orFalse(.versionRange), "The accepted range of versions; `false` accepts any.",
            {
                switch $0.requiredVersion {
                case .range(let range): .string(range)
                case .any: .boolean(false)
                case nil: .nil
                }
            }
        ) {
            switch $1 {
            case .nil, .null: $0.requiredVersion = nil
            case .boolean(false): $0.requiredVersion = .any
            default: $0.requiredVersion = .range(try String.fromLua($1))
            }
        },
        ViewField(
            option: "strictVersion", .boolean, "Whether a version out of range is an error.",
            { .optional($0.strictVersion) }
        ) { $0.strictVersion = try Optional<Bool>.fromLua($1) },
        ViewField(option: "eager", .boolean, "Whether it is available synchronously.", { .optional($0.eager) }) {
            $0.eager = try Optional<Bool>.fromLua($1)
        },
    ])
    static let options = optionTable(keeping: [.init("layer", .string, "Preserved; unused.")])

    public var luaValue: LuaValue { .object(self) }
    public static func fromLua(_ value: LuaValue) throws -> ShareRequirement {
        if case .object(let object) = value, let requirement = object as? ShareRequirement { return requirement }
        let requirement = ShareRequirement()
        try requirement.assign(from: value)
        return requirement
    }
}

/// One provided version of a shared module: how to get it, who gave it, who uses it.
///
/// A share scope holds these by version. Hooks see them live.
public final class SharedModule: OptionView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var version: String?
        var from: String?
        var scope: LuaValue = .nil
        var strategy: String?
        var eager: Bool?
        var useIn: LiveList<String>?
        var requirement: ShareRequirement?
        var lib: LuaValue = .nil
        var get: LuaValue = .nil
        var loaded: Bool?
        var loading: LuaValue = .nil
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<SharedModule, Fields>

    /// The version.
    public internal(set) var version: String? {
        get { bound[].version }
        set { bound[].version = newValue }
    }

    /// The host or container that provides it, or that loaded it last.
    public internal(set) var from: String? {
        get { bound[].from }
        set { bound[].from = newValue }
    }

    var scope: LuaValue {
        get { bound[].scope }
        set { bound[].scope = newValue }
    }

    /// How a version is chosen.
    public internal(set) var strategy: String? {
        get { bound[].strategy }
        set { bound[].strategy = newValue }
    }

    /// Whether it is available synchronously.
    public internal(set) var eager: Bool? {
        get { bound[].eager }
        set { bound[].eager = newValue }
    }

    /// Who uses it; shared by the copies of an entry.
    public internal(set) var useIn: LiveList<String>? {
        get { bound[].useIn }
        set { bound[].useIn = newValue }
    }

    /// The requirements on it, `shareConfig` in Lua.
    public internal(set) var requirement: ShareRequirement? {
        get { bound[].requirement }
        set { bound[].requirement = newValue }
    }

    /// The factory: a function returning the module.
    public internal(set) var lib: LuaValue {
        get { bound[].lib }
        set { bound[].lib = newValue }
    }

    /// A function returning the factory; it may wait.
    public internal(set) var get: LuaValue {
        get { bound[].get }
        set { bound[].get = newValue }
    }

    /// Whether it was loaded.
    public internal(set) var loaded: Bool? {
        get { bound[].loaded }
        set { bound[].loaded = newValue }
    }

    /// Present once a load began; it is never taken away again.
    var loading: LuaValue {
        get { bound[].loading }
        set { bound[].loading = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    init() { bound = LoopBound(Fields()) }

    private init(_ fields: Fields) { bound = LoopBound(fields) }

    /// Provides a module by a function returning it.
    ///
    /// ```swift
    /// SharedModule(version: "1.4.0", lib: .callable(LuaCallable("statsd") { _ in [statsd] }))
    /// ```
    ///
    /// - Parameters:
    ///   - version: The version that is provided, such as `1.4.0`.
    ///   - lib: The factory: a function returning the module.
    ///   - requirement: What the host itself asks for; by default a caret range of the version.
    ///   - scope: The share scopes it belongs to.
    public init(
        version: String, lib: LuaValue, requirement: ShareRequirement? = nil,
        scope: [String] = [ShareScopeName.standard]
    ) {
        bound = LoopBound(
            Fields(
                version: version, scope: .array(scope.map { .string($0) }), requirement: requirement, lib: lib))
    }

    public static let luaTypeName = "mf.Shared"
    public static let fields = FieldTable<SharedModule>([
        ViewField(option: "version", .shareVersion, "The version.", { .optional($0.version) }) {
            $0.version = try Optional<String>.fromLua($1)
        },
        ViewField(option: "from", .string, "The host that provides it, or loaded it last.", { .optional($0.from) }) {
            $0.from = try Optional<String>.fromLua($1)
        },
        ViewField(option: "scope", .stringOrStrings, "The share scopes it belongs to.", { $0.scope }) {
            $0.scope = $1.isNothing ? .nil : $1
        },
        ViewField(option: "strategy", .shareStrategy, "How a version is chosen.", { .optional($0.strategy) }) {
            $0.strategy = try Optional<String>.fromLua($1)
        },
        ViewField(option: "eager", .boolean, "Whether it is available synchronously.", { .optional($0.eager) }) {
            $0.eager = try Optional<Bool>.fromLua($1)
        },
        ViewField(option: "useIn", .strings, "The hosts that use it.", { .optional($0.useIn) }) {
            $0.useIn = $1.isNothing ? nil : try LiveList<String>.fromLua($1)
        },
        ViewField(
            option: "shareConfig", ShareRequirement.optionType(), "The requirements on it.",
            { .optional($0.requirement) }
        ) { $0.requirement = $1.isNothing ? nil : try ShareRequirement.fromLua($1) },
        ViewField(option: "lib", .function("fun(): any"), "The factory: returns the module.", { $0.lib }) {
            $0.lib = $1.isNothing ? .nil : $1
        },
        ViewField(option: "get", .function("fun(): fun(): any"), "Returns the factory; can wait.", { $0.get }) {
            $0.get = $1.isNothing ? .nil : $1
        },
        ViewField(option: "loaded", .boolean, "Whether it has been loaded.", { .optional($0.loaded) }) {
            $0.loaded = try Optional<Bool>.fromLua($1)
        },
        ViewField(option: "loading", .any, "Present once a load has begun.", { $0.loading }) { $0.loading = $1 },
    ])
    static let options = optionTable(
        keeping: [
            .init("deps", .list(of: .string), "Preserved; unused."),
            .init("treeShaking", .any, "Preserved; unused."),
        ],
        advice: Dictionary(
            uniqueKeysWithValues: ["singleton", "requiredVersion", "strictVersion", "layer"].map {
                ($0, "write `shareConfig = { \($0) = … }`")
            }))

    public var luaValue: LuaValue { .object(self) }
    public var luaDescription: String { "mf.Shared(\(version ?? "?") from \(from ?? "?"))" }
    public static func fromLua(_ value: LuaValue) throws -> SharedModule {
        if case .object(let object) = value, let shared = object as? SharedModule { return shared }
        let shared = SharedModule()
        try shared.assign(from: value)
        return shared
    }
}

extension SharedModule {
    /// The scopes it is part of.
    var scopeNames: [String] {
        switch scope {
        case .nil: [ShareScopeName.standard]
        case .string(let name): [name]
        default: (try? scope.strings(expecting: "scopes")) ?? []
        }
    }

    var isEager: Bool { eager == true || requirement?.eager == true }
    var isLoaded: Bool { loaded == true || lib.isCallable }
    var isLoading: Bool { !loading.isNil }
    var isLoadedOrLoading: Bool { isLoaded || isLoading }

    /// A copy whose nested tables are the same ones: Module Federation copies entries one level deep.
    func copied() -> SharedModule { SharedModule(bound[]) }

    /// Notes a user, once; a host without a name cannot be noted.
    func addUser(_ name: String) {
        if useIn == nil { useIn = LiveList([]) }
        guard !name.isEmpty else { return }
        if useIn?.elements.contains(name) == false { useIn?.elements.append(name) }
    }
}

/// Package name → the versions that a host itself provides.
public typealias SharedModules = LiveMap<LiveList<SharedModule>>
/// Package name → version → entry.
public typealias ShareScope = LiveMap<LiveMap<SharedModule>>
/// Scope name → package name → version → entry.
public typealias ShareScopes = LiveMap<ShareScope>
