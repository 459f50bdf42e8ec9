import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import OrderedCollections

extension RemoteLoader {
    /// The container of a remote, loaded once per remote and entry in the runtime; hosts and requests share the load.
    ///
    /// A failure is not remembered: the next request tries again.
    func loadContainer(_ remoteInfo: ResolvedRemote, reason: ResourceContext?) async throws -> Container {
        let key = remoteInfo.entryKey
        if let known = registry.entryLoads[key] { return try await known.value }
        let load = SingleFlight(on: loop, entryActivity(of: remoteInfo)) { [self] in
            try await loadEntry(remoteInfo, reason: reason, url: nil, isRetry: false)
        }
        registry.entryLoads[key] = load
        do {
            return try await load.value
        } catch {
            if registry.entryLoads[key] === load { registry.entryLoads[key] = nil }
            throw error
        }
    }

    /// The same as a function of the host's data: what preloads of a plan call.
    static let loadContainer: Preloader.LoadContainer = { context, remoteInfo, reason in
        try await RemoteLoader(context).loadContainer(remoteInfo, reason: reason)
    }

    private func entryActivity(of remoteInfo: ResolvedRemote) -> Activity {
        Activity("entry of `\(remoteInfo.name)`", .part(of: remoteInfo.name))
    }

    /// Loads an entry and tells afterLoadEntry how it ended; loadEntryError may give another container.
    private func loadEntry(
        _ remoteInfo: ResolvedRemote, reason: ResourceContext?, url: String?, isRetry: Bool
    ) async throws -> Container {
        let container: Container
        let isKept: Bool
        do {
            (container, isKept) = try await fromHookOrEntry(remoteInfo, reason: reason, url: url)
        } catch let error where !(error is CancellationError) {
            if !isRetry, EntryFailure.isOfEntry(error), let other = try await retried(remoteInfo, error: error) {
                try await afterLoadEntry(remoteInfo, other, recovered: true)
                return other
            }
            try await afterLoadEntry(remoteInfo, nil, error: error)
            throw error
        }
        try await afterLoadEntry(remoteInfo, container)
        if isKept { registry.containers[remoteInfo.containerKey] = container }
        return container
    }

    private func afterLoadEntry(
        _ remoteInfo: ResolvedRemote, _ container: Container?, error: (any Error)? = nil, recovered: Bool = false
    ) async throws {
        try await hooks.emit(
            lifecycle.afterLoadEntry,
            AfterLoadEntry(
                remoteInfo: remoteInfo, remoteEntryExports: container?.value ?? .nil, error: error,
                recovered: recovered, context: context))
    }

    /// A container made anew, whatever is known: what a new version of a remote is entered by.
    func makeContainer(_ remoteInfo: ResolvedRemote, snapshot: Snapshot?) async throws -> Container {
        try await fromHookOrEntry(remoteInfo, reason: nil, url: nil, isNewVersion: true, snapshot: snapshot).0
    }

    /// The container, and whether remotes of the same entry may have it too.
    private func fromHookOrEntry(
        _ remoteInfo: ResolvedRemote, reason: ResourceContext?, url: String?, isNewVersion: Bool = false,
        snapshot: Snapshot? = nil
    ) async throws -> (Container, isKept: Bool) {
        let fromHook = try await hooks.emit(
            lifecycle.loadEntry, LoadEntry(remoteInfo: remoteInfo, context: context))
        if fromHook.isTruthy { return (try Container(fromHook, state: state), false) }
        // Entries that are loaded side by side go on side by side.
        if hooks.hears(lifecycle.loadEntry) { await loop.yieldToQueue() }
        let isEntryOfRemote = url == nil && remoteInfo.tenant == nil
        if isEntryOfRemote, !isNewVersion, let known = registry.containers[remoteInfo.containerKey] {
            return (known, true)
        }
        var url = url ?? remoteInfo.entry ?? ""
        var remoteInfo = remoteInfo
        let lifetime = Lifetime()
        var isMade = false
        // What an entry that fails has begun ends at once.
        defer { if !isMade { lifetime.close() } }
        let exports: LuaValue
        do {
            let request = try hooked.request(
                url, asking: lifecycle.createScript, ["fetchpriority": "high"], remoteInfo: remoteInfo, reason: reason
            )
            url = request.url
            if request.givenBy != remoteInfo.tenant { remoteInfo = remoteInfo.given(by: request.givenBy) }
            let file = try await entryFile(request, of: remoteInfo)
            // The files of an entry without manifest lie beside the one that answered.
            url = file.url
            let source = file.body
            if let tenant = remoteInfo.tenant {
                exports = try await runEntryInTenant(
                    source, name: url, remote: remoteInfo, snapshot: snapshot, tenant: tenant, lifetime: lifetime)
            } else {
                exports = try await runEntry(
                    source, name: url, remote: remoteInfo, snapshot: snapshot, lifetime: lifetime)
            }
        } catch let error as MFError where error.isLimit {
            throw error
        } catch let error where !(error is CancellationError) {
            throw MFError.entryLoadFailed(remoteInfo, url: url, cause: error)
        }
        guard exports.isTruthy else { throw MFError.entryExportsNothing(remoteInfo, url: url) }
        switch exports {
        case .table, .object, .record:
            let container = try Container(exports, state: state, lifetime: lifetime)
            isMade = true
            return (container, isEntryOfRemote && remoteInfo.tenant == nil)
        default: throw MFError.entryExportsNothing(remoteInfo, url: url, found: "a \(exports.luaTypeName)")
        }
    }

