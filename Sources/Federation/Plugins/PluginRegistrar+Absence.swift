import Diagnostics
import EventLoops
import Logging
import LuaBridge

/// Plugins that are listed and not attached.
extension PluginRegistrar {
    /// Decides whether a listed plugin is attached, before anything of it is read.
    func select(_ arrival: PluginArrival) throws {
        let listed = arrival.listed
        if let key = listed.key, let name = listed.provisionalName { registry.selection.note(key, name: name) }
        if let reason = registry.selection.reason(
            toLeaveOut: listed.names, isRequired: listed.settings.isRequired == true)
        {
            arrival.absence = .off(why: reason)
        } else if try !isEnabled(arrival) {
            arrival.absence = .off(why: "its entry says `enabled = false`")
        }
    }

    /// What the entry's `enabled` says, asked of its function where it is one.
    private func isEnabled(_ arrival: PluginArrival) throws -> Bool {
        let enabled = arrival.listed.settings.enabled
        guard enabled.isCallable else { return enabled.boolValue != false }
        do {
            return try state.invokeNow(enabled, [.object(context)]).isTruthy
        } catch {
            throw MFError.enabledFailed(
                arrival.listed.provisionalName, position: arrival.position, host: name,
                place: enabled.functionValue?.place, cause: error)
        }
    }

    /// Leaves out a plugin whose name is known only now that it is read.
    ///
    /// - Returns: Whether it is left out.
    func leaveOut(_ plugin: RegisteredPlugin, _ listed: ListedPlugin?) -> Bool {
        registry.selection.note(listed?.key ?? plugin.name, name: plugin.name)
        guard
            let reason = registry.selection.reason(
                toLeaveOut: [plugin.name],
                isRequired: (listed?.settings ?? plugin.settings).isRequired == true)
        else { return false }
        plugin.source?.generation.scope.close()
        keep(
            AbsentPlugin(
                id: context.takePluginNumber(), name: plugin.name, value: listed?.value ?? plugin.value,
                from: plugin.source?.path, tenant: plugin.source?.tenant, reason: .off(why: reason), files: []))
        return true
    }

    /// Leaves out a plugin that was not attached.
    func leaveOut(_ arrival: PluginArrival, _ reason: AbsentPlugin.Reason) {
        let listed = arrival.listed
        let name = arrival.plugin?.name ?? listed.provisionalName ?? "plugins[\(arrival.position)]"
        let absent = AbsentPlugin(
            id: context.takePluginNumber(), name: name, value: listed.value, from: listed.path,
            tenant: listed.tenant, reason: reason, files: arrival.files.all)
        // One that serves under the name serves on, as where the same name is listed twice.
        guard !context.plugins.contains(named: name) else { return warn(of: absent) }
        keep(absent)
        warn(of: absent)
    }

    private func keep(_ absent: AbsentPlugin) {
        forget(absent: absent.name)
        context.absentPlugins.append(absent)
        guard absent.hasFailed, !absent.files.isEmpty else { return }
        hooks.mayReload = true
        registry.reloads.onFilesChange?()
    }

    private func warn(of absent: AbsentPlugin) {
        guard case .failed(let error) = absent.reason else { return }
        let advice = absent.advice.map { ": \($0)" } ?? ""
        log.warning(
            "plugin `\(absent.name)` of host `\(name)` did not load and is left out: \(absent.failure(error))\(advice)")
    }

    /// Forgets that a plugin is not attached: it was removed, or is attached by now.
    func forget(absent name: String) {
        guard let index = context.absentPlugins.firstIndex(where: { $0.name == name }) else { return }
        let gone = context.absentPlugins.remove(at: index)
        if let timer = gone.wakeUp { loop.cancel(timer) }
        if !gone.files.isEmpty { registry.reloads.onFilesChange?() }
    }

    /// Attaches a plugin that was left out, at its place.
    ///
    /// - Throws: What attaching throws; it stays as it was then, and its files are watched.
    func bringBack(_ absent: AbsentPlugin) throws {
        let files = ReadFiles()
        do {
            let reader = PluginReader(registry, for: context, noting: files)
            let listed = try ListedPlugin(absent.value)
            let plugin = try registry.reloads.withinLoadTime(of: state) { try reader.readPlugin(absent.value) }
            try attach(plugin, replacing: listed, at: absent.id)
            options.plugins.elements.insert(plugin.value, at: 0)
        } catch {
            files.generation?.scope.close()
            change(absent) { plugin in
                plugin.files.formUnion(files.all)
                if plugin.hasFailed { plugin.reason = .failed(error) }
            }
            registry.reloads.onFilesChange?()
            throw error
        }
        forget(absent: absent.name)
    }

