/// What can go wrong between things that wait for one another.
extension MFError.Code {
    /// LOAD-001: something waits for itself.
    public static let waitCircle = Self("LOAD-001")
    /// LOAD-002: a listener, or the `lib` of a shared module, repeats the load it is called for without end.
    public static let listenersTooDeep = Self("LOAD-002")
    /// LOAD-003: the script waits, and nothing is left that could wake it.
    public static let nothingLeft = Self("LOAD-003")

    static let loadCodes: [CodeEntry] = [
        CodeEntry(
            .waitCircle, "waitCircle", "something waits for itself",
            """
            Cause: a load, a shared module, a task or a `require` waits for something that waits for it. The message names
                   the circle: in `a/x -> b/x -> a/x` the module `a/x` loads `b/x` while it is created, and `b/x` loads `a/x`.
                   Files that are required in between are named, too, as in: a/x -> module `helper` -> b/y -> a/x
                   (`a/x` requires its own file `helper.lua`, which loads `b/y`).
            Cure:  let one of them load the other later: inside the function that needs it, or in `mf.spawn` without
                   waiting for the task.
            """),
        CodeEntry(
            .listenersTooDeep, "listenersTooDeep", "a listener or a `lib` repeats the load it is called for",
            """
            Cause: a hook's listener loads something, and that load calls the listener again, hundreds of levels deep; or the
                   `lib` of a shared module loads that module, hundreds of times in a row.
            Cure:  check `args.id` in the listener and return early when it is called for its own load, or
                   limit the attempts. A `lib` returns the module itself, such as `require("inspect")`.
            """),
        CodeEntry(
            .nothingLeft, "nothingLeft", "nothing is left that could wake the script",
            """
            Cause: the script or a task waits, and there is no timer, transfer, descriptor, subprocess or worker that could
                   end the wait. `mflua` ends with exit code 13.
            Cure:  the message says what waits for what: end the wait where it begins, with a timeout or by resuming it.
            """),
    ]
}