    private func entryFile(_ request: ScriptRequest, of remote: ResolvedRemote) async throws -> FetchedFile {
        if let source = request.source { return FetchedFile(body: source, url: request.url) }
        return try await resources.part(
            request.fetchRequest(of: remote), of: remote, as: try principal(of: remote), joins: request.isPlain)
    }

    /// Asks loadEntryError for another container.
    private func retried(_ remoteInfo: ResolvedRemote, error: any Error) async throws -> Container? {
        guard hooks.hears(lifecycle.loadEntryError) else { return nil }
        let again: @Sendable (ResolvedRemote, String?) async throws -> LuaValue = { [self] remote, url in
            if registry.entryLoads[remote.entryKey] == nil {
                let load = SingleFlight(on: loop, entryActivity(of: remote)) { [self] in
                    try await loadEntry(remote, reason: nil, url: url, isRetry: true)
                }
                registry.entryLoads[remote.entryKey] = load
                do { return try await load.value.value } catch {
                    if registry.entryLoads[remote.entryKey] === load { registry.entryLoads[remote.entryKey] = nil }
                    throw error
                }
            }
            return try await loadEntry(remote, reason: nil, url: url, isRetry: true).value
        }
        let replacement = try await hooks.emit(
            lifecycle.loadEntryError,
            LoadEntryError(
                remoteInfo: remoteInfo, error: error, uniqueKey: remoteInfo.entryKey,
                retry: .callable(
                    LuaCallable(async: "retry") { call in
                        [try await again(remoteInfo, try call.optionalString(0))]
                    }),
                getRemoteEntry: .callable(
                    LuaCallable(async: "getRemoteEntry") { [self] call in
                        let (remote, url) = try entryParameters(call[0], standard: remoteInfo)
                        return [try await again(remote, url)]
                    }),
                globalLoading: .object(GlobalLoading(registry: registry)),
                retryAs: { tenant, url in
                    // From its own place it is the remote that it is; from another it is the tenant's.
                    try await again(
                        url == nil || remoteInfo.tenant == tenant ? remoteInfo : remoteInfo.given(by: tenant), url)
                }, context: context))
        return replacement.isTruthy ? try Container(replacement, state: state) : nil
    }

    /// `{remoteInfo, getEntryUrl}` as Module Federation's `getRemoteEntry` takes them.
    private func entryParameters(_ value: LuaValue, standard: ResolvedRemote) throws -> (ResolvedRemote, String?) {
        guard case .table(let table) = value else { return (standard, nil) }
        let given = try table.get("remoteInfo")
        let remote = given.isNil ? standard : try Remote.fromLua(given)
        guard case .function(let rewrite) = try table.get("getEntryUrl") else { return (remote, nil) }
        return (remote, try rewrite.state.call(rewrite, [.optional(remote.entry)]).first?.stringValue)
    }
}

// MARK: - Running an entry

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
            chunk = try state.load(source, name: "@" + URLParts.redacted(name), environment: environment)
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
            return .source(file.body, url: URLParts.redacted(file.url))
        }
        let providedAtOnce = registry.environments.providedAtOnce
        let results = try await tenants.tenant(tenant).run(
            source, name: "@" + URLParts.redacted(name), modules: modules, starter: "init",
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

/// Which failures are an entry's own, and not those of a hook.
enum EntryFailure {
    static func isOfEntry(_ error: any Error) -> Bool {
        guard let error = error as? MFError else { return false }
        return error.code == .entryLoadFailed || error.code == .entryExportsNothing
    }
}
