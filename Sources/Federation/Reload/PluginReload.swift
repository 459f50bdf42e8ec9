public import Diagnostics

/// What came of reloading one plugin.
public struct PluginReload: Sendable {
    /// The plugin's name.
    public let plugin: String
    /// The host that it belongs to.
    public let host: String
    /// The plugin's file.
    public let path: String
    /// What has changed; empty when the reload was asked for by hand.
    public let changed: [String]
    /// The generation that serves now.
    public let generation: Int
    /// How long reading, compiling, checking and the hand-over took.
    public let duration: Duration
    /// Why the new version was refused; the one before it serves on.
    public let error: MFError?

    /// One line for people: what changed, how long it took, which generation serves, or why not.
    public var line: String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let hundredths = (microseconds + 5) / 10
        let fraction = hundredths % 100
        let time = "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
        let cause = changed.isEmpty ? "" : " (\(changed.joined(separator: ", ")))"
        guard let error else { return "reloaded \(plugin) in \(host): generation \(generation), \(time)\(cause)" }
        let reason = (error.cause as? MFError)?.message ?? error.message
        return "not reloaded \(plugin) in \(host): \(reason); generation \(generation) serves on\(cause)"
    }
}
