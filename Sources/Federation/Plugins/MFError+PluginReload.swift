import Diagnostics

extension MFError {
    /// A new version of a plugin that cannot be taken.
    static func reloadFailed(_ plugin: String, path: String, cause: any Error) -> MFError {
        MFError(
            .reloadFailed, "plugin `\(plugin)` was not reloaded", context: [("plugin", plugin), ("file", path)],
            hint: "the previous version stays in use; correct the file and save it again", cause: cause)
    }

    /// A new version that raises while it takes over.
    static func reloadRefused(_ plugin: String, by step: String, cause: any Error) -> MFError {
        MFError(
            .reloadRolledBack, "`\(step)` of plugin `\(plugin)` failed: \((cause as? MFError)?.message ?? "\(cause)")",
            context: [("plugin", plugin), ("step", step)], cause: cause)
    }

    /// A plugin that is reloaded by a step of its own reload.
    static func reloadsItself(_ plugin: String) -> MFError {
        MFError(
            .reloadFailed, "plugin `\(plugin)` is already being reloaded", context: [("plugin", plugin)],
            hint:
                "leave `host:reload` out of its file, `apply`, `beforeReload` and `afterReload`: these run in each reload"
        )
    }

    /// A new version under another name.
    static func reloadRenamed(_ plugin: String, to name: String, path: String) -> MFError {
        MFError(
            .reloadNameChanged, "the new version is named `\(name)`, not `\(plugin)`",
            context: [("plugin", plugin), ("file", path)],
            hint: "keep the name, or register the file under its new name and remove `\(plugin)`")
    }

    /// `host:reload` of a plugin that is not there, or did not come from a file.
    static func notReloadable(_ plugin: String, known: [String]) -> MFError {
        MFError(
            .reloadFailed, "no plugin `\(plugin)` was read from a file", context: [("plugin", plugin)],
            hint: plugin.closestMatch(in: known).map { "did you mean `\($0)`?" })
    }
}
