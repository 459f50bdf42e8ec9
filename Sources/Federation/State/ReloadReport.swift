public import Diagnostics

/// What came of replacing a plugin, or a remote, by a new version.
public struct ReloadReport: Sendable {
    /// What can be replaced.
    public enum Kind: String, Sendable {
        /// A plugin, by what its file holds now.
        case plugin = "reloaded"
        /// A remote, by what is published now.
        case remote = "updated"
    }

    /// Whether it is a plugin or a remote.
    public let kind: Kind
    /// The plugin's or the remote's name.
    public let name: String
    /// The host that it belongs to.
    public let host: String
    /// The files, or the URLs without credentials, whose content is another than before; empty when a plugin's reload
    /// was asked for by hand.
    public let changed: [String]
    /// The generation that serves now.
    public let generation: Int
    /// How long it took to get, make and check the new version, the hand-over included.
    public let duration: Duration
    /// Why the new version was refused; the one before it serves on.
    public let error: MFError?

    /// One line for people: what changed, how long it took, which generation serves, or why not.
    public var line: String {
        let cause = changed.isEmpty ? "" : " (\(changed.joined(separator: ", ")))"
        guard let error else { return "\(kind.rawValue) \(name) in \(host): generation \(generation), \(time)\(cause)" }
        let reason = (error.cause as? MFError)?.message ?? error.message
        return "not \(kind.rawValue) \(name) in \(host): \(reason); generation \(generation) serves on\(cause)"
    }

    private var time: String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let hundredths = (microseconds + 5) / 10
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    }
}
