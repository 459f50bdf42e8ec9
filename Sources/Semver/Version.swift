/// A semantic version, such as `1.4.0-beta.2+build.7`.
///
/// Versions are ordered as semver.org says: a prerelease comes before its release, build metadata counts for nothing.
/// A leading `v` and blanks around the version are accepted.
///
/// ```swift
/// Version("1.10.0")! > Version("1.9.3")!          // true
/// Version("1.0.0-rc.1")! < Version("1.0.0")!      // true
/// ```
public struct Version: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Raised by an incompatible change.
    public let major: UInt64
    /// Raised by a compatible addition.
    public let minor: UInt64
    /// Raised by a compatible fix.
    public let patch: UInt64
    /// What stands between `-` and `+`, split at its dots; empty for a release.
    public let prerelease: [Identifier]

    /// The largest number a part may have: what a double holds exactly, as in the field's JavaScript tools.
    static let largestNumber: UInt64 = 9_007_199_254_740_991
    /// The longest text that is taken for a version.
    private static let longestText = 256

    /// One part of a prerelease.
    public enum Identifier: Sendable, Hashable, Comparable, CustomStringConvertible {
        /// Digits only; kept as written, since it may be longer than any integer.
        case number(String)
        /// Letters, digits and hyphens.
        case text(String)

        /// Numbers come before texts; numbers by size, texts by their bytes.
        public static func < (a: Identifier, b: Identifier) -> Bool {
            switch (a, b) {
            case (.number(let a), .number(let b)):
                a.utf8.count != b.utf8.count
                    ? a.utf8.count < b.utf8.count : a.utf8.lexicographicallyPrecedes(b.utf8)
            case (.number, .text): true
            case (.text, .number): false
            case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
            }
        }

        /// The identifier as it is written.
        public var description: String {
            switch self {
            case .number(let text), .text(let text): text
            }
        }
    }

    /// Makes a version of its parts.
    ///
    /// - Returns: Nil when a number is too large.
    init?(_ major: UInt64, _ minor: UInt64, _ patch: UInt64, prerelease: [Identifier] = []) {
        guard max(major, minor, patch) <= Self.largestNumber else { return nil }
        (self.major, self.minor, self.patch, self.prerelease) = (major, minor, patch, prerelease)
    }

    /// Reads a version.
    ///
    /// - Returns: Nil unless the text is `major.minor.patch`, without leading zeros, and optionally a prerelease and
    ///   build metadata.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.longestText else { return nil }
        var text = text.utf8.allSatisfy({ $0 < 0x80 }) ? text : normalizingBlanks(text)
        let version = text.withUTF8 { bytes -> Version? in
            var scanner = VersionScanner(bytes)
            scanner.skipBlanks()
            _ = scanner.take(UInt8(ascii: "v"))
            let version = scanner.version()
            scanner.skipBlanks()
            return scanner.isAtEnd ? version : nil
        }
        guard let version else { return nil }
        self = version
    }

    /// Orders by precedence.
    public static func < (a: Version, b: Version) -> Bool {
        if a.major != b.major { return a.major < b.major }
        if a.minor != b.minor { return a.minor < b.minor }
        if a.patch != b.patch { return a.patch < b.patch }
        // A release comes after its prereleases; a longer prerelease after a shorter one that it begins with.
        if a.prerelease.isEmpty || b.prerelease.isEmpty { return !a.prerelease.isEmpty && b.prerelease.isEmpty }
        return a.prerelease.lexicographicallyPrecedes(b.prerelease)
    }

    /// The version without build metadata.
    public var description: String {
        let release = "\(major).\(minor).\(patch)"
        return prerelease.isEmpty ? release : release + "-" + prerelease.map(\.description).joined(separator: ".")
    }
}

extension Version {
    /// Whether a version comes before another or has the same precedence.
    ///
    /// Short numbers, which shared packages without a version are given, count as `0.0.0`, `1.0.0`, `1.2.0`.
    ///
    /// ```swift
    /// Version.isAtMost("1.2", "1.2.0")      // true
    /// Version.isAtMost("latest", "1.2.0")   // false
    /// ```
    ///
    /// - Returns: False also when either text is not a version.
    public static func isAtMost(_ a: String, _ b: String) -> Bool {
        guard let a = Version(completing: a), let b = Version(completing: b) else { return false }
        return a <= b
    }

    /// Whether a version comes before another; see ``isAtMost(_:_:)`` for what counts as a version.
    public static func isLess(_ a: String, _ b: String) -> Bool {
        guard let a = Version(completing: a), let b = Version(completing: b) else { return false }
        return a < b
    }
}

extension Version {
    /// Reads a version, or a number of one or two parts, whose missing parts count as zero.
    package init?(completing text: String) {
        let dots = text.utf8.count { $0 == UInt8(ascii: ".") }
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        self.init(isNumber && dots < 2 ? text + String(repeating: ".0", count: 2 - dots) : text)
    }
}
