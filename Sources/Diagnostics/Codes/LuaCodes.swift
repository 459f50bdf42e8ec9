/// What can go wrong in Lua and on its border.
extension MFError.Code {
    /// LUA-001: a chunk does not compile.
    public static let luaSyntax = Self("LUA-001")
    /// LUA-002: a script raised an error.
    public static let luaRuntime = Self("LUA-002")
    /// LUA-003: Lua ran out of memory.
    public static let luaMemory = Self("LUA-003")
    /// LUA-004: a value cannot be converted between Lua and Swift.
    public static let luaConversion = Self("LUA-004")
    /// LUA-005: a function waited where waiting is impossible.
    public static let cannotWait = Self("LUA-005")
    /// LUA-006: `require` found no such module.
    public static let moduleNotFound = Self("LUA-006")
    /// LUA-007: a value is nested too deeply or contains itself.
    public static let tooDeep = Self("LUA-007")
    /// LUA-008: the Lua state was closed.
    public static let stateClosed = Self("LUA-008")
    /// LUA-009: a function was called with a wrong argument.
    public static let badArgument = Self("LUA-009")
    /// LUA-010: the event loop has stopped.
    public static let loopStopped = Self("LUA-010")
    /// LUA-011: a text is not JSON.
    public static let jsonSyntax = Self("LUA-011")
    /// LUA-012: an option table has unknown keys or invalid values.
    public static let invalidOptions = Self("LUA-012")
    /// LUA-013: a call took longer than its limit.
    public static let deadlineExceeded = Self("LUA-013")

    static let luaCodes: [CodeEntry] = [
        CodeEntry(
            .luaSyntax, "luaSyntax", "the Lua code does not compile",
            """
            Cause: a syntax error; the message has file, line and the token it stopped at. Precompiled (binary)
                   chunks are refused, too.
            Cure:  look at the line named and the one before it: a missing `end`, `then` or comma is the usual cause.
            """),
        CodeEntry(
            .luaRuntime, "luaRuntime", "a script raised an error",
            """
            Cause: Lua code called `error`, or attempted an invalid operation (index nil, call a number …). The traceback shows
                   where.
            Cure:  fix the script; where the failure is expected, wrap the call in `pcall`.
            """),
        CodeEntry(
            .luaMemory, "luaMemory", "Lua is out of memory",
            """
            Cause: an allocation of the Lua state failed.
            Cure:  look for tables that never shrink; `collectgarbage("count")` returns the kilobytes in use.
            """),
        CodeEntry(
            .luaConversion, "luaConversion", "the value cannot be converted",
            """
            Cause: a value has no counterpart in the other language, or is of another type than expected. The message names
                   its path.
            Cure:  pass plain data (nil, booleans, numbers, strings, tables of these) or functions.
            """),
        CodeEntry(
            .cannotWait, "cannotWait", "cannot wait here",
            """
            Cause: a function that waits (`mf.sleep`, `mf.fetch`, `mf.loadRemote` …) was called from a synchronous
                   hook, or where Lua cannot yield: a `table.sort` comparator, a `string.gsub` callback, `__gc`,
                   `__tostring`.
            Cure:  wait before or after, use an asynchronous hook, or start the work with `mf.spawn`.
            """),
        CodeEntry(
            .moduleNotFound, "moduleNotFound", "module not found",
            """
            Cause: no searcher of `require` found the module. A host searches `package.preload`, the
                   shipped `mf` library and `package.path`; a remote its container, its own files and `mf`.
            Cure:  check the name; set `LUA_PATH`; in a remote, list the file among the manifest's assets.
            """),
        CodeEntry(
            .tooDeep, "tooDeep", "the value is nested too deeply",
            """
            Cause: a table that is to be copied contains itself, or is nested deeper than the limit. The message names
                   the path at which this was detected.
            Cure:  pass a tree; remove references to parents and other back references.
            """),
        CodeEntry(
            .stateClosed, "stateClosed", "the Lua state is closed",
            """
            Cause: something kept a function or table of a runtime, plugin or tenant that has ended.
            Cure:  drop such references in `dispose`, and do not call into a runtime after stopping it.
            """),
        CodeEntry(
            .badArgument, "badArgument", "bad argument",
            """
            Cause: a function got an argument of a wrong type, or lacks one. The message names function, position and
                   what was expected.
            Cure:  correct the call; note `:` and `.`, which shift the arguments by one.
            """),
        CodeEntry(
            .loopStopped, "loopStopped", "the event loop has stopped",
            """
            Cause: work was handed to a runtime whose event loop has been stopped.
            Cure:  stop a runtime only after its users are done.
            """),
        CodeEntry(
            .jsonSyntax, "jsonSyntax", "the text is not JSON",
            """
            Cause: a manifest, a response or a text given to `mf.json.decode` breaks JSON's grammar, is cut off, or is
                   something else, such as the HTML page of a server that did not find the file. The message has line
                   and column.
            Cure:  open the URL or the file, and look at that place. JSON has no comments, no trailing commas, and keys
                   in double quotes.
            """),
        CodeEntry(
            .invalidOptions, "invalidOptions", "the options are not valid",
            """
            Cause: an option table (of `mf.init`, a remote, a shared module, a plugin's entry, a tenant, `mf.fetch` …) has
                   a key that nothing reads, a value of another type, or lacks a key. The message names each with its
                   path, such as `remotes[2].tenant`. Nothing has run or changed yet.
            Cure:  correct every path that is named. The editor stubs (`lua/types/mf.gen.lua`) have the type of each key.
                   Put your own data into a remote's `metadata`: hooks see it, mflua ignores it.
            """),
        CodeEntry(
            .deadlineExceeded, "deadlineExceeded", "the deadline has passed",
            """
            Cause: a call that Swift made with `deadline:` was still running when the deadline passed. The call is cancelled:
                   running Lua code is stopped and cannot catch this, waiting code is dropped. The state stays
                   usable.
            Cure:  look for an infinite loop or a remote that does not answer; otherwise allow more time.
            """),
    ]
}
