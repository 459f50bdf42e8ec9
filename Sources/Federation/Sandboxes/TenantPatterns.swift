import LuaBridge

/// The globs of a tenant's `hears` or `changes`, over `remote/expose` and `share:PACKAGE`.
///
/// `*` stands for any text within a segment, `**` for any number of segments, a lone `*` for everything; `!` excludes. What
/// belongs to another tenant is matched only by a pattern that begins with the remote's whole name.
///
/// ```swift
/// let patterns = TenantPatterns(["billing/**", "!billing/health", "share:statsd"])
/// patterns.match(id: "billing/invoice/pdf")    // true
/// ```
struct TenantPatterns: Sendable, Equatable {
    private enum Kind { case remote, share }

    private struct Pattern: Sendable, Equatable {
        let text: String
        let kind: Kind
        let excludes: Bool
        let isEverything: Bool
        let segments: [[UInt8]]

        init(_ pattern: String) {
            var text = pattern[...]
            excludes = text.hasPrefix("!")
            if excludes { text = text.dropFirst() }
            kind = text.hasPrefix(TenantPatterns.sharePrefix) ? .share : .remote
            if kind == .share { text = text.dropFirst(TenantPatterns.sharePrefix.count) }
            self.text = String(text)
            isEverything = kind == .remote && text == "*"
            segments = TenantPatterns.segments(text)
        }
    }

    static let sharePrefix = "share:"
    private let patterns: [Pattern]
    /// Whether it is `*` and nothing else.
    let isEverything: Bool

    init(_ list: [String]) {
        patterns = list.map { Pattern($0) }
        isEverything = patterns.count == 1 && patterns[0].isEverything && !patterns[0].excludes
    }

    /// Whether a text can match anything.
    static func isPattern(_ text: String) -> Bool {
        var text = text[...]
        if text.hasPrefix("!") { text = text.dropFirst() }
        if text.hasPrefix(sharePrefix) { text = text.dropFirst(sharePrefix.count) }
        return !text.isEmpty
    }

    /// Whether an expose, or a request as it was made, is meant.
    ///
    /// - Parameter foreign: The remote's name, where it is another tenant's.
    func match(id: String, foreign: String? = nil) -> Bool {
        if isEverything { return foreign == nil }
        let segments = Self.segments(id[...])
        return decide(.remote, foreign) { Self.states(of: $0.segments, after: segments).contains($0.segments.count) }
    }

    /// Whether all exposes of a remote are meant.
    func matchAll(of remote: String, foreign: Bool) -> Bool {
        if isEverything { return !foreign }
        let segments = Self.segments(remote[...])
        var all = false
        for pattern in patterns where pattern.kind == .remote {
            if pattern.excludes {
                // One expose less is not all of them.
                if Self.touches(pattern.segments, segments) || pattern.isEverything { all = false }
            } else if foreign {
                all = all || pattern.text == remote + "/**"
            } else if pattern.isEverything || Self.coversAll(pattern.segments, below: segments) {
                all = true
            }
        }
        return all
    }

    /// Whether some expose of a remote may be meant.
    func matchSome(of remote: String, foreign: Bool) -> Bool {
        if isEverything { return !foreign }
        let segments = Self.segments(remote[...])
        return patterns.contains { pattern in
            guard pattern.kind == .remote, !pattern.excludes else { return false }
            if foreign { return Self.names(pattern.text, remote) }
            return pattern.isEverything || Self.touches(pattern.segments, segments)
        }
    }

    /// Whether a shared package is meant.
    func match(share package: String) -> Bool {
        if isEverything { return true }
        var isMeant = false
        let segments = Self.segments(package[...])
        for pattern in patterns where pattern.isEverything || pattern.kind == .share {
            let matches =
                pattern.isEverything
                || Self.states(of: pattern.segments, after: segments).contains(pattern.segments.count)
                || pattern.text == "*"
            if matches { isMeant = !pattern.excludes }
        }
        return isMeant
    }

    private func decide(_ kind: Kind, _ foreign: String?, _ matches: (Pattern) -> Bool) -> Bool {
        var isMeant = false
        for pattern in patterns where pattern.kind == kind {
            if let foreign, !pattern.excludes, !Self.names(pattern.text, foreign) { continue }
            if pattern.isEverything || matches(pattern) { isMeant = !pattern.excludes }
        }
        return isMeant
    }

    /// Whether a pattern begins with a remote's whole name.
    private static func names(_ pattern: String, _ remote: String) -> Bool {
        pattern == remote || pattern.hasPrefix(remote + "/")
    }

    // MARK: - Segments

    private static let any = Array("**".utf8)

    private static func segments(_ text: Substring) -> [[UInt8]] {
        text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// The places in a pattern that can be reached by reading segments: its end among them is a match.
    private static func states(of pattern: [[UInt8]], after segments: [[UInt8]]) -> Set<Int> {
        var states = closed([0], pattern)
        for segment in segments {
            var next: Set<Int> = []
            for state in states where state < pattern.count {
                if pattern[state] == any {
                    next.insert(state)
                } else if Glob.fits(pattern[state], segment) {
                    next.insert(state + 1)
                }
            }
            states = closed(next, pattern)
            if states.isEmpty { break }
        }
        return states
    }

    /// The same places and those behind each `**`, which may stand for nothing.
    private static func closed(_ states: Set<Int>, _ pattern: [[UInt8]]) -> Set<Int> {
        var all = states
        for state in states {
            var state = state
            while state < pattern.count, pattern[state] == any {
                state += 1
                all.insert(state)
            }
        }
        return all
    }

    private static func touches(_ pattern: [[UInt8]], _ remote: [[UInt8]]) -> Bool {
        !states(of: pattern, after: remote).isEmpty
    }

    /// Whether whatever follows the remote's name is matched.
    private static func coversAll(_ pattern: [[UInt8]], below remote: [[UInt8]]) -> Bool {
        guard pattern.last == any else { return false }
        return states(of: pattern, after: remote).contains(pattern.count - 1)
    }
}

extension OptionType {
    /// A list of patterns.
    static let patterns = list(
        of: OptionType("string", "a pattern such as \"billing/**\" or \"share:statsd\"") {
            $0.stringValue.map(TenantPatterns.isPattern) ?? false
        }, "a list of patterns")
}