    /// Changes what is kept of a plugin that is not attached.
    private func change(_ absent: AbsentPlugin, _ body: (inout AbsentPlugin) -> Void) {
        guard let index = context.absentPlugins.firstIndex(where: { $0.id == absent.id }) else { return }
        body(&context.absentPlugins[index])
    }

    /// Has a plugin that is not attached stay out, whether it would load or not.
    func disable(_ absent: AbsentPlugin, for time: Duration?, why reason: String?) {
        if let timer = absent.wakeUp { loop.cancel(timer) }
        change(absent) { plugin in
            plugin.reason = .off(why: reason)
            plugin.wakeUp = time.map {
                loop.schedule(after: $0) { [context] in
                    let registrar = PluginRegistrar(context)
                    guard let absent = context.absentPlugins.first(where: { $0.id == absent.id }) else { return }
                    registrar.retryWhenReady(absent, changed: [])
                }
            }
        }
    }

    /// Tries a plugin again that did not load, because its file has changed, a signal came or its time is over. Where
    /// commands print secrets of it, it is tried when they have run.
    func retryWhenReady(_ absent: AbsentPlugin, changed: [String]) {
        loop.start {
            try await registry.afterCommands(in: absent.value) {
                guard let absent = context.absentPlugins.first(where: { $0.id == absent.id }) else { return }
                let start = loop.now
                var failure: MFError?
                do { try bringBack(absent) } catch {
                    failure = MFError.reloadFailed(absent.name, path: absent.from ?? "", cause: error)
                }
                registry.reloads.onReload?(
                    ReloadReport(
                        kind: .plugin, name: absent.name, host: name, changed: changed,
                        generation: failure == nil ? 1 : 0, duration: start.duration(to: loop.now), error: failure))
            }
        }
    }

    /// What stands in the list for plugins that are not attached, by name.
    func absentEntries(_ names: [String]) -> [LuaValue] {
        context.absentPlugins.filter { names.contains($0.name) }.map(\.value)
    }

    /// The plugins that are tried again when their files change.
    var failedPlugins: [AbsentPlugin] { context.absentPlugins.filter(\.hasFailed) }
}

extension AbsentPlugin {
    /// Why it did not load and in which file, in one line.
    func failure(_ error: any Error) -> String {
        guard let error = error as? MFError else { return "\(error)" }
        // Some errors quote their cause already.
        let text = error.chain.map(\.message).reduce("") { text, message in
            text.isEmpty ? message : text.contains(message) ? text : text + ": " + message
        }
        guard let from, !text.contains(from) else { return text }
        return "\(from): \(text)"
    }

    /// What to do about its not loading.
    var advice: String? {
        guard case .failed(let error) = reason else { return nil }
        return (error as? MFError)?.chain.lazy.compactMap(\.hint).first
    }
}

extension MFError {
    /// The function of an entry that decides whether the plugin is attached has failed.
    fileprivate static func enabledFailed(
        _ plugin: String?, position: Int, host: String, place: String?, cause: any Error
    ) -> MFError {
        MFError(
            .invalidOptions,
            (place.map { "\($0): " } ?? "") + "`enabled` of `plugins[\(position)]`"
                + (plugin.map { " (`\($0)`)" } ?? "") + " failed",
            context: [("host", host)],
            hint: "it is called with the host when the list is read, and cannot wait", cause: cause)
    }

    /// A plugin that is to be made anew and is not attached.
    static func pluginIsAbsent(_ plugin: AbsentPlugin) -> MFError {
        let reason =
            switch plugin.reason {
            case .off(let why): why ?? "it is disabled"
            case .failed(let error): plugin.failure(error)
            }
        return MFError(
            .noSuchPlugin, "plugin `\(plugin.name)` is not attached: \(reason)", context: [("plugins", plugin.name)],
            hint: "`host:enablePlugins` attaches it")
    }
}
