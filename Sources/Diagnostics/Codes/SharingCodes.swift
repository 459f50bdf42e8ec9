/// What can go wrong with remotes, shared modules and preloads beyond what Module Federation numbers.
extension MFError.Code {
    /// REMOTE-001: the declaration of a remote is invalid.
    public static let remoteInvalid = Self("REMOTE-001")
    /// SHARE-001: a package that the host does not share.
    public static let shareNotFound = Self("SHARE-001")
    /// SHARE-002: nothing provides the shared module.
    public static let shareNotProvided = Self("SHARE-002")
    /// SHARE-003: the version of a singleton is out of range.
    public static let shareMismatch = Self("SHARE-003")
    /// PRELOAD-001: the remote to preload is unknown.
    public static let preloadUnknown = Self("PRELOAD-001")
    /// PRELOAD-002: resources of a preload failed to load.
    public static let preloadFailed = Self("PRELOAD-002")

    static let sharingCodes: [CodeEntry] = [
        CodeEntry(
            .remoteInvalid, "remoteInvalid", "the declaration of a remote is invalid",
            """
            Cause: the remote has no name; or its alias begins as the name or alias of another remote does, so that
                   requests could mean either; or its `revalidate` or `timeout` is invalid.
            Cure:  give it a name; choose an alias that begins no other name; write times as a number and `us`,
                   `ms`, `s`, `min`, `h` or `d`, such as `revalidate = "30s"`.
            """),
        CodeEntry(
            .shareNotFound, "shareNotFound", "the host does not share this package",
            """
            Cause: `loadShare` was asked for a package that is not in the host's `shared`.
            Cure:  declare it in `mf.init` or with `registerShared`; the hint has the closest name.
            """),
        CodeEntry(
            .shareNotProvided, "shareNotProvided", "nothing provides the shared module",
            """
            Cause: the package's entry in `shared` has neither `lib` nor `get`, and no other host or remote provides a
                   suitable version.
            Cure:  add `lib = function() return require("…") end` to the entry.
            """),
        CodeEntry(
            .shareMismatch, "shareMismatch", "the singleton's version is out of range",
            """
            Cause: a package is shared as a singleton with `strictVersion`, and the version in use does not satisfy
                   `requiredVersion`.
            Cure:  widen the range, provide another version, or omit `strictVersion` to get a warning instead.
            """),
        CodeEntry(
            .preloadUnknown, "preloadUnknown", "the remote to preload is unknown",
            """
            Cause: `preloadRemote` names a remote that is not registered.
            Cure:  register it first; the hint has the closest name.
            """),
        CodeEntry(
            .preloadFailed, "preloadFailed", "resources of a preload failed to load",
            """
            Cause: a manifest, an entry or an asset of the preload could not be fetched.
            Cure:  listen to `afterPreloadRemote`: `results` lists the outcome for each resource.
            """),
    ]
}
