/// What can go wrong on the command line.
extension MFError.Code {
    /// CLI-001: the script to run does not exist.
    public static let scriptMissing = Self("CLI-001")
    /// CLI-002: the script to run cannot be read.
    public static let scriptUnreadable = Self("CLI-002")
    /// CLI-003: there is no such error code.
    public static let unknownCode = Self("CLI-003")
    /// CLI-004: the folder to serve does not exist.
    public static let folderMissing = Self("CLI-004")
    /// CLI-005: the server cannot listen.
    public static let cannotListen = Self("CLI-005")
    /// CLI-006: an output file cannot be written.
    public static let cannotWrite = Self("CLI-006")
    /// CLI-007: there is nothing to bisect.
    public static let nothingToBisect = Self("CLI-007")
    /// CLI-008: there are no tests to run.
    public static let noSpecs = Self("CLI-008")

    static let commandCodes: [CodeEntry] = [
        CodeEntry(
            .scriptMissing, "scriptMissing", "the script does not exist",
            """
            Cause: there is no file at the path given to `mflua`.
            Cure:  check the path; `mflua -e 'code'` runs code without a file, `mflua -` reads standard input.
            """),
        CodeEntry(
            .scriptUnreadable, "scriptUnreadable", "the script cannot be read",
            """
            Cause: the path is a folder, or its permissions forbid reading.
            Cure:  name the file itself; check `ls -l`.
            """),
        CodeEntry(
            .unknownCode, "unknownCode", "there is no such error code",
            """
            Cause: `mflua explain` was given a code that mflua does not use.
            Cure:  `mflua explain` without a code lists all of them.
            """),
        CodeEntry(
            .folderMissing, "folderMissing", "the folder does not exist",
            """
            Cause: the path to serve or inspect does not exist or is not a folder.
            Cure:  check the path.
            """),
        CodeEntry(
            .cannotListen, "cannotListen", "the server cannot listen",
            """
            Cause: the port is taken by another program, or needs more rights (ports below 1024).
            Cure:  choose another port; port 0 lets the system choose and prints it.
            """),
        CodeEntry(
            .cannotWrite, "cannotWrite", "the file cannot be written",
            """
            Cause: the folder does not exist, its permissions forbid writing, or the disk is full.
            Cure:  check the path with `ls -ld`, the disk with `df`.
            """),
        CodeEntry(
            .nothingToBisect, "nothingToBisect", "there is nothing to bisect",
            """
            Cause: the command that `mflua bisect` was given does not fail with all plugins of the script, or fails with
                   none of them, too; or it cannot be run, does not run the script, or `--pin` names a plugin that the
                   script does not list.
            Cure:  the message says which. The command is good where it exits with 0, and has to run the script with
                   mflua: `mflua bisect host.lua -- mflua host.lua`.
            """),
        CodeEntry(
            .noSpecs, "noSpecs", "there are no tests",
            """
            Cause: what `mflua test` was given does not exist, or is a folder without a file whose name ends with
                   `_spec.lua`. Without arguments it looks into the folder `spec`.
            Cure:  write `spec/name_spec.lua`, or name the file with the tests.
            """),
    ]
}
