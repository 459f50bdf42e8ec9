import Diagnostics
import LuaBridge
import Posix

extension MFError {
    /// A listener put a value of the wrong type into a field that listeners may replace.
    static func badHookField(_ field: String, hook: String, cause: MFError) -> MFError {
        MFError(
            .badHookValue, "a listener of hook `\(hook)` set an invalid `\(field)`: \(cause.message)",
            context: [("hook", hook), ("field", field)], hint: "return the arguments, or a table of the same shape",
            cause: cause)
    }

    /// A plugin has a function under a name that is no hook.
    static func unknownHook(
        _ name: String, plugin: String, source: String?, known: some Sequence<String>
    ) -> MFError {
        let closest = name.closestMatch(in: known)
        return MFError(
            .unknownHook, "unknown hook `\(name)` in plugin `\(plugin)`",
            context: [("plugin", plugin), ("source", source)],
            hint: closest.map { "did you mean `\($0)`?" } ?? "`mflua explain HOOK-001` lists the hooks"
        )
    }

    /// A filter asks for something that its hook never has.
    ///
    /// - Parameter shared: The key that it is written under, where it counts for all hooks of the plugin.
    static func unknownFilterKey(_ key: String, of hook: any DeclaredHook, sharedAs shared: String?) -> MFError {
        let keys = hook.filterKeys.keys.sorted()
        // A share has no request: the package stands in its place.
        let near = key.closestMatch(in: keys) ?? (key == "id" ? keys.first { $0 == "pkgName" } : nil)
        let advice = near.map { " (did you mean `\($0)`?)" } ?? ""
        let all =
            keys.isEmpty
            ? "`\(hook.name)` has no text argument: remove the filter"
            : "its filter can have \(keys.map { "`\($0)`" }.joined(separator: ", "))"
        return MFError(
            .badHookFilter, "`\(hook.name)` has no `\(key)`\(shared == nil ? advice : "")",
            context: [("hook", hook.name), ("key", key)],
            hint: shared.map {
                "`\($0)` counts for all hooks of the plugin; give single hooks a filter with `{ filter = …, handler = … }`"
            } ?? all)
    }

    /// A plugin has something that is no function under a hook's name.
    static func hookNotFunction(_ name: String, found: String, plugin: String, source: String?) -> MFError {
        MFError(
            .pluginInvalid, "hook `\(name)` of plugin `\(plugin)` is a \(found), not a function",
            context: [("plugin", plugin), ("source", source)], hint: "make `\(name)` a function of one argument")
    }

    /// A plugin's table says whose it is: only the list of plugins decides that.
    static func tenantInsidePlugin(_ key: String, plugin: String) -> MFError {
        MFError(
            .pluginInvalid, "plugin `\(plugin)` has the key `\(key)`, but a tenant's plugin must be a file",
            context: [("plugin", plugin)], hint: "write `{ \"./plugin.lua\", options, tenant = \"…\" }`")
    }

    /// Everything that is wrong with one plugin as one error; the only one as it is.
    static func together(_ problems: [MFError], source: String?) -> MFError? {
        guard let first = problems.first, problems.count > 1 else { return problems.first }
        let code = problems.allSatisfy { $0.code == first.code } ? first.code : .pluginInvalid
        return MFError(
            code, problems.map(\.message).joined(separator: "; "),
            context: [("plugin", problems.lazy.compactMap { $0["plugin"] }.first { !$0.isEmpty }), ("source", source)],
            hint: problems.compactMap(\.hint).joined(separator: "; "))
    }

    /// A plugin table without a name.
    static func pluginWithoutName(source: String?) -> MFError {
        MFError(
            .pluginWithoutName, "\(source.map { "the plugin at `\($0)`" } ?? "a plugin") has no `name`",
            context: [("source", source)],
            hint: "add `name = \"my-plugin\"` to the table")
    }

