/// Module Federation's own codes, with its meanings.
extension MFError.Code {
    /// RUNTIME-001: the remote's entry was loaded but returned no container.
    public static let entryExportsNothing = Self("RUNTIME-001")
    /// RUNTIME-002: the container has no `init` (or no `get`) function.
    public static let containerWithoutInit = Self("RUNTIME-002")
    /// RUNTIME-003: the remote's manifest could not be fetched or read.
    public static let manifestFailed = Self("RUNTIME-003")
    /// RUNTIME-004: no registered remote matches the request.
    public static let remoteNotFound = Self("RUNTIME-004")
    /// RUNTIME-005: `loadShareSync` found no shared module that is available synchronously.
    public static let shareSyncFailed = Self("RUNTIME-005")
    /// RUNTIME-006: `loadShareSync` found a shared module whose `get` waits.
    public static let shareSyncAsyncGet = Self("RUNTIME-006")
    /// RUNTIME-007: there is no snapshot of the remote to load it from.
    public static let snapshotNotFound = Self("RUNTIME-007")
    /// RUNTIME-008: the remote's entry file could not be fetched, compiled or run.
    public static let entryLoadFailed = Self("RUNTIME-008")
    /// RUNTIME-009: there is no host instance yet.
    public static let hostNotFound = Self("RUNTIME-009")
    /// RUNTIME-010: the host's name cannot be changed.
    public static let hostNameChanged = Self("RUNTIME-010")
    /// RUNTIME-011: the remote's snapshot has no entry to load.
    public static let entryUrlMissing = Self("RUNTIME-011")
    /// RUNTIME-012: the container has no `get` for the expose.
    public static let getExposeUndefined = Self("RUNTIME-012")
    /// RUNTIME-013: the manifest was read, but is not a usable manifest.
    public static let manifestInvalid = Self("RUNTIME-013")
    /// RUNTIME-014: the remote does not expose the module.
    public static let exposeNotFound = Self("RUNTIME-014")
    /// RUNTIME-015: the container was initialized before, with another share scope.
    public static let initAlreadyDone = Self("RUNTIME-015")
    /// RUNTIME-016: the system has run out of descriptors, threads or memory.
    public static let resourceLacking = Self("RUNTIME-016")

