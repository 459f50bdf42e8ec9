/// What was found out about plugins in passing, for whoever asks after the health of a host.
final class Notices {
    // Part of the registry: on the runtime's loop only.

    /// One thing, told in the log at the time.
    struct Notice: Equatable {
        let plugin: String
        let text: String
        var advice: String?
    }

    private(set) var all: [Notice] = []

    /// Notes something.
    ///
    /// - Returns: Whether it is new.
    func add(_ notice: Notice) -> Bool {
        guard !all.contains(notice) else { return false }
        all.append(notice)
        return true
    }
}
