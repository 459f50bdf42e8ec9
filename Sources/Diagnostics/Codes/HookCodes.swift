/// What can go wrong with plugins and their hooks.
extension MFError.Code {
    /// HOOK-001: a plugin has a hook that does not exist.
    public static let unknownHook = Self("HOOK-001")
    /// HOOK-002: a waterfall's listener returned an invalid value.
    public static let badHookValue = Self("HOOK-002")
    /// HOOK-003: a hook was emitted with data that is not a table.
    public static let badHookData = Self("HOOK-003")
    /// HOOK-005: a plugin has no name.
    public static let pluginWithoutName = Self("HOOK-005")
    /// HOOK-006: the value registered as a plugin is not one.
    public static let pluginInvalid = Self("HOOK-006")
    /// HOOK-007: a plugin's file could not be loaded.
    public static let pluginLoadFailed = Self("HOOK-007")

    /// HOOK-008: the filter of a listener can never match.
    public static let badHookFilter = Self("HOOK-008")
    /// HOOK-009: a listener that only watches wrote into its arguments.
    public static let observerWrote = Self("HOOK-009")

    static let hookCodes: [CodeEntry] = [
        CodeEntry(
            .unknownHook, "unknownHook", "there is no such hook",
            """
            Cause: the plugin's table has a key that is neither a hook nor `name`, `version` or `apply`.
            Cure:  the hint has the closest name. Private functions belong in locals, not in the plugin's table.
                   The editor stubs (`lua/types/mf.gen.lua`) have each hook's arguments.
            """),
        CodeEntry(
            .badHookValue, "badHookValue", "a listener returned an invalid value",
            """
            Cause: in a waterfall each listener passes its data on: it returns nothing, or a table with every key of
                   the one it got. Something else was returned.
            Cure:  end the listener with `return args`.
            """),
        CodeEntry(
            .badHookData, "badHookData", "the hook's data is not a table",
            """
            Cause: a waterfall hook was emitted with data that is not a table.
            Cure:  `host:emit(hook, { … })`.
            """),
        CodeEntry(
            .pluginWithoutName, "pluginWithoutName", "the plugin has no name",
            """
            Cause: the plugin's table has no `name`, or one that is not a string.
            Cure:  add `name = "my-plugin"`; by convention it ends in `-plugin`.
            """),
        CodeEntry(
            .pluginInvalid, "pluginInvalid", "the value is not a plugin",
            """
            Cause: a plugin is a table with a name and hooks, or a function of options that returns one; each hook is
                   a function.
            Cure:  `return { name = "my-plugin", beforeRequest = function(args) return args end }`.
            """),
        CodeEntry(
            .pluginLoadFailed, "pluginLoadFailed", "the plugin's file could not be loaded",
            """
            Cause: the file does not exist, does not compile, or raised an error while it ran.
            Cure:  the cause below the message has file and line. Paths are relative to the host's script.
            """),
        CodeEntry(
            .badHookFilter, "badHookFilter", "the filter of a listener can never match",
            """
            Cause: `filter` of a hook, or `only` of the plugin's entry, names an argument that the hook does not have, or
                   a pattern that is empty.
            Cure:  the hint lists the hook's keys. Patterns are such as `id = "billing/*"`, `*` within a segment, `**` for
                   any number of segments, `!` to exclude.
            """),
        CodeEntry(
            .observerWrote, "observerWrote", "an observer wrote into its arguments",
            """
            Cause: the plugin is listed with `fail = "observe"`, so that its listeners only watch: they cannot change
                   what they are called with, and their results are ignored.
            Cure:  take the write out, or list the plugin with another `fail`.
            """),
    ]
}
