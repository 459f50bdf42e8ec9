/// What can go wrong with subprocesses and files.
extension MFError.Code {
    /// EXEC-001: the program cannot be started.
    public static let cannotStart = Self("EXEC-001")
    /// EXEC-002: the program took longer than its `timeout`.
    public static let programTooSlow = Self("EXEC-002")
    /// EXEC-003: the program wrote more than `maxOutput`.
    public static let tooMuchOutput = Self("EXEC-003")
    /// EXEC-004: the program failed, and `check` was set.
    public static let programFailed = Self("EXEC-004")
    /// EXEC-005: a stream of a program cannot be read or written.
    public static let streamUnusable = Self("EXEC-005")

    /// FILE-001: there is no such file or folder.
    public static let fileMissing = Self("FILE-001")
    /// FILE-002: the user may not do that with the file.
    public static let fileRefused = Self("FILE-002")
    /// FILE-003: the disk is full.
    public static let diskFull = Self("FILE-003")
    /// FILE-004: the file cannot be used as asked.
    public static let fileFailed = Self("FILE-004")

    static let fileCodes: [CodeEntry] = [
        CodeEntry(
            .fileMissing, "fileMissing", "there is no such file or folder",
            """
            Cause: the path given to a function of `mf.fs` names nothing, or a part of it is no folder.
            Cure:  check the path; a relative one begins at the working folder of the host. `mf.fs.stat` gives nil for what
                   is not there, `mf.fs.mkdir` makes folders.
            """),
        CodeEntry(
            .fileRefused, "fileRefused", "the file is not accessible",
            """
            Cause: the permissions of the file or of a folder on its path forbid it, or the file system is read-only.
            Cure:  check `ls -ld` and the user that the host runs as. `mf.fs.write` makes a file beside the one that it
                   replaces, so it needs the right to write to the folder.
            """),
        CodeEntry(
            .diskFull, "diskFull", "the disk is full",
            """
            Cause: there is no space left for the file, or the user's quota is used up. The file has its old content.
            Cure:  check `df` and `df -i`.
            """),
        CodeEntry(
            .fileFailed, "fileFailed", "the file cannot be used as asked",
            """
            Cause: the message says which: it is a folder, it is larger than `maxBytes`, a folder is not empty, or the
                   device has failed.
            Cure:  raise the limit, remove with `recursive = true`, or check the device's log with `dmesg`.
            """),
    ]

    /// CONNECT-001: a connection cannot be made.
    public static let cannotConnect = Self("CONNECT-001")
    /// CONNECT-002: a connection cannot be used any more.
    public static let connectionFailed = Self("CONNECT-002")

    static let connectCodes: [CodeEntry] = [
        CodeEntry(
            .cannotConnect, "cannotConnect", "the connection cannot be made",
            """
            Cause: the name has no address, nobody listens there, or the time is up. The message says which.
            Cure:  `getent hosts NAME` asks the same resolver, `ss -ltn` on the other machine shows who listens.
            """),
        CodeEntry(
            .connectionFailed, "connectionFailed", "the connection cannot be used",
            """
            Cause: the other side has reset the connection, it is closed, nothing came within the time of `read`, another task
                   is reading, or more than 16 MiB came without the end of a line.
            Cure:  connect anew; let one task read from a connection.
            """),
    ]

    /// SERVE-001: the server cannot listen.
    public static let cannotServe = Self("SERVE-001")

    static let serveCodes: [CodeEntry] = [
        CodeEntry(
            .cannotServe, "cannotServe", "the server cannot listen",
            """
            Cause: the address of `mf.serve { listen = … }` is taken by another program, is no address of this machine, or
                   needs more rights (ports below 1024, the folder of a Unix socket); or the program that runs the script
                   has no HTTP server.
            Cure:  `ss -ltnp` shows who listens where; port 0 lets the system choose, and `server.url` tells which it is.
            """)
    ]

    static let execCodes: [CodeEntry] = [
        CodeEntry(
            .cannotStart, "cannotStart", "the program cannot be started",
            """
            Cause: there is no such program on `PATH`, the file is not executable, or the folder of `cwd` cannot be
                   entered. The message says which.
            Cure:  check the name with `command -v`, the file with `ls -l`. A shell's own words (`cd`, `export`,
                   pipes) need a shell: `mf.exec { "sh", "-c", "…" }`.
            """),
        CodeEntry(
            .programTooSlow, "programTooSlow", "the program took too long",
            """
            Cause: the program ran longer than the `timeout` of `mf.exec` or `mf.process`, and was killed with its
                   process group.
            Cure:  raise `timeout`, or find out what the program waits for: it has nothing to read without `stdin`.
            """),
        CodeEntry(
            .tooMuchOutput, "tooMuchOutput", "the program writes too much",
            """
            Cause: the program wrote more than `maxOutput` bytes (16 MiB where that is absent) to its output and its
                   errors together, and was killed.
            Cure:  raise `maxOutput`, or read the output as it comes: `for line in mf.process(argv):lines() do … end`.
            """),
        CodeEntry(
            .programFailed, "programFailed", "the program failed",
            """
            Cause: the program exited with another code than 0, or a signal ended it, and the options say
                   `check = true`.
            Cure:  see the program's messages below the error. Without `check` the result has `code`, `signal` and
                   `stderr`, and nothing is raised.
            """),
        CodeEntry(
            .streamUnusable, "streamUnusable", "the program's stream cannot be used",
            """
            Cause: the program has ended or has closed its input, its input was not asked for with `stdin = true`,
                   a line is longer than 16 MiB, or another task is reading already.
            Cure:  let one task read and another write; wait for the end with `process:wait()`.
            """),
    ]
}
