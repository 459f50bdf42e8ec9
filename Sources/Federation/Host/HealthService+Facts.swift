import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Semver

/// What a host knows of itself without asking its plugins.
extension HealthService {
    /// Plugins that are not called, that fail, or that are called for nothing.
    var pluginLines: [HealthLine] {
        let registrar = PluginRegistrar(context)
        return registrar.reports.flatMap(lines(about:)) + context.plugins.flatMap(doubts(about:))
            + registrar.orderTies.map { tie in
                HealthLine(
                    .warn, HealthLine.plugin(tie.plugin), tie.text,
                    advice: "`before` and `after` in a plugin's entry place it for good")
            }
            + registry.notices.all.compactMap { notice in
                subject(of: notice).map { HealthLine(.warn, $0, notice.located, advice: notice.advice) }
            }
    }

    /// What a notice is about, as this host calls it; nil where it is about a plugin or remote of other hosts.
    private func subject(of notice: Notices.Notice) -> String? {
        switch notice.user {
        case .script: HealthLine.script
        case .remote(let key):
            options.remotes.elements.first { $0.entryKey == key }.map { "remote \($0.name)" }
        case .plugin(let name):
            context.plugins.first { $0.name == name || $0.ownName == name }.map { HealthLine.plugin($0.name) }
        case .pluginFile(let file):
            context.plugins.first { $0.source?.path == file }.map { HealthLine.plugin($0.name) }
        }
    }

    private func lines(about report: PluginReport) -> [HealthLine] {
        let subject = HealthLine.plugin(report.name)
        switch report.state {
        case .tripped:
            return [
                HealthLine(
                    .error, subject, "is passed over, because it kept failing: \(report.why ?? "")",
                    advice: "`host:enablePlugins` tries it at once")
            ]
        case .failed:
            return [
                HealthLine(
                    .error, subject, "did not load: \(report.why ?? "")",
                    advice: (context.absentPlugins.first { $0.name == report.name }?.advice.map { "\($0); " } ?? "")
                        + "it is tried again when its file changes, and by `host:enablePlugins`")
            ]
        case .waiting:
            return [HealthLine(.warn, subject, "waits and is not called: \(report.why ?? "")")]
        default: break
        }
        var lines: [HealthLine] = []
        if let failure = report.lastFailure {
            let errors = report.hooks.first { $0.name == failure.hook }?.errors ?? 1
            lines.append(
                HealthLine(
                    .warn, subject,
                    "`\(failure.hook)` failed \(errors == 1 ? "once" : "\(errors) times"), at last: \(failure.message)")
            )
        }
        for hook in report.hooks {
            guard let share = hook.noopShare, Lifecycle.table.named[hook.name]?.kind.isWaterfall == true else {
                continue
            }
            lines.append(
                HealthLine(
                    .warn, subject, "\(share) % of \(hook.calls) calls of `\(hook.name)` returned nothing",
                    advice: "a filter keeps it from being called: `\(hook.name) = { filter = …, handler = … }`"))
        }
        return lines
    }

    private func doubts(about plugin: RegisteredPlugin) -> [HealthLine] {
        var lines = deadPlaces(of: plugin)
        if case .lua(let lua) = plugin.body {
            lines += lua.doubts.map { HealthLine(.warn, HealthLine.plugin(plugin.name), $0) }
        }
        return lines
    }

    /// Names in `before` and `after` that no plugin has.
    private func deadPlaces(of plugin: RegisteredPlugin) -> [HealthLine] {
        let placement = plugin.placement.overridden(by: plugin.settings.placement)
        let names = (context.plugins.map(\.name) + context.absentPlugins.map(\.name)).filter { $0 != plugin.name }
        // A tenant's plugin names those of its tenant without it.
        let own = plugin.source?.tenant.map { $0 + "/" } ?? ""
        return [("before", placement.before ?? []), ("after", placement.after ?? [])].flatMap { key, targets in
            targets.filter { !names.contains($0) && !names.contains(own + $0) }.map { target in
                let near = target.closestMatch(in: names).map { "did you mean `\($0)`?" }
                return HealthLine(
                    .warn, HealthLine.plugin(plugin.name), "`\(key)` names `\(target)`, which is not attached",
                    advice: near ?? "it counts once a plugin of that name is attached")
            }
        }
    }

    /// Singletons whose version is not what somebody requires.
    var shareLines: [HealthLine] {
        var lines: [HealthLine] = []
        for (scope, packages) in shareScopeMap.pairs {
            for (package, versions) in packages.pairs {
                let own = (options.shared[package]?.elements ?? []).filter { $0.scopeNames.contains(scope) }
                for shared in versions.pairs.map(\.value) + own {
                    let resolver = ShareResolver(context: context, package: package, shareInfo: shared)
                    guard let mismatch = resolver.mismatch(in: versions) else { continue }
                    let line = HealthLine(.error, "share \(package)", mismatch.message, advice: mismatch.hint)
                    if !lines.contains(line) { lines.append(line) }
                }
            }
        }
        return lines
    }

    /// Tenants that are kept out.
    var tenantLines: [HealthLine] {
        tenants.names.sorted().compactMap { name in
            guard let stats = try? tenants.tenant(name).stats, stats.state == .suspended else { return nil }
            return HealthLine(
                .error, "tenant \(name)", "is suspended: it exceeded its limits too often",
                advice: "`host:tenantStats` tells which, and for how long")
        }
    }

    /// Remotes whose manifest or entry cannot be had.
    func remoteLines(limit: Duration) async -> [HealthLine] {
        let remotes = options.remotes.elements
        var lines: [HealthLine] = []
        for question in remotes.map({ remote in loop.start { try await line(about: remote, limit: limit) } }) {
            do { if let line = try await question.value { lines.append(line) } } catch { continue }
        }
        return lines
    }

    private func line(about remote: Remote, limit: Duration) async throws -> HealthLine? {
        guard let entry = remote.entry, !entry.isEmpty else { return nil }
        let subject = "remote \(remote.name)"
        do {
            var request = remote.request(entry)
            request.timeout = min(request.timeout, limit)
            _ = try await principal(of: remote).fetch(request)
            return nil
        } catch let error as MFError {
            return HealthLine(
                .error, subject, "\(URLParts.redacted(entry)) cannot be had: \(error.message)", advice: error.hint)
        }
    }
}

extension PluginReport.Hook {
    /// The share of calls that returned nothing, in per cent; nil where there were few, or it is small.
    fileprivate var noopShare: Int? {
        guard calls >= 1_000, noops * 100 >= calls * 95 else { return nil }
        return noops * 100 / calls
    }
}
