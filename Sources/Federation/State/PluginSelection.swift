import Diagnostics

/// Which of the listed plugins are attached, as whoever starts the program says: `MFLUA_DISABLE` and `mflua --safe`.
final class PluginSelection {
    // Part of the registry: on the runtime's loop only.

    /// The names, or the paths, of the plugins that are left out.
    let disabled: [String]
    /// Whether only those are attached whose entry says `required = true`.
    let isSafe: Bool
    /// Told of each listed plugin: what it can be left out by, and its name as far as it is known.
    private let onPlugin: ((_ key: String, _ name: String) -> Void)?
    /// What was named and met.
    private var met: Set<String> = []
    /// The names that could have been meant by one that is left out.
    private var names: [String] = []

    init(disabled: [String], isSafe: Bool, onPlugin: ((_ key: String, _ name: String) -> Void)? = nil) {
        (self.disabled, self.isSafe, self.onPlugin) = (disabled, isSafe, onPlugin)
    }

    /// Notes that a plugin is listed.
    ///
    /// - Parameters:
    ///   - key: The path of its file as it is written, or its name.
    ///   - name: Its name; what its file is called until that is read.
    func note(_ key: String, name: String) {
        // Kept for `unmet` alone: a search a plugin would make attaching many quadratic.
        if !disabled.isEmpty, !names.contains(name) { names.append(name) }
        onPlugin?(key, name)
    }

    /// Why a plugin is left out; nil: it is attached.
    ///
    /// - Parameters:
    ///   - names: What it can be called by.
    ///   - isRequired: Whether its entry says `required = true`.
    func reason(toLeaveOut names: [String], isRequired: Bool) -> String? {
        let named = names.filter(disabled.contains)
        met.formUnion(named)
        if !named.isEmpty { return "disabled by MFLUA_DISABLE" }
        return isSafe && !isRequired ? "left out by --safe: its entry does not say `required = true`" : nil
    }

    /// What is left out by name and was never listed, each with the nearest name that was.
    var unmet: [(name: String, near: String?)] {
        disabled.filter { !met.contains($0) }.map { ($0, $0.closestMatch(in: names)) }
    }
}
