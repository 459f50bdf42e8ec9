import Synchronization

/// A range of versions in npm's grammar: `^1.2.0`, `>=1.2 <3 || 4.x`, `1.2.3 - 2.3`, `*`.
///
/// It means what npm's semver means by it with prereleases included, so `1.1.0-beta` satisfies `^1.0.0`.
public struct VersionRange: Sendable, Hashable, CustomStringConvertible {
    /// The range as it was written.
    public let description: String

    /// Any of these has to hold, and of each every part.
    private let alternatives: [[Comparator]]

    /// One bound.
    struct Comparator: Sendable, Hashable {
        enum Relation: Sendable { case less, atMost, equal, atLeast, greater }
        let relation: Relation
        let version: Version

        func holds(for other: Version) -> Bool {
            switch relation {
            case .less: other < version
            case .atMost: other <= version
            case .equal: other == version
            case .atLeast: other >= version
            case .greater: other > version
            }
        }
    }

    /// Reads a range.
    ///
    /// - Returns: Nil when any part of it is no range; `latest` or `workspace:*` are none.
    public init?(_ text: String) {
        guard let alternatives = VersionRangeParser().parse(text) else { return nil }
        self.alternatives = alternatives
        description = text
    }

    /// Whether a version lies in the range.
    public func isSatisfied(by version: Version) -> Bool {
        alternatives.contains { $0.allSatisfy { $0.holds(for: version) } }
    }
}

extension VersionRange {
    /// Whether a version lies in a range, both as text.
    ///
    /// ```swift
    /// VersionRange.satisfies("1.4.0", "^1.2.0")   // true
    /// ```
    ///
    /// - Returns: False also when the version is not a version, or the range is not a range.
    public static func satisfies(_ version: String, _ range: String) -> Bool {
        guard let version = Version(version), let range = cached(range) else { return false }
        return range.isSatisfied(by: version)
    }

    /// A range, parsed once: each look-up of a shared module asks for the same few.
    private static func cached(_ text: String) -> VersionRange? {
        ranges.withLock { ranges in
            if let known = ranges[text] { return known }
            if ranges.count >= 1_000 { ranges.removeAll() }
            let range = VersionRange(text)
            ranges[text] = .some(range)
            return range
        }
    }

    private static let ranges = Mutex<[String: VersionRange?]>([:])
}
