import Diagnostics
import LuaBridge

/// What becomes of a value that a tenant has put into an argument.
enum TenantChangeOutcome {
    /// It is taken, in this form.
    case replaced(LuaValue)
    /// It was taken otherwise, and the argument stays.
    case done
    /// It is dropped.
    case refused
}

extension TenantBorder {
    /// A result of a hook that is no waterfall, as the host goes on with it; nil where it is dropped, `.nil` where it means
    /// nothing.
    func accept<A>(_ value: LuaValue, _ tenancy: HookTenancy, _ arguments: A, _ subject: HookSubject) throws
        -> LuaValue?
    {
        switch tenancy {
        // A tenant does not stop the listeners behind its own, either.
        case .never, .ownOnly, .ignored: return .nil
        case .module:
            guard value.isCallable else { return .nil }
            return Self.some(value, if: mayChange(subject))
        case .container:
            guard value.isTruthy else { return .nil }
            return Self.some(container(value), if: mayChange(subject))
        case .share:
            guard value.isCallable else { return .nil }
            return Self.some(value, if: mayChange(subject) || TenantRequest.tenant == tenant)
        case .fetch:
            if value.bytesValue != nil { return Self.some(gift(value), if: owns(subject)) }
            guard value.isTruthy else { return .nil }
            return Self.some(
                gift(value), if: mayChange(subject) && (owns(subject) || !Self.holdsSource(value)))
        case .document:
            guard mayChange(subject) else { return nil }
            // `false` is a plan without anything.
            return gift(value.isTruthy ? value : .record(LuaRecord()))
        case .replacement:
            guard value.isTruthy, let error = arguments as? ErrorLoadRemote else { return .nil }
            return replacement(value, for: error, subject)
        }
    }

    private func replacement(_ value: LuaValue, for error: ErrorLoadRemote, _ subject: HookSubject) -> LuaValue? {
        guard mayChange(subject) else { return nil }
        switch error.lifecycle {
        case "beforeRequest":
            guard let id = value["id"].stringValue else { return .nil }
            return Self.some(["id": .string(id)], if: mayChange(.request(id)))
        case "afterResolve": return gift(value)
        case "beforeLoadShare": return container(value)
        case "revalidate": return .nil
        default: return plain(value)
        }
    }

    /// Whether a request is the text itself, `{ script = "…" }`.
    private static func holdsSource(_ value: LuaValue) -> Bool {
        [value["script"], value["link"]].contains { $0.bytesValue != nil || $0.recordValue != nil && holdsSource($0) }
    }

    /// A value where it counts, made only there. (A bare `nil` beside a value would be Lua's.)
    private static func some(_ value: @autoclosure () -> LuaValue, if counts: Bool) -> LuaValue? {
        if counts { return .some(value()) }
        return .none
    }

    private func gift(_ value: LuaValue) -> LuaValue { .object(TenantGift(plain(value), by: tenant)) }

    private func container(_ value: LuaValue) -> LuaValue {
        if case .object(let object) = value, let container = object as? TenantContainer { return container.value }
        return plain(value)
    }

    /// A value of the tenant with data in place of the host's objects.
    func plain(_ value: LuaValue, depth: Int = 0) -> LuaValue {
        guard depth < 64 else { return .nil }
        switch value {
        case .array(let elements): return .array(elements.map { plain($0, depth: depth + 1) })
        case .record(let record):
            return .record(
                LuaRecord(record.entries.map { .init(key: $0.key, value: plain($0.value, depth: depth + 1)) }))
        case .object(let object):
            if object is LuaErrorObject { return value }
            return object is TenantProjection ? (try? object.snapshot(depth: 8)) ?? .nil : .nil
        default: return value
        }
    }

    // MARK: - Changed arguments

    /// What becomes of a value that the tenant has put into an argument.
    func change<A>(
        _ change: TenantChange, _ name: String, to value: LuaValue, of arguments: A, _ subject: HookSubject
    ) throws -> TenantChangeOutcome {
        switch change {
        case .none: return .refused
        case .request:
            // Where the request leads in the end is looked at when all is changed.
            guard mayChange(subject), name != "id" || value.stringValue.map({ mayChange(.request($0)) }) ?? true else {
                return .refused
            }
            return .replaced(value)
        case .remote: return try changeRemote(name, to: value, subject)
        case .share: return try changeShare(to: value, of: arguments, subject)
        case .scope: return try changeScope(to: value, of: arguments, subject)
        }
    }

