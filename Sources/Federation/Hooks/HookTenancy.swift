/// What a tenant's plugin sees of an argument.
///
/// Whatever is declared, a tenant never sees functions, containers, modules or factories of others, and of a URL neither
/// credentials nor query.
public enum TenantSight: Sendable {
    /// The argument is absent.
    case hidden
    /// Its data: texts, numbers, flags, and tables of them.
    case data
    /// Its data, where the remote belongs to the tenant; else the argument is absent.
    case own
    /// The code of an error and what it means; the text, where the remote belongs to the tenant.
    case error
    /// The host as the tenant's own: its remotes, the names of others that it hears of, and what it may ask for.
    case origin
    /// A function made for the tenant, where `changes` allows the remote; else the argument is absent.
    case granted

    var reference: String {
        switch self {
        case .hidden: "nothing"
        case .data: "its data"
        case .own: "its data, for its own remotes"
        case .error: "the code; the text, for its own remotes"
        case .origin: "its own view"
        case .granted: "one of its own, where it may change the remote"
        }
    }
}

/// What a tenant's plugin changes by putting another value into an argument.
public enum TenantChange: Sendable {
    /// Nothing: the value is not looked at.
    case none
    /// The request, where `changes` allows the one that was made and the one that it becomes.
    case request
    /// The remote, where `changes` allows all of it; what is given runs in the tenant, and is fetched as the tenant.
    case remote
    /// The shared module, where `changes` allows `share:NAME`; no entry of another owner is replaced.
    case share
    /// What the tenant's own remotes get; packages that `changes` allows are offered to others.
    case scope

    var reference: String {
        switch self {
        case .none: "nothing"
        case .request: "the request"
        case .remote: "the remote"
        case .share: "the share"
        case .scope: "its own remotes' scope"
        }
    }
}

/// When a hook is called in a tenant, and what its result changes there.
public enum HookTenancy: Sendable {
    /// Never: the hook decides on what belongs to the host alone.
    case never
    /// For the registration of the tenant's own.
    case ownOnly
    /// For what the tenant hears of; the result, beside the arguments of a waterfall, does nothing.
    case ignored
    /// For what it hears of; a function replaces a module or factory, where `changes` allows the request.
    case module
    /// A table or object replaces a container, where `changes` allows the remote.
    case container
    /// A request, fetched as the tenant; source text only for the tenant's own remotes.
    case fetch
    /// A manifest, a response or a plan, where `changes` allows the remote; all that it names is the tenant's.
    case document
    /// A module, a container, a manifest or arguments, by the step that failed.
    case replacement
    /// A function is the factory of a shared module, where `changes` allows it, and for what the tenant asked for.
    case share

    var reference: String {
        switch self {
        case .never: "never called"
        case .ownOnly: "called for its own remotes only"
        case .ignored: "called for what it hears of"
        case .module: "called for what it hears of; the result counts where `changes` allows the request"
        case .container: "called for what it hears of; the result counts where `changes` allows the remote"
        case .fetch:
            "called for what it hears of; a request counts where `changes` allows the remote and is made as the tenant, "
                + "source text counts for its own remotes"
        case .document:
            "called for what it hears of; the result counts where `changes` allows the remote, and what it names is "
                + "fetched and run as the tenant"
        case .replacement: "called for what it hears of; the result counts where `changes` allows what it replaces"
        case .share: "called for what it hears of; the result counts where `changes` allows `share:NAME`"
        }
    }
}

/// A remote as the subject of a call: its name, and whose it is.
public protocol SubjectRemote: AnyObject, Sendable {
    /// The name that requests begin with.
    var name: String { get }
    /// The tenant whose sandbox the remote's code runs in; nil: the host's own state.
    var tenant: String? { get }
}

/// Whose load, share or registration a call of a hook is about: what `hears` and `changes` are matched against.
public enum HookSubject: Sendable {
    /// A request as it was made.
    case request(String)
    /// An expose of a remote.
    case expose(any SubjectRemote, String)
    /// A remote with all its exposes.
    case remote(any SubjectRemote)
    /// Several remotes, by name or alias.
    case remotes([String])
    /// A shared package.
    case share(String)
    /// A remote that is being registered.
    case registration(any SubjectRemote)
    /// The host itself.
    case host
}
