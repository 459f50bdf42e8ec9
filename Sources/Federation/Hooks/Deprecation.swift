/// That a name goes, and what takes its place: one without a successor cannot be written.
public struct Deprecation: Sendable, Equatable {
    /// The version from which on its use is warned about.
    public let since: String
    /// The version that no longer has it.
    public let removed: String
    /// What takes its place, as it is written in code: `mf.fetch`, `args.id`.
    public let use: String

    /// - Parameters:
    ///   - since: The version from which on its use is warned about.
    ///   - removed: The version that no longer has it.
    ///   - use: What takes its place, as it is written in code.
    public init(since: String, removed: String, use: String) {
        (self.since, self.removed, self.use) = (since, removed, use)
    }

    /// For the stubs.
    var sentence: String { "Deprecated since \(since), removed in \(removed): use `\(use)`." }
}

/// In which versions a declared name is there.
public struct Availability: Sendable, Equatable {
    /// The first version that has it; nil: all have.
    public var since: String?
    /// That it goes, if it does.
    public var deprecated: Deprecation?

    /// - Parameters:
    ///   - since: The first version that has it; nil: all have.
    ///   - deprecated: That it goes, if it does.
    public init(since: String? = nil, deprecated: Deprecation? = nil) {
        (self.since, self.deprecated) = (since, deprecated)
    }

    /// What the reference adds to a summary: ` Since 1.1.0. **Deprecated since …**`; nothing where nothing is declared.
    var reference: String {
        (since.map { " Since \($0)." } ?? "")
            + (deprecated.map { " **Deprecated** since \($0.since), removed in \($0.removed): use `\($0.use)`." } ?? "")
    }
}

/// A declaration that says in which versions its name is there.
///
/// ```swift
/// HostFunction("removePlugin", "fun(name: string)", "Removes a plugin.") { … }
///     .deprecated(since: "1.2.0", removed: "2.0.0", use: "mf.removePlugins")
/// ```
protocol Dated {
    var availability: Availability { get set }
}

extension Dated {
    /// The same declaration of something that older versions do not have.
    func since(_ version: String) -> Self {
        var copy = self
        copy.availability.since = version
        return copy
    }

    /// The same declaration of something that goes.
    func deprecated(since: String, removed: String, use: String) -> Self {
        var copy = self
        copy.availability.deprecated = Deprecation(since: since, removed: removed, use: use)
        return copy
    }
}
