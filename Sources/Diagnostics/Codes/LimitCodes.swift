/// What happens to a tenant that wants more than it may have.
extension MFError.Code {
    /// LIMIT-001: too much CPU time.
    public static let limitCPU = Self("LIMIT-001")
    /// LIMIT-002: too much wall-clock time.
    public static let limitWall = Self("LIMIT-002")
    /// LIMIT-003: too much memory.
    public static let limitMemory = Self("LIMIT-003")
    /// LIMIT-004: too many tasks.
    public static let limitTasks = Self("LIMIT-004")
    /// LIMIT-005: a message between isolation levels is too large.
    public static let limitMessageSize = Self("LIMIT-005")
    /// LIMIT-006: calls are nested too deeply.
    public static let limitDepth = Self("LIMIT-006")
    /// LIMIT-007: the tenant is suspended.
    public static let tenantSuspended = Self("LIMIT-007")
    /// LIMIT-008: the tenant's worker process died.
    public static let workerDied = Self("LIMIT-008")
    /// LIMIT-009: the tenant lacks a capability.
    public static let capabilityMissing = Self("LIMIT-009")
    /// LIMIT-010: the isolation level is not available on this machine.
    public static let levelUnavailable = Self("LIMIT-010")

    static let limitCodes: [CodeEntry] = [
        CodeEntry(
            .limitCPU, "limitCPU", "the tenant used up its CPU time",
            """
            Cause: one call used more processor time than its limit. It was stopped; the tenant cannot catch this.
            Cure:  raise the tenant's `cpu` limit, or split the work and wait in between.
            """),
        CodeEntry(
            .limitWall, "limitWall", "the tenant took too long",
            """
            Cause: one call, with its waits, took longer than its limit.
            Cure:  raise the tenant's `wall` limit, or give the operation it waits for a shorter deadline.
            """),
        CodeEntry(
            .limitMemory, "limitMemory", "the tenant used up its memory",
            """
            Cause: the tenant's Lua state grew beyond its cap. The state is closed; the host continues.
            Cure:  raise the tenant's `memory` limit, or look for tables that never shrink.
            """),
        CodeEntry(
            .limitTasks, "limitTasks", "the tenant has too many tasks",
            """
            Cause: the tenant started more coroutines, timers or fetches at a time than it may.
            Cure:  wait for some to finish before starting more, or raise the limit.
            """),
        CodeEntry(
            .limitMessageSize, "limitMessageSize", "the message is too large",
            """
            Cause: a value that crosses isolation levels is copied, and this one is larger than a message may be.
            Cure:  pass less data: a key, a path, one page at a time.
            """),
        CodeEntry(
            .limitDepth, "limitDepth", "calls are nested too deeply",
            """
            Cause: Lua and Swift called each other in turn, deeper than the stack allows; usually an infinite
                   recursion.
            Cure:  look for a hook that causes the very load that it handles.
            """),
        CodeEntry(
            .tenantSuspended, "tenantSuspended", "the tenant is suspended",
            """
            Cause: the tenant exceeded its limits too often and is kept from running for a while.
            Cure:  fix its code and reload it, or wait until the suspension ends.
            """),
        CodeEntry(
            .workerDied, "workerDied", "the tenant's process died",
            """
            Cause: the worker process of a tenant crashed or was killed for exceeding a limit. The host continues.
            Cure:  the next call starts a new worker; look at the worker's last output for the reason.
            """),
        CodeEntry(
            .capabilityMissing, "capabilityMissing", "the tenant may not do this",
            """
            Cause: the tenant lacks the grant for what it tried (network, files, environment …).
            Cure:  to grant it, list it in the host's `mf.init`:
                   `tenants = { acme = { net = { "api.example" }, shared = { "statsd" }, env = { KEY = "value" } } }`.
                   `net` lists hosts that `mf.fetch` can contact, `shared` packages for `mf.loadShare`, `env`
                   the contents of `mf.env`.
                   Every tenant has `mf.sleep`, `mf.spawn`, `mf.all`, `mf.json`, `mf.log`, `print`, `require`, and of
                   Lua `coroutine`, `math`, `string` (without `dump`), `table`, `utf8`, `os.clock`, `os.date`,
                   `os.difftime`, `os.time`, `debug.traceback` and the basic functions but `dofile`, `loadfile` and
                   `warn`. No tenant has `io`, `package`, processes, files, C modules or the rest of `mf`; a plugin
                   loads remotes of its own tenant by `args.origin:loadRemote`.
            """),
        CodeEntry(
            .levelUnavailable, "levelUnavailable", "the isolation level is not available",
            """
            Cause: this machine or build cannot provide the level that was asked for.
            Cure:  choose another level; a laxer one is never used in its place.
            """),
    ]
}
