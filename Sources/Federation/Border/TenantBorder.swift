import Diagnostics
import LuaBridge

/// What a tenant hears of its host's work, and what its plugin may change of it.
///
/// Whether a hook is called, what the listener sees, and which of its results count is decided here and in
/// ``TenantListener``, from what the hooks' declarations say, for both levels alike.
package final class TenantBorder {
    let principal: Tenant
    /// The plugin whose hooks are called; nil: the border counts for what is handed to the tenant's other code.
    private let plugin: TenantPlugin?
    unowned let host: HostContext
    private let hearing: TenantPatterns
    private let changing: TenantPatterns
    /// The hooks whose results were dropped, each told once.
    private var told: Set<String> = []

    var tenant: String { principal.name }

    convenience init(_ plugin: TenantPlugin, host: HostContext) { self.init(plugin.tenant, plugin, host: host) }

    init(_ tenant: Tenant, _ plugin: TenantPlugin? = nil, host: HostContext) {
        (principal, self.plugin, self.host) = (tenant, plugin, host)
        hearing = TenantPatterns(tenant.options.hears)
        changing = TenantPatterns(tenant.options.changes)
    }

    // MARK: - Owners

    private enum Owner { case own, host, other }

    private func owner(ofTenant name: String?) -> Owner {
        guard let name else { return .host }
        return name == tenant ? .own : .other
    }

    /// Who owns a remote: what is registered under its name decides, whatever a load has made of it.
    private func owner(of remote: any SubjectRemote) -> Owner {
        let registered = host.index.remote(exactly: remote.name, in: host.options.remotes)
        return owner(ofTenant: registered.map(\.tenant) ?? remote.tenant)
    }

    /// Whether a call is about the tenant's own.
    func owns(_ subject: HookSubject) -> Bool {
        switch subject {
        case .request(let id):
            host.index.match(id, in: host.options.remotes).map { owner(of: $0.remote) == .own } ?? false
        case .expose(let remote, _), .remote(let remote): owner(of: remote) == .own
        case .remotes(let names):
            !names.isEmpty
                && names.allSatisfy {
                    host.index.remote(named: $0, in: host.options.remotes).map { owner(of: $0) == .own } ?? false
                }
        case .registration(let remote): owner(ofTenant: remote.tenant) == .own
        case .share, .host: false
        }
    }

    // MARK: - Hearing

    /// Whether the tenant hears of a call.
    func hears(_ subject: HookSubject) -> Bool {
        switch subject {
        case .request(let id):
            guard let match = host.index.match(id, in: host.options.remotes) else { return hearing.match(id: id) }
            return hears(match.remote, match.request.expose)
        case .expose(let remote, let expose): return hears(remote, expose)
        case .remote(let remote): return hears(remote)
        case .remotes(let names):
            return names.contains { name in
                host.index.remote(named: name, in: host.options.remotes).map { hears($0) } ?? hearing.match(id: name)
            }
        case .share(let package): return hearing.match(share: package)
        case .registration(let remote): return owner(ofTenant: remote.tenant) == .own
        case .host: return false
        }
    }

    private func hears(_ remote: any SubjectRemote, _ expose: String) -> Bool {
        let isForeign = owner(of: remote) == .other
        return hearing.match(
            id: RemoteRequest.id(remote: remote.name, expose: expose), foreign: isForeign ? remote.name : nil)
    }

    /// Whether the tenant hears of some expose of a remote.
    func hears(_ remote: any SubjectRemote) -> Bool {
        hearing.matchSome(of: remote.name, foreign: owner(of: remote) == .other)
    }

    /// Whether the tenant hears of a shared package.
    func hears(share package: String) -> Bool { hearing.match(share: package) }

    /// Whether the tenant may be told who provides or uses a share: itself, the host, and remotes that it hears of.
    func mayTell(_ name: String) -> Bool {
        if let remote = host.index.remote(exactly: name, in: host.options.remotes) {
            return owns(.remote(remote)) || hears(remote)
        }
        return name == tenant || name == host.name
    }

    // MARK: - Changing

    /// Whether the tenant may change what a call is about.
    func mayChange(_ subject: HookSubject) -> Bool {
        if owns(subject) { return true }
        switch subject {
        case .request(let id):
            guard let match = host.index.match(id, in: host.options.remotes) else { return changing.match(id: id) }
            return mayChange(match.remote, match.request.expose)
        case .expose(let remote, let expose): return mayChange(remote, expose)
        case .remote(let remote): return mayChange(allOf: remote)
        case .remotes(let names):
            return names.allSatisfy { name in
                host.index.remote(named: name, in: host.options.remotes).map { mayChange(allOf: $0) }
                    ?? changing.matchAll(of: name, foreign: false)
            }
        case .share(let package): return changing.match(share: package)
        case .registration, .host: return false
        }
    }

    private func mayChange(_ remote: any SubjectRemote, _ expose: String) -> Bool {
        let isForeign = owner(of: remote) == .other
        return changing.match(
            id: RemoteRequest.id(remote: remote.name, expose: expose), foreign: isForeign ? remote.name : nil)
    }

    /// Whether the tenant may change a remote with all its exposes.
    func mayChange(allOf remote: any SubjectRemote) -> Bool {
        let owner = owner(of: remote)
        return owner == .own || changing.matchAll(of: remote.name, foreign: owner == .other)
    }

    /// The pattern that `changes` would need.
    private func grant(for subject: HookSubject) -> String {
        switch subject {
        case .request(let id):
            guard let match = host.index.match(id, in: host.options.remotes) else { return id }
            return RemoteRequest.id(remote: match.remote.name, expose: match.request.expose)
        case .expose(let remote, let expose): return RemoteRequest.id(remote: remote.name, expose: expose)
        case .remote(let remote), .registration(let remote): return "\(remote.name)/**"
        case .remotes(let names): return names.map { "\($0)/**" }.joined(separator: "\", \"")
        case .share(let package): return TenantPatterns.sharePrefix + package
        case .host: return "*"
        }
    }

    /// Whether the failure of a hook is the failure of what it was called for. A registration is one of several in a call of
    /// the owner's, such as `mf.init`: a tenant does not fail it for all.
    private func mayFail(_ subject: HookSubject) -> Bool {
        if case .registration = subject { return false }
        return mayChange(subject)
    }

    // MARK: - What is dropped

    /// Whether it is that of a plugin's hooks.
    var isOfHook: Bool { plugin != nil }
    private var pluginName: String { plugin?.qualifiedName ?? tenant }
    private var failsClosed: Bool { plugin?.failsClosed ?? false }

    /// Whether the failure of a hook fails what it was called for.
    func failsClosed(for subject: HookSubject) -> Bool { failsClosed || mayFail(subject) }

    /// Says of each hook of the plugin that is never called in a tenant that it is not.
    func tellOfHooksNeverCalled() {
        guard let plugin else { return }
        for hook in plugin.hooks where Lifecycle.table.named[hook]?.tenancy == .never {
            principal.services.log(
                .warning,
                "`\(hook)` of plugin `\(plugin.qualifiedName)` is never called: it decides on matters reserved to the host"
            )
        }
    }

    /// Notes that a result is passed over; the first of a hook is logged with the grant that it lacks.
    func drop(_ what: String, of hook: String, _ subject: HookSubject) {
        principal.drops += 1
        guard told.insert(hook).inserted else { return }
        let error = MFError.resultDropped(what, of: hook, plugin: pluginName, lacks: grant(for: subject))
        principal.services.log(.warning, "\(error.message); \(error.hint ?? "") [\(error.code)]")
    }

    /// Throws the error of a listener where it counts; else the load goes on as if the listener had returned nothing.
    func failed(_ error: any Error, in hook: String, _ subject: HookSubject) throws {
        if error is LoadTime.Up {
            if failsClosed { throw MFError.loadTimeUsed(tenant, principal.options.wall) }
            return drop("was skipped: the tenant's `wall` for one load is used up", of: hook, subject)
        }
        if error is CancellationError || failsClosed(for: subject) { throw error }
        LoadTime.current?.passOver(error, of: hook, plugin: pluginName)
        drop("failed (\((error as? MFError)?.message ?? "\(error)"))", of: hook, subject)
    }
}

extension MFError {
    /// A tenant's plugin gave a result, or failed, where it may change nothing.
    static func resultDropped(_ what: String, of hook: String, plugin: String, lacks pattern: String) -> MFError {
        MFError(
            .capabilityMissing, "`\(hook)` of plugin `\(plugin)` \(what); the load continues without it",
            context: [("hook", hook), ("plugin", plugin)],
            hint: "to let it change this, add \"\(pattern)\" to the tenant's `changes`")
    }
}
