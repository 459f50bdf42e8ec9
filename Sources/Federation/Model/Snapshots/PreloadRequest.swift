public import LuaBridge
public import OrderedCollections

/// What a user asks to preload: Module Federation's `PreloadRemoteArgs`.
public final class PreloadRequest: OptionView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var nameOrAlias: String?
        var exposes: LiveList<String>?
        var resourceCategory: String?
        var share: Bool?
        var depsRemote: LuaValue = .nil
        var filter: LuaValue = .nil
        var recordPreloadedAssets: Bool?
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<PreloadRequest, Fields>

    /// The remote.
    public internal(set) var nameOrAlias: String? {
        get { bound[].nameOrAlias }
        set { bound[].nameOrAlias = newValue }
    }

    /// The exposes to preload; all if absent.
    public internal(set) var exposes: LiveList<String>? {
        get { bound[].exposes }
        set { bound[].exposes = newValue }
    }

    /// `sync` or `all`.
    public internal(set) var resourceCategory: String? {
        get { bound[].resourceCategory }
        set { bound[].resourceCategory = newValue }
    }

    /// Whether shared assets are fetched.
    public internal(set) var share: Bool? {
        get { bound[].share }
        set { bound[].share = newValue }
    }

    /// `true`, `false`, or a list of requests for the remote's own remotes.
    var depsRemote: LuaValue {
        get { bound[].depsRemote }
        set { bound[].depsRemote = newValue }
    }

    /// A function of a URL that says whether to fetch it.
    var filter: LuaValue {
        get { bound[].filter }
        set { bound[].filter = newValue }
    }

    /// Whether each asset is fetched only once.
    public internal(set) var recordPreloadedAssets: Bool? {
        get { bound[].recordPreloadedAssets }
        set { bound[].recordPreloadedAssets = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    /// Asks for a remote's exposes; for all of them when none is named.
    public init(nameOrAlias: String? = nil, exposes: [String]? = nil, resourceCategory: String? = nil) {
        bound = LoopBound(
            Fields(
                nameOrAlias: nameOrAlias, exposes: exposes.map { LiveList($0) }, resourceCategory: resourceCategory))
    }

    private init(_ fields: Fields) { bound = LoopBound(fields) }

    public static let luaTypeName = "mf.PreloadRemoteArgs"
    public static let fields = FieldTable<PreloadRequest>([
        ViewField(
            option: "nameOrAlias", .name, "The remote.", { .optional($0.nameOrAlias) }
        ) {
            $0.nameOrAlias = try Optional<String>.fromLua($1)
        },
        ViewField(option: "exposes", .strings, "The exposes to preload; all if absent.", { .optional($0.exposes) }) {
            $0.exposes = $1.isNothing ? nil : try LiveList<String>.fromLua($1)
        },
        ViewField(
            option: "resourceCategory", .word("sync", "all"), "Which assets.", { .optional($0.resourceCategory) }
        ) { $0.resourceCategory = try Optional<String>.fromLua($1) },
        ViewField(option: "share", .boolean, "Whether shared assets are fetched.", { .optional($0.share) }) {
            $0.share = try Optional<Bool>.fromLua($1)
        },
        ViewField(
            option: "depsRemote", .dependencies, "Whether the remote's own remotes are preloaded.", { $0.depsRemote }
        ) { $0.depsRemote = $1.isNothing ? .nil : $1 },
        ViewField(
            option: "filter", .function("fun(url: string): boolean"), "Filters the URLs to fetch.", { $0.filter }
        ) { $0.filter = $1.isNothing ? .nil : $1 },
        ViewField(
            option: "recordPreloadedAssets", .boolean, "Whether each asset is fetched only once.",
            { .optional($0.recordPreloadedAssets) }
        ) { $0.recordPreloadedAssets = try Optional<Bool>.fromLua($1) },
    ])
    static let options = optionTable()

    public static func fromLua(_ value: LuaValue) throws -> PreloadRequest {
        if case .object(let object) = value, let request = object as? PreloadRequest { return request }
        let request = PreloadRequest()
        try request.assign(from: value)
        return request
    }

    /// A copy with every default filled in.
    func completed() -> PreloadRequest {
        let copy = copied()
        copy.resourceCategory = resourceCategory ?? "sync"
        copy.share = share ?? true
        copy.depsRemote = depsRemote.isNil ? .boolean(true) : depsRemote
        copy.recordPreloadedAssets = recordPreloadedAssets ?? true
        return copy
    }

    func copied() -> PreloadRequest { PreloadRequest(bound[]) }

    /// The exposes as snapshots spell them: without `./`.
    var exposeNames: [String] { (exposes?.elements ?? []).map(Self.moduleName) }

    static func moduleName(of expose: String) -> String {
        expose.utf8.starts(with: "./".utf8) ? String(expose.dropFirst(2)) : expose
    }
}

/// `{remote, preloadConfig}`: a request with its remote.
public final class PreloadOptions: FieldView, LuaConvertible {
    /// What may be read and written on the loop only; see the properties.
    private struct Fields {
        var remote: Remote
        var config: PreloadRequest
        var extra: OrderedDictionary<String, LuaValue> = [:]
    }

    private let bound: LoopBound<PreloadOptions, Fields>

    /// The remote.
    public internal(set) var remote: Remote {
        get { bound[].remote }
        set { bound[].remote = newValue }
    }

    /// The preload request.
    public internal(set) var config: PreloadRequest {
        get { bound[].config }
        set { bound[].config = newValue }
    }

    /// Keys of the Lua table beyond the ones declared here, preserved as they were given.
    public var extra: OrderedDictionary<String, LuaValue> {
        get { bound[].extra }
        _modify { yield &bound[].extra }
    }

    init(remote: Remote, config: PreloadRequest) {
        bound = LoopBound(Fields(remote: remote, config: config))
    }

    public static let luaTypeName = "mf.PreloadOptions"
    public static let fields = FieldTable<PreloadOptions>([
        ViewField("remote", "mf.Remote", "The remote.", { .object($0.remote) }) { $0.remote = try Remote.fromLua($1) },
        ViewField("preloadConfig", "mf.PreloadRemoteArgs", "The preload request.", { .object($0.config) }) {
            $0.config = try PreloadRequest.fromLua($1)
        },
    ])

    public static func fromLua(_ value: LuaValue) throws -> PreloadOptions {
        if case .object(let object) = value, let options = object as? PreloadOptions { return options }
        let options = PreloadOptions(remote: Remote(name: ""), config: PreloadRequest())
        try options.assign(from: value)
        return options
    }
}
