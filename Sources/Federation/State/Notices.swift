/// What was found out about plugins, scripts and remotes in passing, for whoever asks after the health of a host.
final class Notices {
    // Part of the registry: on the runtime's loop only.

    /// Whose code a notice is about.
    enum User: Sendable, Equatable {
        case plugin(String)
        /// A plugin whose name is not known yet, by its file.
        case pluginFile(String)
        case remote(String)
        case script
    }

    /// One thing, told in the log at the time.
    struct Notice {
        let user: User
        /// Where the first code or entry is that it is about.
        var place: String?
        let text: String
        var advice: String?

        /// The text and where it is about.
        var located: String { (place.map { "\($0): " } ?? "") + text }
        /// What the log says.
        var line: String { located + (advice.map { ": \($0)" } ?? "") }
    }

    private(set) var all: [Notice] = []

    /// Notes something, once for each user.
    ///
    /// - Returns: Whether it is new.
    func add(_ notice: Notice) -> Bool {
        guard !all.contains(where: { $0.user == notice.user && $0.text == notice.text }) else { return false }
        all.append(notice)
        return true
    }
}
