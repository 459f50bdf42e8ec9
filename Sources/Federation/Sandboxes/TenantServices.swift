public import Diagnostics
public import Fetch
public import LuaBridge

/// What a host gives its tenants; each tenant gets of it what its options list.
public struct TenantServices: Sendable {
    /// How much a message matters.
    public enum Severity: String, Sendable, CaseIterable, Comparable {
        /// Messages for developers, and messages about normal operation.
        case debug, info
        /// What a tenant prints: seen unless a host wants less.
        case notice
        /// Messages about conditions to look into, and about failures.
        case warning, error

        /// Whether one matters less than the other.
        public static func < (a: Severity, b: Severity) -> Bool {
            a.rank < b.rank
        }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What the host may want to know.
    public enum Event: Sendable {
        /// An instance went over a limit.
        case terminated(String, MFError)
        /// The tenant is kept out for a while.
        case suspended(String, for: Duration)
    }

    /// Where bytes come from; nil: from nowhere.
    public var fetcher: (any Fetcher)?
    /// The entries that the owner wrote for a tenant's remotes: their servers may be asked for the tenant.
    public var entries: @Sendable (String) -> [String]
    /// The module that is shared under a name, as a value of the host; `.nil` when there is none.
    public var loadShare: @Sendable (String) async throws -> LuaValue
    /// The expose of a remote that belongs to a tenant, by request and tenant, as a value of the host.
    public var loadRemote: @Sendable (String, String) async throws -> LuaValue
    /// Takes what is logged about tenants.
    public var log: @Sendable (Severity, String) -> Void
    /// Takes what a tenant logs and prints: how much it matters, the tenant's name, the text as the tenant
    /// wrote it, control characters included.
    public var message: @Sendable (Severity, String, String) -> Void
    /// One of the host's objects as the tenant may see it.
    var show: @Sendable (any LuaObject) -> any LuaObject = { $0 }
    /// What matters less is not logged, and a tenant may say any amount of it.
    public var leastSeverity = Severity.debug
    /// Is told of limit violations and suspensions.
    public var event: @Sendable (Event) -> Void

    /// Makes services; what is not named does not exist.
    public init(
        fetcher: (any Fetcher)? = nil,
        entries: @escaping @Sendable (String) -> [String] = { _ in [] },
        loadShare: @escaping @Sendable (String) async throws -> LuaValue = { _ in .nil },
        loadRemote: (@Sendable (String, String) async throws -> LuaValue)? = nil,
        log: @escaping @Sendable (Severity, String) -> Void = { _, _ in },
        message: @escaping @Sendable (Severity, String, String) -> Void = { _, _, _ in },
        event: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        (self.fetcher, self.entries, self.loadShare) = (fetcher, entries, loadShare)
        self.loadRemote = loadRemote ?? { throw MFError.foreignRemote($0, tenant: $1) }
        (self.log, self.message, self.event) = (log, message, event)
    }
}

extension Tenant {
    /// What the tenant's `mf` can reach: what its options list, and no more.
    func imports() -> [(String, TenantImport)] {
        var imports: [(String, TenantImport)] = [
            ("print", logger(.notice)), ("log.debug", logger(.debug)), ("log.info", logger(.info)),
            ("log.warn", logger(.warning)), ("log.error", logger(.error)),
            ("loadShare", asynchronous("loadShare") { tenant, arguments in [try await tenant.share(arguments)] }),
            (
                "loadRemote",
                asynchronous("loadRemote") { tenant, arguments in
                    guard case .string(let id)? = arguments.first else {
                        throw MFError.badArgument(1, of: "loadRemote", "string expected")
                    }
                    return [try tenant.imported(try await tenant.services.loadRemote(id, tenant.name))]
                }
            ),
        ]
        imports.append(
            (
                "store",
                TenantImport("store") { [weak self] arguments, canWait in
                    guard let self else { throw MFError.stateGone() }
                    return try store(arguments, canWait)
                }
            ))
        if services.fetcher != nil {
            imports.append(
                ("fetch", asynchronous("fetch") { tenant, arguments in [try await tenant.fetch(arguments)] }))
        }
        return imports
    }

    private func asynchronous(
        _ name: String, _ body: @escaping @Sendable (Tenant, [LuaValue]) async throws -> LuaValues
    ) -> TenantImport {
        TenantImport(name) { [weak self] arguments, canWait in
            guard let self else { throw MFError.stateGone() }
            guard canWait else { throw MFError.tenantCannotWait(name) }
            return .waiting(TenantPending { try await body(self, arguments) })
        }
    }

    private func logger(_ severity: TenantServices.Severity) -> TenantImport {
        TenantImport(severity.rawValue) { [weak self] arguments, _ in
            self?.log.write(severity, arguments.first?.stringValue ?? "")
            return .done([])
        }
    }

    private func share(_ arguments: [LuaValue]) async throws -> LuaValue {
        guard case .string(let package)? = arguments.first else {
            throw MFError.badArgument(1, of: "loadShare", "string expected")
        }
        guard options.shared.contains(package) else {
            throw MFError.tenantMayNot(
                name, "use the shared module `\(package)`", hint: "list it in the tenant's `shared`")
        }
        return try imported(try await services.loadShare(package))
    }

    /// `mf.fetch` of a tenant.
    private func fetch(_ arguments: [LuaValue]) async throws -> LuaValue {
        guard case .string(let url)? = arguments.first else {
            throw MFError.badArgument(1, of: "fetch", "string expected")
        }
        guard url.utf8.count <= Self.longestURL else {
            throw MFError.badArgument(1, of: "fetch", "the URL is longer than \(Self.longestURL) bytes")
        }
        var request = FetchRequest(url: url, acceptsAnyStatus: true)
        try request.take(options: arguments.count > 1 ? arguments[1] : .nil)
        guard request.headers.reduce(0, { $0 + $1.0.utf8.count + $1.1.utf8.count }) <= Self.longestHeaders else {
            throw MFError.badArgument(2, of: "fetch", "more than \(Self.longestHeaders) bytes of headers")
        }
        if let scheme = URLParts(url)?.scheme, scheme == "file" { throw mayNot(url) }
        request.timeout = min(request.timeout, options.wall)
        request.maxBytes = min(request.maxBytes, options.message)
        request.maxRedirects = min(request.maxRedirects, 3)
        let response = try await fetch(request)
        return [
            "status": .integer(Int64(response.status)), "ok": .boolean(response.isSuccess),
            "url": .string(response.url), "headers": .object(HeadersView(response.headers)), "body": .of(response.body),
        ]
    }

    private static let longestURL = 8 << 10
    /// Bytes of all headers.
    private static let longestHeaders = 64 << 10
}
