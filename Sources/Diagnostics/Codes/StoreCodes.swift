/// What can go wrong with the stores of plugins and scripts.
extension MFError.Code {
    /// STORE-001: a value would make a store larger than it may be.
    public static let storeFull = Self("STORE-001")
    /// STORE-002: a value is not what JSON can say.
    public static let storeValue = Self("STORE-002")
    /// STORE-003: another process writes the stores of the host.
    public static let storeLocked = Self("STORE-003")
    /// STORE-004: a key, or the name of a store, cannot be one.
    public static let storeKey = Self("STORE-004")
    /// STORE-005: the folder of the stores cannot be used.
    public static let storeFolder = Self("STORE-005")
    /// STORE-006: `mf.store()` has no plugin whose store it could be.
    public static let storeWithoutPlugin = Self("STORE-006")
    /// STORE-007: the system does not write a store.
    public static let storeWrite = Self("STORE-007")
    /// STORE-008: the contents of a store are not of the plugin's version, and did not become so.
    public static let storeVersion = Self("STORE-008")
    /// STORE-009: a key was changed by the function that updates it.
    public static let storeUpdate = Self("STORE-009")
    /// STORE-010: the file of a store is not one.
    public static let storeDamaged = Self("STORE-010")

    static let storeCodes: [CodeEntry] = [
        CodeEntry(
            .storeFull, "storeFull", "the store is full",
            """
            Cause: with the new value the store would take more than it may: 1 MB, or what the tenant's option `store`
                   says. Each value counts its JSON, its key, and 32 bytes. Nothing was written.
            Cure:  delete what is no longer needed, or give values a `ttl`: what has expired does not count.
            """),
        CodeEntry(
            .storeValue, "storeValue", "the value is not JSON",
            """
            Cause: a store keeps what JSON can say. The message has the path to what it cannot: a function, a userdata,
                   NaN, a string that is not UTF-8, a list with a hole. Nothing was written.
            Cure:  leave it out, or keep a string in its place. `delete` removes a value, `nil` cannot be kept.
            """),
        CodeEntry(
            .storeLocked, "storeLocked", "another process writes the stores of this host",
            """
            Cause: one process at a time writes the stores of a host, and another one has a host of this name. Reading
                   works meanwhile, and sees what the other process writes. Nothing was written.
            Cure:  give the hosts different names, or the processes different folders with `MFLUA_STATE`. When the other
                   process ends, the next write succeeds.
            """),
        CodeEntry(
            .storeKey, "storeKey", "the key or the name of a store is not valid",
            """
            Cause: a key is a string in UTF-8 of 1 to 1024 bytes, the name that a script gives a store one of 1 to 256
                   bytes. A plugin has one store, `mf.store()`, which takes no name.
            Cure:  shorten it, or encode it.
            """),
        CodeEntry(
            .storeFolder, "storeFolder", "the folder of the stores cannot be used",
            """
            Cause: the folder is not there and cannot be made, it is read-only, it or a file in it belongs to another
                   user, or is a symbolic link. Stores are in `plugins` below `MFLUA_STATE`; without that variable,
                   below `STATE_DIRECTORY` (of systemd), `/var/lib/mflua` (for root), `XDG_STATE_HOME/mflua` or
                   `~/.local/state/mflua`.
            Cure:  set `MFLUA_STATE` to a folder that belongs to the user that runs the host.
            """),
        CodeEntry(
            .storeWithoutPlugin, "storeWithoutPlugin", "`mf.store()` has no plugin",
            """
            Cause: `mf.store()` is the store of the plugin in whose file it is written. Scripts and remotes belong to no
                   plugin; and the name of a plugin is not known before its file has returned its table.
            Cure:  in a script, name the store: `mf.store("name")`. In a plugin, use the store in `plugin`, `apply` or a
                   hook; a local variable at the top of the file may hold it.
            """),
        CodeEntry(
            .storeWrite, "storeWrite", "the store cannot be written",
            """
            Cause: the disk is full, or failed. What the store held before is kept. With `durable`, the value may be
                   there, but a power failure may take it.
            Cure:  look at `df` and at the system's log.
            """),
        CodeEntry(
            .storeVersion, "storeVersion", "the contents of the store are of another version",
            """
            Cause: `migrate` of the plugin failed, or is missing; the store was written by a later version of the plugin;
                   or it was changed while `migrate` worked on a copy. The new version of the plugin is not taken, and
                   the contents are as they were.
            Cure:  correct `store = { version = 2, migrate = function(kv, from) … end }` in the plugin. Contents that no
                   version was noted for are of version 1.
            """),
        CodeEntry(
            .storeUpdate, "storeUpdate", "the function of an update has changed the key itself",
            """
            Cause: `kv:update(key, f)` writes what `f` returns if the key still holds what `f` was given. `f` itself has
                   changed it, or others did so again and again.
            Cure:  return the new value from `f`, and change other keys only.
            """),
        CodeEntry(
            .storeDamaged, "storeDamaged", "the file is not the store's",
            """
            Cause: a file in the folder of the stores is of a later version of mflua, of another store, or much too
                   long. It was left as it is.
            Cure:  move the file away: the store is empty then.
            """),
    ]
}
