/// What can go wrong when a remote is written, built and published.
extension MFError.Code {
    /// BUILD-001: there is no configuration.
    public static let configMissing = Self("BUILD-001")
    /// BUILD-002: the configuration is wrong.
    public static let configInvalid = Self("BUILD-002")
    /// BUILD-003: the sources cannot be built.
    public static let sourcesInvalid = Self("BUILD-003")
    /// BUILD-004: the output folder cannot be used.
    public static let outputUnusable = Self("BUILD-004")
    /// BUILD-005: digests cannot be computed.
    public static let digestUnavailable = Self("BUILD-005")
    /// BUILD-006: a project cannot have this name.
    public static let projectNameInvalid = Self("BUILD-006")
    /// BUILD-007: there is something of the project's name already.
    public static let projectExists = Self("BUILD-007")
    /// BUILD-008: a check has found faults.
    public static let checkFailed = Self("BUILD-008")
    /// BUILD-009: a folder is not a whole build.
    public static let notABuild = Self("BUILD-009")
    /// BUILD-010: a version is published already, with other contents.
    public static let versionExists = Self("BUILD-010")
    /// BUILD-011: a file cannot be published.
    public static let publishFailed = Self("BUILD-011")
    /// BUILD-012: a remote's types cannot be had.
    public static let typesMissing = Self("BUILD-012")

    static let authoringCodes: [CodeEntry] = [
        CodeEntry(
            .configMissing, "configMissing", "there is no configuration",
            """
            Cause: the folder has no `module-federation.config.lua`, which names what a remote exposes.
            Cure:  change to the remote's folder, or name it: `mflua build path/to/remote`.
            """),
        CodeEntry(
            .configInvalid, "configInvalid", "the configuration is wrong",
            """
            Cause: `module-federation.config.lua` cannot be read or run, or some of its keys are unknown or have values
                   of the wrong kind. The message names all of them. The file runs without I/O, modules and clock, with
                   16 MB of memory and one second of processor time.
            Cure:  correct the keys. The file returns one table, such as
                   `return { name = "checks", version = "1.0.0", exposes = { ["./disk"] = "src/disk.lua" } }`.
            """),
        CodeEntry(
            .sourcesInvalid, "sourcesInvalid", "the sources cannot be built",
            """
            Cause: a source does not compile, a module that it requires is not found, or it is not known which module a
                   `require` loads. Each place is printed with its file and line. The output folder is unchanged.
            Cure:  write `require` with a literal name; list files that only computed names reach in `include`, and
                   modules that the host provides in `external`, in `module-federation.config.lua`.
            """),
        CodeEntry(
            .outputUnusable, "outputUnusable", "the output folder cannot be used",
            """
            Cause: the folder cannot be written, or it holds the sources.
            Cure:  name a folder of its own with `--out`; check its permissions with `ls -ld`, the disk with `df`.
            """),
        CodeEntry(
            .digestUnavailable, "digestUnavailable", "digests cannot be computed",
            """
            Cause: OpenSSL's libcrypto (libcrypto.so.3) is not installed, or too old.
            Cure:  install it: `apt-get install libssl3`.
            """),
        CodeEntry(
            .projectNameInvalid, "projectNameInvalid", "a project cannot have this name",
            """
            Cause: the name becomes a folder and the name of a remote, host or plugin.
            Cure:  begin with a letter or digit, and use letters, digits, `_`, `-` and `.`.
            """),
        CodeEntry(
            .projectExists, "projectExists", "the project exists already",
            """
            Cause: there is a file or folder of the name that `mflua new` was given. Nothing was changed.
            Cure:  choose another name, or another folder with `--in`.
            """),
        CodeEntry(
            .checkFailed, "checkFailed", "a check has found faults",
            """
            Cause: `mflua check` has found faults in sources, configuration or build. Each is printed with its place.
            Cure:  correct them; `mflua check --json` lists them for programs.
            """),
        CodeEntry(
            .notABuild, "notABuild", "the folder is not a whole build",
            """
            Cause: the folder has no manifest, or files that the manifest lists are missing or changed.
            Cure:  run `mflua build`, and publish the folder that it writes; `mflua check DIST` lists what is wrong.
            """),
        CodeEntry(
            .versionExists, "versionExists", "the version exists with other contents",
            """
            Cause: hosts and caches keep the files of a version, so that a version never changes once it is published.
            Cure:  raise `version` in `module-federation.config.lua`, build again, and publish that.
            """),
        CodeEntry(
            .publishFailed, "publishFailed", "a file cannot be published",
            """
            Cause: the target refuses the file, or what is read back differs from what was written. The manifest is written
                   last: hosts go on with the version that was live.
            Cure:  mend what the reason says, and publish again: files that are there already are not written twice. A
                   server has to allow PUT; `MFLUA_PUBLISH_AUTHORIZATION` is sent as its `Authorization` header.
            """),
        CodeEntry(
            .typesMissing, "typesMissing", "a remote's types cannot be had",
            """
            Cause: no remote was named, the remote's manifest names no types in `metaData.types.api`, or manifest or types
                   cannot be fetched; or, with `--check`, the files are not those that the remotes have.
            Cure:  build the remote with `mflua build` and without `dts = false`; run `mflua types` to write the files.
            """),
    ]
}
