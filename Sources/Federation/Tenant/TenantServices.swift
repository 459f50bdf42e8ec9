public import Diagnostics
public import Fetch
public import LuaBridge

/// What a host gives its tenants; each tenant gets of it what its options list.
public struct TenantServices: Sendable {
    /// How much a message matters.
    public enum Severity: String, Sendable { case debug, info, warning, error }

    /// What the host may want to know.
    public enum Event: Sendable {
        /// An instance went over a limit.
        case doomed(String, MFError)
        /// The tenant is kept out for a while.
        case suspended(String, for: Duration)
    }

    /// Where bytes come from; nil: from nowhere.
    public var fetcher: (any Fetcher)?
    /// The module that is shared under a name, as a value of the host; `.nil` when there is none.
    public var loadShare: @Sendable (String) async throws -> LuaValue
    /// The expose of a remote that belongs to a tenant, by request and tenant, as a value of the host.
    public var loadRemote: @Sendable (String, String) async throws -> LuaValue
    /// Takes what tenants log and print, and what is logged about them.
    public var log: @Sendable (Severity, String) -> Void
    /// Is told of dooms and suspensions.
    public var event: @Sendable (Event) -> Void

    /// Makes services; what is not named does not exist.
    public init(
        fetcher: (any Fetcher)? = nil,
        loadShare: @escaping @Sendable (String) async throws -> LuaValue = { _ in .nil },
        loadRemote: (@Sendable (String, String) async throws -> LuaValue)? = nil,
        log: @escaping @Sendable (Severity, String) -> Void = { _, _ in },
        event: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        (self.fetcher, self.loadShare) = (fetcher, loadShare)
        self.loadRemote = loadRemote ?? { throw MFError.foreignRemote($0, tenant: $1) }
        (self.log, self.event) = (log, event)
    }
}

extension Tenant {
    /// What the tenant's `mf` can reach: what its options list, and no more.
    func imports() -> [(String, TenantImport)] {
        var imports: [(String, TenantImport)] = [
            ("print", logger(.info)), ("log.debug", logger(.debug)), ("log.info", logger(.info)),
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
        if let fetcher = services.fetcher, !options.net.isEmpty {
            let policy = AddressPolicy(options.net)
            imports.append(
                (
                    "fetch",
                    asynchronous("fetch") { tenant, arguments in
                        [try await tenant.fetch(arguments, from: fetcher, policy)]
                    }
                ))
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
        TenantImport(severity.rawValue) { [name, services] arguments, _ in
            services.log(severity, "[\(name)] \(arguments.first?.stringValue ?? "")")
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

    private func fetch(_ arguments: [LuaValue], from fetcher: any Fetcher, _ policy: AddressPolicy) async throws
        -> LuaValue
    {
        guard case .string(let url)? = arguments.first else {
            throw MFError.badArgument(1, of: "fetch", "string expected")
        }
        guard url.utf8.count <= FetchRequest.longestURL else {
            throw MFError.badArgument(1, of: "fetch", "the URL is longer than \(FetchRequest.longestURL) bytes")
        }
        var request = FetchRequest(url: url, acceptsAnyStatus: true)
        request.timeout = min(request.timeout, options.wall)
        request.maxBytes = min(request.maxBytes, options.message)
        request.maxRedirects = 3
        request.addressPolicy = { policy.allows(host: $0, address: $1) }
        try request.take(arguments.count > 1 ? arguments[1] : .nil)
        guard let parts = URLParts(url), let scheme = parts.scheme, ["http", "https"].contains(scheme),
            parts.credentials == nil, let host = parts.host, policy.allows(host: host)
        else {
            throw MFError.tenantMayNot(name, "fetch `\(url)`", hint: "list the host in the tenant's `net`")
        }
        let response = try await fetcher.fetch(request)
        return [
            "status": .integer(Int64(response.status)), "ok": .boolean(response.isSuccess),
            "url": .string(response.url),
            "headers": .record(LuaRecord(response.headers.map { ($0.0.lowercased(), .string($0.1)) })),
            "body": .of(response.body),
        ]
    }
}

extension FetchRequest {
    fileprivate static let longestURL = 8 << 10
    private static let longestMethod = 32
    /// Bytes of all headers.
    private static let longestHeaders = 64 << 10

    /// What a tenant may say about a request.
    fileprivate mutating func take(_ options: LuaValue) throws {
        guard let record = options.recordValue else { return }
        if let method = record["method"].stringValue {
            guard method.utf8.count <= Self.longestMethod, Self.isToken(method) else {
                throw MFError.badArgument(2, of: "fetch", "no method: \(method)")
            }
            self.method = method
        }
        if let body = record["body"].bytesValue { self.body = body }
        if let headers = record["headers"].recordValue {
            guard headers.entries.reduce(0, { $0 + $1.key.heldBytes + $1.value.heldBytes }) <= Self.longestHeaders
            else {
                throw MFError.badArgument(2, of: "fetch", "more than \(Self.longestHeaders) bytes of headers")
            }
            self.headers = try headers.entries.compactMap { entry in
                guard let name = entry.key.stringValue, let value = entry.value.stringValue else { return nil }
                guard Self.isToken(name), value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 9 }) else {
                    throw MFError.badArgument(2, of: "fetch", "no header: \(name)")
                }
                return (name, value)
            }
        }
    }

    /// Whether a text can be a method or a header's name: with a line break in it, it would be a request of its own.
    private static func isToken(_ text: String) -> Bool {
        let marks = "!#$%&'*+-.^_`|~"
        return !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || marks.contains($0) }
    }
}