    private func changeRemote(_ name: String, to value: LuaValue, _ subject: HookSubject) throws
        -> TenantChangeOutcome
    {
        if case .object(let object) = value, let projection = object as? TenantProjection {
            // One of the host's own, which it shows to the tenant.
            guard mayChange(subject), let remote = projection.object as? Remote, name == "remote" else {
                return .refused
            }
            return mayChange(allOf: remote) ? .replaced(.object(remote)) : .refused
        }
        guard mayChangeAll(of: subject) else { return .refused }
        if value.isNil { return .refused }
        if name == "remoteSnapshot" {
            let snapshot = try Snapshot.fromLua(plain(value))
            snapshot.givenBy = tenant
            return .replaced(.object(snapshot))
        }
        let remote = try Remote.fromLua(plain(value))
        (remote.tenant, remote.givenBy) = (tenant, tenant)
        return mayChange(allOf: remote) ? .replaced(.object(remote)) : .refused
    }

    /// Whether the tenant may change all of the remote that a call is about.
    private func mayChangeAll(of subject: HookSubject) -> Bool {
        switch subject {
        case .expose(let remote, _), .remote(let remote): mayChange(allOf: remote)
        default: false
        }
    }

    private func changeShare<A>(to value: LuaValue, of arguments: A, _ subject: HookSubject) throws
        -> TenantChangeOutcome
    {
        guard mayChange(subject) else { return .refused }
        if let asked = arguments as? ResolveShare {
            guard value.isCallable else { return .refused }
            return .replaced(.callable(resolver(value, asked)))
        }
        guard let asked = arguments as? BeforeLoadShare else { return .refused }
        if !value.isTruthy { return .replaced(.boolean(false)) }
        if case .object(let object) = value, let shared = (object as? TenantProjection)?.object as? SharedModule {
            return .replaced(.object(shared))
        }
        let given = try SharedModule.fromLua(plain(value))
        let merged = asked.shareInfo?.copied() ?? SharedModule()
        (merged.version, merged.strategy) = (given.version ?? merged.version, given.strategy ?? merged.strategy)
        if !given.scope.isNil { merged.scope = .array(given.scopeNames.map { .string($0) }) }
        merged.requirement = given.requirement ?? merged.requirement
        // What another provides is not replaced.
        if !host.provides(asked.pkgName) { (merged.lib, merged.get) = (given.lib, given.get) }
        return .replaced(.object(merged))
    }

    /// A resolver of a tenant picks an entry that is there; where it picks none, the rules do.
    private func resolver(_ function: LuaValue, _ asked: ResolveShare) -> LuaCallable {
        LuaCallable("resolver") { [host] _ in
            let answer = try host.registry.state.invokeNow(function, [])
            let versions = host.shareScopeMap[asked.scope]?[asked.pkgName]
            var picked = answer
            if case .record(let record) = answer, !record["shared"].isNil { picked = record["shared"] }
            if case .object(let object) = picked, let entry = (object as? TenantProjection)?.object as? SharedModule {
                return [.object(entry)]
            }
            if let version = picked["version"].stringValue, let entry = versions?[version] { return [.object(entry)] }
            return [try host.registry.state.invokeNow(asked.resolver, [])]
        }
    }

    private func changeScope<A>(to value: LuaValue, of arguments: A, _ subject: HookSubject) throws
        -> TenantChangeOutcome
    {
        if owns(subject) { return .replaced(plain(value)) }
        guard case .record(let packages) = value, let asked = arguments as? BeforeInitContainer,
            case .object(let object) = asked.shareScope, let scope = object as? ShareScope
        else { return .refused }
        var isOffered = false
        for entry in packages.entries {
            guard let package = entry.key.stringValue, changes(share: package), scope[package] == nil,
                case .record(let given) = plain(entry.value)
            else { continue }
            let versions = LiveMap<SharedModule>()
            for version in given.entries {
                guard let number = version.key.stringValue else { continue }
                let shared = try SharedModule.fromLua(version.value)
                shared.from = tenant
                versions[number] = shared
            }
            scope[package] = versions
            isOffered = true
        }
        return isOffered ? .done : .refused
    }

    private func changes(share package: String) -> Bool { mayChange(.share(package)) }

    /// Whether two calls are about the same.
    func isSame(_ a: HookSubject, _ b: HookSubject) -> Bool {
        switch (a, b) {
        case (.request(let a), .request(let b)): a == b
        case (.expose(let a, let first), .expose(let b, let second)): a === b && first == second
        case (.remote(let a), .remote(let b)): a === b
        case (.share(let a), .share(let b)): a == b
        case (.host, .host): true
        default: false
        }
    }
}

extension HostContext {
    /// Whether somebody provides a shared package: the host itself, or whoever has joined one of its scopes.
    fileprivate func provides(_ package: String) -> Bool {
        options.shared[package] != nil || shareScopeMap.values.contains { $0[package] != nil }
    }
}

/// The tenant that asks for the share that is being loaded, if one does.
enum TenantRequest {
    @TaskLocal static var tenant: String?
}
