package import Diagnostics
package import Fetch
import Federation
import LuaBridge
import Posix

/// The types of a host's remotes: what `mflua types` writes for the Lua language server.
package struct RemoteTypes: Sendable {
    /// The files, by name, sorted.
    package private(set) var files: [(name: String, text: String)] = []
    /// What went wrong, remote by remote.
    package private(set) var failures: [MFError] = []

    /// Asks each remote for its manifest, and for the types that it names.
    package init(of remotes: [TypedRemote], from fetcher: any Fetcher) async {
        var overloads: [String] = []
        for remote in remotes {
            do {
                let (text, exposes) = try await Self.types(of: remote, from: fetcher)
                files.append((Self.fileName(of: remote.name), text))
                overloads += exposes.map { expose in
                    let id = expose.name == "." ? remote.name : "\(remote.name)/\(expose.name)"
                    return "---@overload fun(id: \(id.luaLiteral)): \(expose.type)"
                }
            } catch {
                failures.append(
                    (error as? MFError)
                        ?? MFError(.typesMissing, "the types of remote `\(remote.name)` failed: \(error)"))
            }
        }
        guard !overloads.isEmpty else { return }
        let text = """
            ---@meta
            -- Written by `mflua types`.
            error("Cannot require a meta file")

            ---@class mf
            local mf = {}

            \(overloads.joined(separator: "\n"))
            ---@param id string
            ---@param options? mf.LoadRemoteOptions
            ---@return any
            function mf.loadRemote(id, options) end

            """
        files.append(("mf-remotes.lua", text))
        files.sort { $0.name < $1.name }
    }

    private static func fileName(of remote: String) -> String {
        String(remote.map { $0.isLetter || $0.isNumber || "_-.".contains($0) ? $0 : "_" }) + ".lua"
    }

    /// - Throws: ``MFError`` with `BUILD-012` for a remote without types, a `FETCH` code for what cannot be had.
    private static func types(
        of remote: TypedRemote, from fetcher: any Fetcher
    ) async throws -> (text: String, exposes: [(name: String, type: String)]) {
        var request = FetchRequest(url: remote.manifest)
        request.files = .any
        let answer: FetchResponse
        do { answer = try await fetcher.fetch(request) } catch let error as MFError {
            throw MFError.typesFailed(remote, "its manifest cannot be had", cause: error)
        }
        let manifest: Manifest
        do { manifest = try Manifest(try JSON.decode(answer.body)) } catch let error as MFError {
            throw MFError.typesFailed(remote, "its manifest is wrong", cause: error)
        }
        guard let url = manifest.typesURL(answered: answer.url) else { throw MFError.typesMissing(remote) }
        request.url = url
        let source: [UInt8]
        do { source = try await fetcher.fetch(request).body } catch let error as MFError {
            throw MFError.typesFailed(remote, "`\(URLParts.redacted(url))` cannot be had", cause: error)
        }
        if let fault = try SourceReader.compile([("types", source)]).first {
            throw MFError.typesFailed(
                remote, "they do not compile, line \(fault.line ?? 0): \(fault.message)", cause: nil)
        }
        let name = manifest.name ?? remote.name
        return (
            String(decoding: source, as: UTF8.self),
            manifest.exposes.map { ($0.name, TypeStubs.type(of: $0.name, remote: name)) }
        )
    }

    /// Writes the files into a folder; one that is there with the same text is left alone.
    ///
    /// - Throws: ``MFError`` with `CLI-006`.
    package static func write(_ files: [(name: String, text: String)], into folder: String) throws {
        do {
            try FileTree.makeFolder(folder)
            for file in files where !isCurrent(file, in: folder) {
                let aside = "\(folder)/.\(file.name).new"
                try File.write(file.text, to: aside)
                try File.move(aside, to: "\(folder)/\(file.name)")
            }
        } catch {
            throw MFError(.cannotWrite, "cannot write `\(folder)`", context: [("reason", error.description)])
        }
    }

    /// Whether a folder has a file with this text.
    package static func isCurrent(_ file: (name: String, text: String), in folder: String) -> Bool {
        (try? File.read("\(folder)/\(file.name)")) == Array(file.text.utf8)
    }
}

extension Manifest {
    /// Where the types of the API are; nil where the manifest names none.
    fileprivate func typesURL(answered url: String) -> String? {
        let api = metaData.types.api
        guard !api.isEmpty else { return nil }
        let path = metaData.publicPath ?? "auto"
        let base =
            path == "auto" || path.isEmpty
            ? Federation.Remote.autoPublicPath(of: url) : URLParts.resolve(path, against: url)
        return base + Federation.Remote.joinEntry(path: metaData.types.path, name: api)
    }
}

extension MFError {
    fileprivate static func typesMissing(_ remote: TypedRemote) -> MFError {
        MFError(
            .typesMissing, "remote `\(remote.name)` has no types",
            context: [("manifest", URLParts.redacted(remote.manifest))],
            hint: "its manifest names none in `metaData.types.api`; `mflua build` writes them unless `dts = false`")
    }

    fileprivate static func typesFailed(_ remote: TypedRemote, _ reason: String, cause: MFError?) -> MFError {
        MFError(
            .typesMissing, "the types of remote `\(remote.name)` failed: \(reason)",
            context: [("manifest", URLParts.redacted(remote.manifest))], hint: cause?.hint, cause: cause)
    }
}