    /// Something that is no plugin stands where a plugin belongs.
    static func pluginInvalid(found: String, source: String?) -> MFError {
        MFError(
            .pluginInvalid,
            source.map { "plugin file `\($0)` must return a table with a `name`, found a \(found)" }
                ?? "a plugin must be a table with a `name`, found a \(found)", context: [("source", source)],
            hint: "give a table, a path, or `{path, options}`; a plugin file returns a table, or a function of options")
    }

    /// A plugin file could not be read, compiled or run.
    static func pluginLoadFailed(_ path: String, cause: any Error) -> MFError {
        let error = cause as? MFError
        return MFError(
            .pluginLoadFailed,
            "plugin file `\(path)` could not be loaded: \(error?.message ?? String(describing: cause))",
            context: [("plugin", path)], hint: error?.hint ?? "correct the file and load it again", cause: cause)
    }

    /// A bad hook value whose text names the plugin and the hook: it is what hosts log.
    func sayingWho(_ hook: String) -> MFError {
        guard let plugin = self["plugin"] else { return self }
        guard let start = ["a listener of hook `\(hook)`", "a listener"].first(where: message.hasPrefix) else {
            return self
        }
        let text = "`\(hook)` of plugin `\(plugin)`\(message.dropFirst(start.count))"
        return MFError(
            code, text, context: context.map { ($0.key, Optional($0.value)) }, hint: hint, cause: cause,
            traceback: traceback, fileID: location.fileID, line: location.line)
    }

    /// A plugin whose name would be taken for a tenant's, or for several.
    static func badPluginName(_ name: String, source: String?) -> MFError {
        MFError(
            .pluginInvalid, "the plugin name `\(name)` contains `/` or `,`", context: [("source", source)],
            hint: "use a name such as `my-plugin`; `tenant/my-plugin` names the plugin of a tenant")
    }

    /// The same error, with the hook and plugin in which it happened.
    func inHook(_ hook: String, plugin: String?) -> MFError {
        adding(context: [("hook", hook), ("plugin", plugin)])
    }
}

extension MFError {
    /// A waterfall emitted with something that is no table.
    static func badHookData(_ hook: String, found: LuaValue) -> MFError {
        MFError(
            .badHookData, "the data of hook `\(hook)` must be a table, found a \(found.luaTypeName)",
            context: [("hook", hook)], hint: "pass the hook's arguments as a table")
    }
}

extension MFError {
    /// A plugin is passed over because it kept failing, and its failures fail the step.
    static func pluginTripped(_ plugin: String, hook: String, last: PluginAccount.Failure?) -> MFError {
        let reason = last.map { ": `\($0.hook)` failed with \($0.message)" } ?? ""
        return MFError(
            .pluginTripped, "plugin `\(plugin)` has tripped after it kept failing\(reason)",
            context: [("plugin", plugin), ("hook", hook)],
            hint: "mend the plugin and reload it, or call `host:enablePlugins { \"\(plugin)\" }`")
    }

    /// A listener waited for longer than its plugin's `timeout`.
    static func listenerTimedOut(after time: Duration) -> MFError {
        MFError(
            .listenerTimedOut, "the listener took longer than its plugin's `timeout` of \(time.text)",
            hint: "raise `timeout` in the plugin's entry, or make the listener faster")
    }

    /// A listener used more than its plugin's `cpu`.
    static func listenerOverran(_ cpu: Duration, cause: MFError) -> MFError {
        MFError(
            .listenerOverran, "the listener used more than its plugin's `cpu` of \(cpu.text)",
            hint: "raise `cpu` in the plugin's entry, or make the listener cheaper", cause: cause,
            traceback: cause.traceback)
    }

    /// An observer's listener wrote into its arguments.
    static func observerWrote(_ key: LuaKey, hook: String, plugin: String) -> MFError {
        MFError(
            .observerWrote, "plugin `\(plugin)` only observes `\(hook)`: its arguments are read-only",
            context: [("plugin", plugin), ("hook", hook), ("key", key.description)],
            hint: "take the write out, or list the plugin without `fail = \"observe\"`")
    }
}
