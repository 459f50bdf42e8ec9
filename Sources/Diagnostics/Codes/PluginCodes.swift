/// What can go wrong with what plugins declare: their options and the secrets in these.
extension MFError.Code {
    /// PLUGIN-001: a plugin's options are not what it declares.
    public static let pluginOptions = Self("PLUGIN-001")
    /// PLUGIN-002: a plugin's declaration contradicts itself.
    public static let pluginDeclaration = Self("PLUGIN-002")
    /// PLUGIN-003: a secret has no text.
    public static let secretUnresolved = Self("PLUGIN-003")
    /// PLUGIN-004: there is no attached plugin of that name.
    public static let noSuchPlugin = Self("PLUGIN-004")
    /// PLUGIN-005: a secret is used by somebody in whose options it is not.
    public static let secretOfOthers = Self("PLUGIN-005")
    /// PLUGIN-010: a listener waited for longer than its plugin's `timeout`.
    public static let listenerTimedOut = Self("PLUGIN-010")
    /// PLUGIN-011: a plugin is not called because it kept failing.
    public static let pluginTripped = Self("PLUGIN-011")
    /// PLUGIN-012: a listener used more processor time than its plugin's `cpu`.
    public static let listenerOverran = Self("PLUGIN-012")
    /// PLUGIN-021: the places of plugins contradict each other.
    public static let pluginCycle = Self("PLUGIN-021")
    /// PLUGIN-022: a plugin requires something that is not attached, or is in another version.
    public static let unmetRequirement = Self("PLUGIN-022")
    /// PLUGIN-023: other plugins need a plugin that is to be removed or disabled.
    public static let pluginNeeded = Self("PLUGIN-023")

    static let pluginCodes: [CodeEntry] = [
        CodeEntry(
            .pluginOptions, "pluginOptions", "the plugin's options are not valid",
            """
            Cause: the options in the plugin's entry are not what the plugin declares: an unknown name, a missing
                   option, a value of another type or out of its bounds, or what the plugin's own `check` found. The
                   message has all of it, and where the entry is written. Nothing was attached; of the plugin
                   nothing has run but its file.
            Cure:  `mflua plugin help FILE` lists the options of a plugin with their types and defaults.
            """),
        CodeEntry(
            .pluginDeclaration, "pluginDeclaration", "the plugin's declaration is not valid",
            """
            Cause: the table that the plugin's file returns has a function `plugin`, so that its keys are closed, and
                   something in it is wrong: an unknown key, an unknown type, a default that breaks its own rule, a
                   former name that is an option itself. This is for the plugin's author to correct.
            Cure:  the message has file and line. An option is declared as
                   `name = { type = "integer", min = 0, default = 3, about = "…" }`.
            """),
        CodeEntry(
            .secretUnresolved, "secretUnresolved", "a secret has no text",
            """
            Cause: the variable of `mf.secret "env:NAME"` is not set, the file of `file:PATH` cannot be read, the
                   command of `cmd:COMMAND` failed or took more than 10 seconds; or what they gave is empty or
                   longer than 64 KiB. An empty text is never used in place of a secret.
            Cure:  provide the secret. A plugin that is attached keeps the one that it has.
            """),
        CodeEntry(
            .noSuchPlugin, "noSuchPlugin", "there is no attached plugin of that name",
            """
            Cause: `disablePlugins`, `enablePlugins` or `configurePlugin` names a plugin that the host does not have.
                   Nothing was done, to none of the plugins that were named.
            Cure:  the hint lists the names. A tenant's plugin is called `tenant/name`.
            """),
        CodeEntry(
            .secretOfOthers, "secretOfOthers", "a secret is in the options of another plugin",
            """
            Cause: `mf.fetch` or `secret:reveal()` was called with a secret by code of a plugin, remote or script in
                   whose options it is not. `reveal` works only in the code of the plugin itself.
            Cure:  put the secret into the options of the plugin that uses it.
            """),
        CodeEntry(
            .listenerTimedOut, "listenerTimedOut", "a listener took longer than its plugin's timeout",
            """
            Cause: the plugin's entry has a `timeout`, and a listener that waits had not ended by then. It was cancelled.
            Cure:  raise `timeout`, or list the plugin with `fail = "open"`, so that the step goes on without it.
            """),
        CodeEntry(
            .pluginTripped, "pluginTripped", "a plugin is not called because it kept failing",
            """
            Cause: the plugin's entry has `trip`, and its listeners failed that often in a row. Since `fail` is `closed`,
                   the steps that it listens to fail, too.
            Cure:  the message has the last failure. The plugin is tried again by itself; `host:reload` and
                   `host:enablePlugins` try at once.
            """),
        CodeEntry(
            .listenerOverran, "listenerOverran", "a listener used more processor time than its plugin may",
            """
            Cause: the plugin's entry has `cpu`, and a call of a listener used more than that. It was stopped by an error.
            Cure:  raise `cpu`, or look for an endless loop: the traceback says where the listener was.
            """),
        CodeEntry(
            .pluginCycle, "pluginCycle", "the places of plugins contradict each other",
            """
            Cause: `before`, `after` and `requires` of plugins, or of their entries, form a circle: each of these plugins is
                   to be called before the next, and the last before the first. The message has each of them and where
                   it is written. Nothing was attached; a reload leaves the old version.
            Cure:  write `before`, `after` or `requires` in the entry of one of them: it wins over what the plugin says,
                   and an empty table says nothing.
            """),
        CodeEntry(
            .unmetRequirement, "unmetRequirement", "a plugin requires something that is not there",
            """
            Cause: `requires` of a plugin or of its entry names a plugin that is neither attached nor in the same list, or is
                   attached in a version outside of the range; or this version of mflua is outside of `requires.mflua`.
                   Nothing was attached; a reload leaves the old version. A tenant's plugin waits in place of this.
            Cure:  list what is required, in a version of the range. If the plugin works without it, write `requires` in
                   its entry: it wins over what the plugin says. A name with a `?` at its end need not be attached.
            """),
        CodeEntry(
            .pluginNeeded, "pluginNeeded", "other plugins need the plugin",
            """
            Cause: `removePlugins` or `disablePlugins` names a plugin that others require. Nothing was done.
            Cure:  name those as well, or add `{ cascade = true }`: they are removed, too, or wait until the plugin is called
                   again.
            """),
    ]
}
