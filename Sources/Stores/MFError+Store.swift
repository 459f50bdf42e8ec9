package import Diagnostics
import Posix

extension MFError {
    /// STORE-001: a value would make a store larger than it may be.
    static func storeFull(_ identity: StoreIdentity, needed: Int, quota: Int) -> MFError {
        MFError(
            .storeFull, "\(identity.description) would take \(needed) bytes of \(quota)",
            context: [("host", identity.host), ("bytes", "\(needed)"), ("quota", "\(quota)")],
            hint: "nothing was written; delete what is no longer needed, or let it expire with `ttl`")
    }

    /// STORE-001: a value that no store of this size has room for.
    package static func valueExceedsStore(_ needed: Int, quota: Int) -> MFError {
        MFError(
            .storeFull, "the value would take \(needed) bytes of \(quota)",
            context: [("bytes", "\(needed)"), ("quota", "\(quota)")], hint: "nothing was written")
    }

    /// STORE-003: the stores of the host are another process's.
    static func storeLocked(_ identity: StoreIdentity, by process: String?) -> MFError {
        MFError(
            .storeLocked,
            "the stores of host `\(identity.host)` are being written by \(process.map { "process \($0)" } ?? "another process")",
            context: [("host", identity.host), ("process", process)],
            hint:
                "give each process's host a name of its own, or a state folder of its own with `MFLUA_STATE`; reading works"
        )
    }

    /// STORE-005: the folder of the stores, or a file in it, cannot be used.
    static func storeFolder(_ path: String, _ reason: String) -> MFError {
        MFError(
            .storeFolder, "cannot use `\(path)` for stores: \(reason)", context: [("path", path)],
            hint: "`MFLUA_STATE` names the folder; it belongs to the user that runs the host")
    }

    /// STORE-005: no folder is named.
    package static func noStateFolder() -> MFError {
        MFError(
            .storeFolder, "there is no folder for stores: neither `MFLUA_STATE` nor `HOME` is set",
            hint: "set `MFLUA_STATE` to a folder that belongs to the user that runs the host")
    }

    /// STORE-007: the system does not write.
    static func storeWrite(_ path: String, _ cause: Errno) -> MFError {
        MFError(
            .storeWrite, "cannot write `\(path)`: \(cause)", context: [("path", path)],
            hint: "what the store held before is kept; check the disk with `df`")
    }

    /// STORE-008: somebody writes for whom the contents are of another version.
    static func storeTakenOver(_ identity: StoreIdentity, _ version: Int) -> MFError {
        MFError(
            .storeVersion, "the store of \(identity.description) is of version \(version) now",
            context: [("host", identity.host), ("stored", "\(version)")],
            hint: "another version of the plugin has taken it over; nothing was written")
    }

    /// STORE-010: a file is not what it should be.
    static func storeDamaged(_ path: String, _ reason: String) -> MFError {
        MFError(
            .storeDamaged, "`\(path)` is not the store's file: \(reason)", context: [("path", path)],
            hint: "the file was left as it is; move it away to begin with an empty store")
    }
}
