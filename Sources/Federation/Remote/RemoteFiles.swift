import Diagnostics
import Fetch
import LuaBridge

/// A remote's own files, as `require` in its code finds them: `disk.lua`, then `disk/init.lua`, below its public path
/// where its manifest lists them, or below the folder of a pure entry.
final class RemoteFiles: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private let host: Host
    private let remote: ResolvedRemote
    private let entry: String
    /// The version that the code belongs to, while the remote may have become another.
    private let ownSnapshot: Snapshot?
    weak var environment: LuaTable?

    init(host: Host, remote: ResolvedRemote, entry: String, snapshot: Snapshot?) {
        (self.host, self.remote, self.entry) = (host, remote, entry)
        ownSnapshot = snapshot ?? host.registry.snapshot(readBy: remote)
    }

    /// A searcher in the sense of `package.searchers` that may wait.
    var searcher: LuaCallable {
        LuaCallable(async: "remote files") { [self] call in
            let (file, tried) = try await search(try call.string(0))
            guard let file else { return [.string(tried)] }
            let chunk = try host.runtime.state.load(
                file.body, name: "@" + redacted(file.url), environment: environment)
            return [.function(chunk), .string(file.url)]
        }
    }

    /// What is to be done when a module is not found.
    var advice: String {
        snapshot == nil
            ? "check the name: the files of a remote without manifest lie beside its entry"
            : "check the name, and that the remote's manifest lists the file among the assets of an expose"
    }

    /// The file of a module; nil when there is none.
    func find(_ module: String) async throws -> FetchedFile? { try await search(module).file }

    /// Whether there may be such a module: whether one of its files would be asked for.
    func mayFind(_ module: String) -> Bool { candidates(module).contains { (try? url(of: $0)) != nil } }

    private var snapshot: Snapshot? { ownSnapshot ?? host.registry.snapshot(readBy: remote) }

    private func search(_ module: String) async throws -> (file: FetchedFile?, tried: String) {
        var tried = ""
        for candidate in candidates(module) {
            guard let url = try url(of: candidate) else {
                tried += "\n\tthe remote's manifest does not list `\(candidate)`"
                continue
            }
            if let file = try await file(at: url) { return (file, tried) }
            tried += "\n\tno file at `\(redacted(url))`"
        }
        return (nil, tried)
    }

    private func candidates(_ module: String) -> [String] {
        let path = module.replacing(".", with: "/")
        return [path + ".lua", path + "/init.lua"]
    }

    /// Fetches a file, or asks `loadFileError` for it; nil when the server says that it has none.
    private func file(at url: String) async throws -> FetchedFile? {
        do {
            return try await host.runtime.part(remote.request(url), of: remote, as: try host.principal(of: remote))
        } catch let error as MFError where error.isFetchFailure {
            // Of what nobody has listed, it is no failure that it is not there: the next name is tried.
            let isExpected = snapshot != nil || !error.saysAbsent
            if isExpected, let other = try await host.recoverFile(url, of: remote, error: error) { return other }
            if error.saysAbsent {
                host.registry.absentFiles[remote.name, default: []].insert(url)
                return nil
            }
            throw MFError.remoteFileFailed(url, of: remote, cause: error)
        }
    }

    private func url(of file: String) throws -> String? {
        guard let snapshot else {
            let url = resolve(file, against: entry)
            guard URLParts.mayName(url, in: entry) else { throw MFError.namedByManifest(url, manifest: entry) }
            return url
        }
        guard snapshot.lists(asset: file) else { return nil }
        return try snapshot.checked(snapshot.resourceURL(file))
    }
}

extension Host {
    /// Asks `loadFileError` for a file of a remote that could not be fetched.
    ///
    /// - Returns: What a listener had from elsewhere, or by asking again; nothing where none had it.
    func recoverFile(
        _ url: String, of remote: ResolvedRemote, error: any Error, context: ResourceContext? = nil
    ) async throws -> FetchedFile? {
        guard hooks.hears(lifecycle.loadFileError) else { return nil }
        let (value, giver) = try await hooks.emit(
            lifecycle.loadFileError,
            LoadFileError(
                url: url, remoteInfo: remote, error: error, retry: .callable(retry(url, of: remote)),
                resourceContext: context, origin: self)
        ).given
        // What a tenant gives runs in the tenant: a file of it can only be one of its own remotes.
        guard giver == nil || giver == remote.tenant else { return nil }
        guard let response = try HookResponse(value) else { return nil }
        let file = try response.successful(for: lifecycle.loadFileError.name, url)
        runtime.note(part: file.url, ResourceValidator(file.body), of: remote)
        return file
    }

    /// `args.retry` of `loadFileError`. What lies where the file was asked for is asked for with the remote's rights, not
    /// with those of the plugin.
    private func retry(_ url: String, of remote: ResolvedRemote) -> LuaCallable {
        LuaCallable(async: "retry") { [self] call in
            let target = try call.optionalString(0) ?? url
            if Origin.split(target)?.0 != Origin.split(url)?.0 {
                let response = try await runtime.fetcher.fetch(remote.request(target))
                return [.object(ResponseView(response, origins: runtime.origins))]
            }
            let file = try await runtime.fetchPart(
                remote.request(target), of: remote, as: try principal(of: remote))
            let response = FetchResponse(url: file.url, body: file.body)
            return [.object(ResponseView(response, origins: runtime.origins))]
        }
    }
}

extension MFError {
    /// Whether a resource could not be fetched, and asking again or elsewhere may help.
    var isFetchFailure: Bool {
        code.rawValue.hasPrefix("FETCH-") && code != .fetchCancelled && code != .fetchPolicy
    }

    /// A file of a remote that could not be fetched, which is something else than that it is not there.
    static func remoteFileFailed(_ url: String, of remote: ResolvedRemote, cause: MFError) -> MFError {
        MFError(
            cause.code, "`\(redacted(url))` of remote `\(remote.name)` could not be loaded: \(cause.message)",
            context: [("remote", remote.name)] + cause.context.map { ($0.key, $0.value) }, hint: cause.hint,
            cause: cause)
    }
}

extension String {
    /// The text with every occurrence of a character replaced.
    func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}
