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
    private let snapshot: Snapshot?
    weak var environment: LuaTable?

    init(host: Host, remote: ResolvedRemote, entry: String, snapshot: Snapshot?) {
        (self.host, self.remote, self.entry) = (host, remote, entry)
        self.snapshot = snapshot ?? host.registry.snapshot(readBy: remote)
    }

    /// A searcher in the sense of `package.searchers` that may wait.
    var searcher: LuaCallable {
        LuaCallable(async: "remote files") { [self] call in
            try await search(try call.string(0))
        }
    }

    private func search(_ module: String) async throws -> LuaValues {
        var tried = ""
        for candidate in candidates(module) {
            guard let url = try url(of: candidate) else {
                tried += "\n\tthe remote's manifest does not list `\(candidate)`"
                continue
            }
            do {
                let source = try await source(of: url)
                let chunk = try host.runtime.state.load(source, name: "@" + redacted(url), environment: environment)
                return [.function(chunk), .string(url)]
            } catch MFError.Code.fetchStatus {
                tried += "\n\tno file at `\(redacted(url))`"
            }
        }
        return [.string(tried)]
    }

    /// The text of a module and where it is; nil when there is none.
    func find(_ module: String) async throws -> (source: [UInt8], url: String)? {
        for candidate in candidates(module) {
            guard let url = try url(of: candidate) else { continue }
            do { return (try await source(of: url), url) } catch MFError.Code.fetchStatus { continue }
        }
        return nil
    }

    private func candidates(_ module: String) -> [String] {
        let path = module.replacing(".", with: "/")
        return [path + ".lua", path + "/init.lua"]
    }

    private func source(of url: String) async throws -> [UInt8] {
        try await host.runtime.part(FetchRequest(url: url), of: remote, as: try host.principal(of: remote))
    }

    private func url(of file: String) throws -> String? {
        guard let snapshot = snapshot ?? host.registry.snapshot(readBy: remote) else {
            let url = resolve(file, against: entry)
            guard URLParts.mayName(url, in: entry) else { throw MFError.namedByManifest(url, manifest: entry) }
            return url
        }
        guard snapshot.lists(asset: file) else { return nil }
        return try snapshot.checked(snapshot.resourceURL(file))
    }
}

extension String {
    /// The text with every occurrence of a character replaced.
    func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}
