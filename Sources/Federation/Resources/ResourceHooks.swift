import Diagnostics
import Fetch
import LuaBridge

/// What listeners make of the requests for a remote's resources, and of those that fail.
struct ResourceHooks: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    /// Lets the listeners of createScript or createLink change how a URL is requested.
    func request(
        _ url: String, asking hook: SyncHook<CreateScript>, _ attributes: LuaRecord, remoteInfo: ResolvedRemote?,
        reason: ResourceContext?
    ) throws -> ScriptRequest {
        var request = ScriptRequest(url: url)
        let result = try hooks.emit(
            hook, CreateScript(url: url, attributes: attributes, remoteInfo: remoteInfo, resourceContext: reason)
        ).given
        request.givenBy = result.tenant
        try request.apply(result.value, hook: hook.name)
        return request
    }

    /// Asks `loadFileError` for a file of a remote that could not be fetched.
    ///
    /// - Returns: What a listener had from elsewhere, or by asking again; nothing where none had it.
    func recoverFile(
        _ url: String, of remote: ResolvedRemote, error: any Error, reason: ResourceContext? = nil
    ) async throws -> FetchedFile? {
        guard hooks.hears(lifecycle.loadFileError) else { return nil }
        let (value, giver) = try await hooks.emit(
            lifecycle.loadFileError,
            LoadFileError(
                url: url, remoteInfo: remote, error: error, retry: .callable(retry(url, of: remote)),
                resourceContext: reason, context: context)
        ).given
        // What a tenant gives runs in the tenant: a file of it can only be one of its own remotes.
        guard giver == nil || giver == remote.tenant else { return nil }
        guard let response = try HookResponse(value) else { return nil }
        let file = try response.successful(for: lifecycle.loadFileError.name, url)
        resources.note(part: file.url, ResourceValidator(file.body), of: remote)
        return file
    }

    /// `args.retry` of `fetch` and `loadFileError`. A tenant's file is asked for with the tenant's rights wherever it lies;
    /// another's where it was asked for with the remote's rights, and elsewhere with those of a plugin.
    func retry(_ url: String, of remote: ResolvedRemote) -> LuaCallable {
        LuaCallable(async: "retry") { [self] call in
            let target = try call.optionalString(0) ?? url
            if remote.tenant == nil, Origin.split(target)?.0 != Origin.split(url)?.0 {
                let response = try await registry.fetcher.fetch(remote.request(target))
                return [.object(ResponseView(response, origins: registry.origins))]
            }
            let file = try await resources.fetchPart(
                remote.request(target), of: remote, as: try principal(of: remote))
            let response = FetchResponse(url: file.url, body: file.body)
            return [.object(ResponseView(response, origins: registry.origins))]
        }
    }
}

extension MFError {
    /// Whether a resource could not be fetched, and asking again or elsewhere may help.
    var isFetchFailure: Bool {
        code.rawValue.hasPrefix("FETCH-") && code != .fetchCancelled && code != .fetchPolicy
    }
}
