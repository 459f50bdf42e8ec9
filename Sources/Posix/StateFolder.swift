internal import Glibc

/// Where a program keeps what has to outlive it, `$MFLUA_STATE`.
package enum StateFolder {
    /// The folder by the environment: `MFLUA_STATE`; else what systemd names, `/var/lib/mflua` for root,
    /// `$XDG_STATE_HOME/mflua`, `~/.local/state/mflua`. It need not be there.
    ///
    /// - Returns: Nil where the environment names none of them.
    package static func path(
        isRoot: Bool = geteuid() == 0, variable: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) -> String? {
        func named(_ name: String) -> String? { variable(name).flatMap { $0.isEmpty ? nil : $0 } }
        // A path of the freedesktop specification that is relative counts as not set.
        func absolute(_ name: String) -> String? { named(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
        if let path = named("MFLUA_STATE") { return path }
        // systemd lists several, with colons between.
        if let first = named("STATE_DIRECTORY")?.split(separator: ":").first { return String(first) }
        if isRoot { return "/var/lib/mflua" }
        if let path = absolute("XDG_STATE_HOME") { return path + "/mflua" }
        return absolute("HOME").map { $0 + "/.local/state/mflua" }
    }
}
