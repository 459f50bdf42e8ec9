import Diagnostics
import Fetch
import LuaBridge

/// A remote's own files, as `require` in its code finds them: `disk.lua`, then `disk/init.lua`, below its public path
/// where its manifest lists them, or below the folder of a pure entry.
final class RemoteFiles: HostService, @unchecked Sendable {
    // Constants, but for `environment`, which is set before the code that searches is run.
    let context: HostContext
    private let remote: ResolvedRemote
    private let entry: String
    /// The version that the code belongs to, while the remote may have become another.
    private let ownSnapshot: Snapshot?
    weak var environment: LuaTable?

    init(_ context: HostContext, remote: ResolvedRemote, entry: String, snapshot: Snapshot?) {
        (self.context, self.remote, self.entry) = (context, remote, entry)
        ownSnapshot = snapshot ?? context.registry.snapshot(readBy: remote)
    }

    /// A searcher in the sense of `package.searchers` that may wait.
    var searcher: LuaCallable {
        LuaCallable(async: "remote files") { [self] call in
            let (file, tried) = try await search(try call.string(0))
            guard let file else { return [.string(tried)] }
            let chunk = try state.load(
                file.body, name: "@" + URLParts.redacted(file.url), environment: environment)
            return [.function(chunk), .string(file.url)]
        }
    }

    /// What is to be done when a module is not found.
    var advice: String {
        snapshot == nil
            ? "check the name: files of a remote without a manifest are looked up next to its entry"
            : "check the name, and that the remote's manifest lists the file among the assets of an expose"
    }

    /// The file of a module; nil when there is none.
    func find(_ module: String) async throws -> FetchedFile? { try await search(module).file }

    /// Whether there may be such a module: whether one of its files would be asked for.
    func mayFind(_ module: String) -> Bool { candidates(module).contains { (try? url(of: $0)) != nil } }

    private var snapshot: Snapshot? { ownSnapshot ?? registry.snapshot(readBy: remote) }

    private func search(_ module: String) async throws -> (file: FetchedFile?, tried: String) {
        var tried = ""
        for candidate in candidates(module) {
            guard let url = try url(of: candidate) else {
                tried += "\n\tthe remote's manifest does not list `\(candidate)`"
                continue
            }
            if let file = try await file(at: url) { return (file, tried) }
            tried += "\n\tno file at `\(URLParts.redacted(url))`"
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
            return try await resources.part(remote.request(url), of: remote, as: try principal(of: remote))
        } catch let error as MFError where error.isFetchFailure {
            // Of what nobody has listed, it is no failure that it is not there: the next name is tried.
            let isExpected = snapshot != nil || !error.saysAbsent
            if isExpected, let other = try await ResourceHooks(context).recoverFile(url, of: remote, error: error) {
                return other
            }
            if error.saysAbsent {
                registry.absentFiles[remote.name, default: []].insert(url)
                return nil
            }
            throw MFError.remoteFileFailed(url, of: remote, cause: error)
        }
    }

    private func url(of file: String) throws -> String? {
        guard let snapshot else {
            let url = URLParts.resolve(file, against: entry)
            guard URLParts.mayName(url, in: entry) else { throw MFError.namedByManifest(url, manifest: entry) }
            return url
        }
        guard snapshot.lists(asset: file) else { return nil }
        return try snapshot.checked(snapshot.resourceURL(file))
    }
}

extension MFError {
    /// A file of a remote that could not be fetched, which is something else than that it is not there.
    static func remoteFileFailed(_ url: String, of remote: ResolvedRemote, cause: MFError) -> MFError {
        MFError(
            cause.code, "`\(URLParts.redacted(url))` of remote `\(remote.name)` could not be loaded: \(cause.message)",
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
