import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import OrderedCollections

extension Preloader {
    /// Fetches a plan in the background; a load does not wait for its assets.
    func startFetching(_ plan: PreloadPlan, remoteInfo: ResolvedRemote, reason: ResourceContext, records: Bool) {
        // The load itself fetches the remote's own entry next.
        let entries = plan.entryAssets.filter {
            $0.name != remoteInfo.name && moduleCache[$0.remoteInfo.name]?.container == nil
        }
        let (css, js) = (plan.cssAssets, plan.jsAssetsWithoutEntry)
        guard !entries.isEmpty || !css.isEmpty || !js.isEmpty else { return }
        let rest = PreloadPlan(
            cssAssets: css, jsAssetsWithoutEntry: js, entryAssets: entries, givenBy: plan.givenBy)
        loop.start { [self] in
            await fetch(rest, remoteInfo: remoteInfo, reason: reason, asLinks: false, records: records)
        }
    }

    /// How many entries one plan may load ahead.
    private static let mostEntries = 100

    /// Fetches a plan: entries become containers, assets go into the cache, as far as its budget goes.
    @discardableResult
    func fetch(
        _ plan: PreloadPlan, remoteInfo: ResolvedRemote, reason: ResourceContext, asLinks: Bool, records: Bool
    ) async -> [PreloadResult] {
        var tasks: [Task<PreloadResult, any Error>] = []
        let remoteInfo =
            plan.givenBy == remoteInfo.tenant ? remoteInfo : remoteInfo.given(by: plan.givenBy)
        let budget = try? principal(of: remoteInfo).budgetForPlan()
        for entry in plan.entryAssets.prefix(Self.mostEntries) {
            let reason = reason.of("remoteEntry", entry.remoteInfo.entry ?? "")
            tasks.append(loop.start { [self] in await preloadEntry(entry.remoteInfo, reason) })
        }
        for url in plan.cssAssets {
            let attributes: LuaRecord =
                asLinks ? ["rel": "preload", "as": "style"] : ["rel": "stylesheet", "type": "text/css"]
            tasks.append(
                loop.start { [self] in
                    guard let budget, await budget.begin() else { throw CancellationError() }
                    defer { budget.end() }
                    return await preloadAsset(
                        reason.of("css", url), of: remoteInfo, isAsked: asLinks, records: records
                    ) {
                        try hooked.request(
                            url, asking: lifecycle.createLink, attributes, remoteInfo: remoteInfo, reason: $0)
                    }
                })
        }
        for url in plan.jsAssetsWithoutEntry {
            tasks.append(
                loop.start { [self] in
                    guard let budget, await budget.begin() else { throw CancellationError() }
                    defer { budget.end() }
                    return await preloadAsset(
                        reason.of("js", url), of: remoteInfo, isAsked: asLinks, records: records
                    ) {
                        try hooked.request(
                            url, asking: asLinks ? lifecycle.createLink : lifecycle.createScript,
                            asLinks
                                ? ["rel": "preload", "as": "script"]
                                : ["fetchpriority": "high", "type": "text/javascript"],
                            remoteInfo: remoteInfo, reason: $0)
                    }
                })
        }
        var results: [PreloadResult] = []
        for task in tasks { if let result = try? await task.value { results.append(result) } }
        return results
    }

    private func preloadEntry(_ remoteInfo: ResolvedRemote, _ reason: ResourceContext) async -> PreloadResult {
        if moduleCache[remoteInfo.name]?.container != nil { return PreloadResult(reason: reason, status: "cached") }
        do {
            _ = try await loadContainer(context, remoteInfo, reason)
            return PreloadResult(reason: reason, status: "success")
        } catch {
            return failure(error, reason)
        }
    }

    /// Fetches an asset ahead.
    ///
    /// - Parameter isAsked: Whether somebody waits for it. What a load fetches ahead is asked for again when it is required.
    private func preloadAsset(
        _ reason: ResourceContext, of remoteInfo: ResolvedRemote, isAsked: Bool, records: Bool,
        _ request: (ResourceContext) throws -> ScriptRequest
    ) async -> PreloadResult {
        if records {
            guard !registry.preloadedAssets.contains(reason.url) else {
                return PreloadResult(reason: reason, status: "cached")
            }
            registry.notePreloaded(reason.url)
        }
        // Plans have their turn: what the load has asked for itself meanwhile is not asked for again.
        if !isAsked, registry.parts.urls(of: remoteInfo.name).contains(reason.url) {
            return PreloadResult(reason: reason, status: "cached")
        }
        do {
            let request = try request(reason)
            let remoteInfo = remoteInfo.tenant == request.givenBy ? remoteInfo : remoteInfo.given(by: request.givenBy)
            let principal = try principal(of: remoteInfo)
            if let source = request.source {
                principal.files.put(reason.url, FetchedFile(body: source, url: request.url))
            } else {
                do {
                    try await resources.prefetch(
                        request.fetchRequest(of: remoteInfo), named: reason.url, of: remoteInfo, as: principal)
                } catch let error as MFError where isAsked && error.isFetchFailure {
                    let other = try await hooked.recoverFile(reason.url, of: remoteInfo, error: error, reason: reason)
                    guard let other else { throw error }
                    principal.files.put(reason.url, other)
                }
            }
            return PreloadResult(reason: reason, status: "success")
        } catch {
            // What could not be had is asked for again by the next preload.
            registry.preloadedAssets.remove(reason.url)
            return failure(error, reason)
        }
    }

    private func failure(_ error: any Error, _ reason: ResourceContext) -> PreloadResult {
        var last: (any Error)? = error
        while let current = last as? MFError {
            if current.code == .fetchTimeout { return PreloadResult(reason: reason, status: "timeout", error: error) }
            last = current.cause
        }
        return PreloadResult(reason: reason, status: "error", error: error)
    }
}
