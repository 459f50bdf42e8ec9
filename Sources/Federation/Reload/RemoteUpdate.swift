public import Diagnostics

/// What came of asking for a new version of a remote, where there was one.
public struct RemoteUpdate: Sendable {
    /// The remote's name.
    public let remote: String
    /// The host that asked.
    public let host: String
    /// The URLs whose content is another than before, without credentials.
    public let changed: [String]
    /// The generation that serves now.
    public let generation: Int
    /// How long fetching, running, initialising and checking took.
    public let duration: Duration
    /// Why the new version was refused; the one before it serves on.
    public let error: MFError?

    /// One line for people: what changed, how long it took, which generation serves, or why not.
    public var line: String {
        ReloadLine(
            what: remote, host: host, changed: changed, generation: generation, duration: duration, error: error
        ).text(done: "updated")
    }
}

/// The line that tells of a reload, of whatever.
struct ReloadLine {
    let what: String
    let host: String
    let changed: [String]
    let generation: Int
    let duration: Duration
    let error: MFError?

    func text(done: String) -> String {
        let cause = changed.isEmpty ? "" : " (\(changed.joined(separator: ", ")))"
        guard let error else { return "\(done) \(what) in \(host): generation \(generation), \(time)\(cause)" }
        let reason = (error.cause as? MFError)?.message ?? error.message
        return "not \(done) \(what) in \(host): \(reason); generation \(generation) serves on\(cause)"
    }

    private var time: String {
        let microseconds = duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000
        let hundredths = (microseconds + 5) / 10
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) ms"
    }
}
