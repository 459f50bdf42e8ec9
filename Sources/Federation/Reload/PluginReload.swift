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
        ReloadLine(
            what: plugin, host: host, changed: changed, generation: generation, duration: duration, error: error
        ).text(done: "reloaded")
    }
}
