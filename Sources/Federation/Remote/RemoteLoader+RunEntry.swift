import Diagnostics
import EventLoops
import Fetch
import LuaBridge

extension RemoteLoader {
    /// Compiles and runs a remote's entry in an environment of its own; returns what it returned.
    ///
    /// - Parameters:
    ///   - snapshot: The remote's version, where that is not the one that is current.
    ///   - lifetime: What the remote's code spawns belongs to it.
    func runEntry(
        _ source: [UInt8], name: String, remote: ResolvedRemote, snapshot: Snapshot?, lifetime: Lifetime
    ) async throws -> LuaValue {
        let modules = RemoteFiles(context, remote: remote, entry: name, snapshot: snapshot)
        let environment = try registry.environments.makeEnvironment(
            searcher: modules.searcher, path: "", advice: modules.advice)
        try registry.environments.giveLibrary(to: environment, owner: lifetime)
        modules.environment = environment
        registry.environments.keep(environment, of: remote.entryKey)
        let chunk: LuaFunction
        do {
            chunk = try state.load(source, name: "@" + redacted(name), environment: environment)
        } catch let error as MFError where error.code == .luaSyntax {
            guard let language = foreignLanguage(source, url: name) else { throw error }
            throw MFError.entryNotLua(name, found: language, cause: error)
        }
        return try await state.invoke(.function(chunk), [])
    }

    /// Runs a remote's entry in a tenant; returns its container.
    func runEntryInTenant(
        _ source: [UInt8], name: String, remote: ResolvedRemote, snapshot: Snapshot?, tenant: String,
        lifetime: Lifetime
    ) async throws -> LuaValue {
        let files = RemoteFiles(context, remote: remote, entry: name, snapshot: snapshot)
        let provided = registry.environments.provided
        let modules: TenantModules = { module in
            if let value = try await provided(module) { return value }
            guard let file = try await files.find(module) else { return nil }
            return .source(file.body, url: redacted(file.url))
        }
        let providedAtOnce = registry.environments.providedAtOnce
        let results = try await tenants.tenant(tenant).run(
            source, name: "@" + redacted(name), modules: modules, starter: "init",
            atOnce: { module in
                if case .found(let value) = providedAtOnce(module) { return .found(value) }
                return files.mayFind(module) ? .later : .absent
            }, lifetime: lifetime)
        return results.first ?? .nil
    }

    /// What a text that does not compile as Lua seems to be.
    private func foreignLanguage(_ source: [UInt8], url: String) -> String? {
        let start = source.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        if start.first == UInt8(ascii: "<") { return "HTML or XML" }
        let head = String(decoding: source.prefix(4_096), as: UTF8.self)
        let signs = [
            "\"use strict\"", "'use strict'", "/*", "//", "(()=>", "(function(", "var ", "const ", "let ", "import ",
            "export ",
            "!function",
        ]
        let trimmed = head.drop { $0.isWhitespace }
        let path = url.prefix { $0 != "?" && $0 != "#" }
        let isNamedSo = [".js", ".mjs", ".cjs"].contains(where: path.hasSuffix)
        return isNamedSo || signs.contains(where: trimmed.hasPrefix) ? "JavaScript" : nil
    }
}

extension MFError {
    /// An entry that is plainly something else than Lua.
    static func entryNotLua(_ url: String, found: String, cause: MFError) -> MFError {
        MFError(
            .luaSyntax, "`\(redacted(url))` is \(found), not Lua", context: [("entry", redacted(url))],
            hint:
                "the remote was built for another runtime: point `entry` at a manifest whose `remoteEntry` is a Lua file",
            cause: cause)
    }
}
