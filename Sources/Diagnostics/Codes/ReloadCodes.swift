/// What can go wrong when code is replaced while it runs.
extension MFError.Code {
    /// RELOAD-001: the new version could not be loaded; the old one stays in use.
    public static let reloadFailed = Self("RELOAD-001")
    /// RELOAD-002: the new version of a plugin has another name.
    public static let reloadNameChanged = Self("RELOAD-002")
    /// RELOAD-003: the new version failed soon after it became current, and was rolled back.
    public static let reloadRolledBack = Self("RELOAD-003")
    /// RELOAD-004: a file cannot be watched.
    public static let watchFailed = Self("RELOAD-004")

    static let reloadCodes: [CodeEntry] = [
        CodeEntry(
            .reloadFailed, "reloadFailed", "the new version could not be loaded",
            """
            Cause: the changed file does not compile, raises an error, or is no valid plugin. The previous version
                   stays in use.
            Cure:  fix the file and save it; each change is tried.
            """),
        CodeEntry(
            .reloadNameChanged, "reloadNameChanged", "the plugin's name changed",
            """
            Cause: a plugin is replaced by name, and the new version has another name.
            Cure:  keep the name, or register the plugin under the new name and remove the old one.
            """),
        CodeEntry(
            .reloadRolledBack, "reloadRolledBack", "the new version was rolled back",
            """
            Cause: the new version was accepted but failed in use, so the previous one is in use again.
            Cure:  see the cause below the message.
            """),
        CodeEntry(
            .watchFailed, "watchFailed", "the file cannot be watched",
            """
            Cause: the system refused an inotify watch: the folder does not exist, or the limit of watches is reached.
            Cure:  `sysctl fs.inotify.max_user_watches` shows the limit and raises it.
            """),
    ]
}