    static let runtimeCodes: [CodeEntry] = [
        CodeEntry(
            .entryExportsNothing, "entryExportsNothing", "the remote entry returns no container",
            """
            Cause: the remote's entry file ran to its end but returned nothing, or a value that is not a container.
            Cure:  let the file end with `return { init = function(shareScope) … end, get = function(expose) … end }`.
                   When a `createScript` or `loadEntry` hook supplies the entry, it has to return such a table too.
            """),
        CodeEntry(
            .containerWithoutInit, "containerWithoutInit", "the container has no `init`",
            """
            Cause: the table that the remote's entry returned lacks the function `init` that takes the share scope.
            Cure:  add `init = function(shareScope, initScope, remoteEntryInitOptions) end`; it may be empty.
                   Check, too, that the entry's URL is the remote entry and not one of the exposed modules.
            """),
        CodeEntry(
            .manifestFailed, "manifestFailed", "the manifest could not be loaded",
            """
            Cause: the remote's `mf-manifest.json` could not be fetched, or is not JSON. The cause below the
                   message says which: no connection, a status other than 2xx, an HTML page, a body cut short.
            Cure:  open the URL with curl; check that the remote is deployed there and that the path is right.
                   A plugin can retry in `fetch`, or supply another manifest in `errorLoadRemote`
                   (lifecycle `afterResolve`).
            """),
        CodeEntry(
            .remoteNotFound, "remoteNotFound", "no remote matches the request",
            """
            Cause: the first part of `remote/expose` is neither the name nor the alias of a registered remote.
            Cure:  check the spelling; declare the remote in `mf.init { remotes = … }` or add it with
                   `mf.registerRemotes` before loading from it. `beforeRequest` may have rewritten the id.
            """),
        CodeEntry(
            .shareSyncFailed, "shareSyncFailed", "the shared module is not available synchronously",
            """
            Cause: `loadShareSync` cannot wait, and no provided version is loaded, has a `lib`, or a `get` that
                   returns immediately.
            Cure:  provide it with `lib = function() … end`, make it `eager`, or load it with `mf.loadShare` first.
            """),
        CodeEntry(
            .shareSyncAsyncGet, "shareSyncAsyncGet", "the shared module's `get` has to wait",
            """
            Cause: `loadShareSync` called the module's `get`, which tried to wait; or the module is a
                   singleton that is still being created.
            Cure:  use `mf.loadShare`, which may wait, or provide the module with `lib`.
            """),
        CodeEntry(
            .snapshotNotFound, "snapshotNotFound", "no snapshot of the remote",
            """
            Cause: the remote is declared by version, so its location must come from the global snapshot, and the
                   snapshot does not know it.
            Cure:  give the remote an `entry` URL, or add its snapshot with `mf.addGlobalSnapshot` before loading.
            """),
        CodeEntry(
            .entryLoadFailed, "entryLoadFailed", "the remote entry could not be loaded",
            """
            Cause: the entry file could not be fetched, does not compile, or raised an error while it ran. The cause
                   below the message says which.
            Cure:  check the URL and the file; a plugin may retry in `loadEntryError` or fall back in
                   `errorLoadRemote`. JavaScript entries cannot be run: the remote has to ship a Lua entry.
            """),
        CodeEntry(
            .hostNotFound, "hostNotFound", "no host instance",
            """
            Cause: a function such as `mf.loadRemote` was called before a host existed.
            Cure:  call `mf.init { name = …, remotes = … }` first, or use the methods of the instance that
                   `mf.createInstance` returned.
            """),
        CodeEntry(
            .hostNameChanged, "hostNameChanged", "the host's name cannot be changed",
            """
            Cause: `initOptions` was called with another `name` than the host was created with.
            Cure:  omit `name` there, or create another host with `mf.createInstance`.
            """),
        CodeEntry(
            .entryUrlMissing, "entryUrlMissing", "the remote has no entry URL",
            """
            Cause: the manifest or snapshot of the remote names no remote entry (`metaData.remoteEntry`), or no public
                   path to derive its URL from.
            Cure:  fix the manifest, or declare the remote with the URL of its Lua entry.
            """),
        CodeEntry(
            .getExposeUndefined, "getExposeUndefined", "the container gave no factory",
            """
            Cause: the container's `get` returned a value that is not a function.
            Cure:  `get = function(expose) return function() return module end end`: it returns a *factory*.
            """),
        CodeEntry(
            .manifestInvalid, "manifestInvalid", "the manifest is not valid",
            """
            Cause: the file is JSON, but lacks a required part (`metaData`, `exposes`, `shared`) or has one of the wrong
                   type. The message names the path of the offending value.
            Cure:  correct the manifest at that path.
            """),
        CodeEntry(
            .exposeNotFound, "exposeNotFound", "the remote does not expose the module",
            """
            Cause: the container's `get` knows no such expose. The hint lists the closest names it has.
            Cure:  check spelling and case of the part after the slash; `app/button` asks for the expose `./button`.
            """),
        CodeEntry(
            .initAlreadyDone, "initAlreadyDone", "the container is already initialized",
            """
            Cause: a container is initialized once, with one share scope; a second one was passed to it.
            Cure:  use one share scope for the remote in all hosts of the process, or give it another name.
            """),
        CodeEntry(
            .resourceLacking, "resourceLacking", "a system resource is exhausted",
            """
            Cause: the process or the machine has reached a limit of open files, threads or memory.
            Cure:  check the limits with `ulimit -a` and the usage with `ls /proc/<pid>/fd`; raise the limit or
                   reduce the load.
            """),
    ]
}
