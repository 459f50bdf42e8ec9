import Diagnostics
import EventLoop
import Fetch
import LuaBridge

extension Host {
    /// Fetches a plan in the background; a load does not wait for its assets.
    func startFetching(_ plan: PreloadPlan, remoteInfo: ResolvedRemote, context: ResourceContext, records: Bool) {
        // The load itself fetches the remote's own entry next.
        let entries = plan.entryAssets.filter {
            $0.name != remoteInfo.name && moduleCache[$0.remoteInfo.name]?.container == nil
        }
        let (css, js) = (plan.cssAssets, plan.jsAssetsWithoutEntry)
        guard !entries.isEmpty || !css.isEmpty || !js.isEmpty else { return }
        let rest = PreloadPlan(
            cssAssets: css, jsAssetsWithoutEntry: js, entryAssets: entries, givenBy: plan.givenBy)
        runtime.loop.start { [self] in
            await fetch(rest, remoteInfo: remoteInfo, context: context, asLinks: false, records: records)
        }
    }

    /// How many entries one plan may load ahead.
    private static let mostEntries = 100

    /// Fetches a plan: entries become containers, assets go into the cache, as far as its budget goes.
    @discardableResult
    func fetch(
        _ plan: PreloadPlan, remoteInfo: ResolvedRemote, context: ResourceContext, asLinks: Bool, records: Bool
    ) async -> [PreloadResult] {
        var tasks: [Task<PreloadResult, any Error>] = []
        let remoteInfo =
            plan.givenBy == remoteInfo.tenant ? remoteInfo : remoteInfo.given(by: plan.givenBy)
        let budget = try? principal(of: remoteInfo).budgetForPlan()
        for entry in plan.entryAssets.prefix(Self.mostEntries) {
            let context = context.of("remoteEntry", entry.remoteInfo.entry ?? "")
            tasks.append(runtime.loop.start { [self] in await preloadEntry(entry.remoteInfo, context) })
        }
        for url in plan.cssAssets {
            let attributes: LuaRecord =
                asLinks ? ["rel": "preload", "as": "style"] : ["rel": "stylesheet", "type": "text/css"]
            tasks.append(
                runtime.loop.start { [self] in
                    guard let budget, await budget.begin() else { throw CancellationError() }
                    defer { budget.end() }
                    return await preloadAsset(context.of("css", url), of: remoteInfo, records: records) {
                        try request(url, asking: lifecycle.createLink, attributes, remoteInfo: remoteInfo, context: $0)
                    }
                })
        }
        for url in plan.jsAssetsWithoutEntry {
            tasks.append(
                runtime.loop.start { [self] in
                    guard let budget, await budget.begin() else { throw CancellationError() }
                    defer { budget.end() }
                    return await preloadAsset(context.of("js", url), of: remoteInfo, records: records) {
                        try request(
                            url, asking: asLinks ? lifecycle.createLink : lifecycle.createScript,
                            asLinks
                                ? ["rel": "preload", "as": "script"]
                                : ["fetchpriority": "high", "type": "text/javascript"],
                            remoteInfo: remoteInfo, context: $0)
                    }
                })
        }
        var results: [PreloadResult] = []
        for task in tasks { if let result = try? await task.value { results.append(result) } }
        return results
    }

    private func preloadEntry(_ remoteInfo: ResolvedRemote, _ context: ResourceContext) async -> PreloadResult {
        if moduleCache[remoteInfo.name]?.container != nil { return PreloadResult(context: context, status: "cached") }
        do {
            _ = try await loadContainer(remoteInfo, context: context)
            return PreloadResult(context: context, status: "success")
        } catch {
            return failure(error, context)
        }
    }

    private func preloadAsset(
        _ context: ResourceContext, of remoteInfo: ResolvedRemote, records: Bool,
        _ request: (ResourceContext) throws -> ScriptRequest
    ) async -> PreloadResult {
        if records {
            guard !registry.preloadedAssets.contains(context.url) else {
                return PreloadResult(context: context, status: "cached")
            }
            registry.notePreloaded(context.url)
        }
        do {
            let request = try request(context)
            let remoteInfo = remoteInfo.tenant == request.givenBy ? remoteInfo : remoteInfo.given(by: request.givenBy)
            let principal = try principal(of: remoteInfo)
            let body =
                if let source = request.source { source } else {
                    try await runtime.fetchPart(request.fetchRequest(), of: remoteInfo, as: principal)
                }
            principal.sources.put(context.url, body)
            return PreloadResult(context: context, status: "success")
        } catch {
            return failure(error, context)
        }
    }

    private func failure(_ error: any Error, _ context: ResourceContext) -> PreloadResult {
        var last: (any Error)? = error
        while let current = last as? MFError {
            if current.code == .fetchTimeout { return PreloadResult(context: context, status: "timeout", error: error) }
            last = current.cause
        }
        return PreloadResult(context: context, status: "error", error: error)
    }
}
