/// Turns the grammar of ranges into bounds.
///
/// Blanks may stand between an operator and its version; `v` and `=` before a version are skipped where npm's semver
/// skips them.
struct VersionRangeParser {
    typealias Comparator = VersionRange.Comparator

    /// The bounds of each alternative; nil when the text is no range.
    func parse(_ text: String) -> [[Comparator]]? {
        var text = text.utf8.allSatisfy({ $0 < 0x80 }) ? text : normalizingBlanks(text)
        // Most ranges are a single comparator, which needs no taking apart.
        let isSingle = !text.isEmpty && text.utf8.allSatisfy { !isBlank($0) && $0 != UInt8(ascii: "|") }
        if isSingle { return text.withUTF8(comparators).map { [$0] } }
        var alternatives: [[Comparator]] = []
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        while let byte = next {
            next = bytes.next()
            let isBar = byte == UInt8(ascii: "|") && next == byte
            guard isBar || isBlank(byte) else {
                word.append(byte)
                continue
            }
            if !word.isEmpty { words.append(word) }
            word.removeAll(keepingCapacity: true)
            if isBar {
                next = bytes.next()
                guard let alternative = alternative(words) else { return nil }
                alternatives.append(alternative)
                words.removeAll(keepingCapacity: true)
            }
        }
        if !word.isEmpty { words.append(word) }
        guard let last = alternative(words) else { return nil }
        alternatives.append(last)
        return alternatives
    }

    /// What stands between two `||`, as its words.
    private func alternative(_ words: [[UInt8]]) -> [Comparator]? {
        if let dash = words.firstIndex(of: [UInt8(ascii: "-")]), let from = partial(joining: words[..<dash]),
            let to = partial(joining: words[(dash + 1)...])
        {
            return hyphen(from, to)
        }
        var bounds: [Comparator] = []
        for comparator in attachingOperators(words) {
            guard let some = comparator.withUnsafeBufferPointer(comparators) else { return nil }
            bounds += some
        }
        return bounds
    }

    /// `["^", "1.2", ">", "3"]` becomes `["^1.2", ">3"]`.
    private func attachingOperators(_ words: [[UInt8]]) -> [[UInt8]] {
        guard var current = words.first else { return [] }
        var result: [[UInt8]] = []
        for word in words.dropFirst() {
            switch current.last! {
            case UInt8(ascii: "~"), UInt8(ascii: "^"):
                current += word
            case UInt8(ascii: ">") where current.dropLast().last == UInt8(ascii: "~") && !word.allSatisfy(isPrefix):
                current.removeLast()
                current += word
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "="):
                // In `== 1` the second sign already belongs to a version, which is none.
                let isOperator = !(current.last == UInt8(ascii: "=") && current.dropLast().last.map(isPrefix) == true)
                guard isOperator, beginsVersion(word) else { fallthrough }
                current += word
            default:
                result.append(current)
                current = word
            }
        }
        result.append(current)
        return result
    }

    private func beginsVersion(_ word: [UInt8]) -> Bool {
        guard let first = word.first(where: { $0 != UInt8(ascii: "v") && $0 != UInt8(ascii: "=") }) else {
            return false
        }
        return isDigit(first) || isWildcard(first)
    }

    /// One side of a hyphen; blanks after `v` and `=` are allowed, between them and the version.
    private func partial(joining words: ArraySlice<[UInt8]>) -> Partial? {
        guard let version = words.last, words.dropLast().allSatisfy({ $0.allSatisfy(isPrefix) }) else { return nil }
        var partial = version.withUnsafeBufferPointer { bytes -> Partial? in
            var scanner = VersionScanner(bytes)
            let partial = scanner.partial()
            return scanner.isAtEnd ? partial : nil
        }
        if words.count > 1 { partial?.isPlain = false }
        return partial
    }

    /// `1.2.3 - 2.3`: both ends belong to the range, a short upper end with all that it stands for.
    private func hyphen(_ from: Partial, _ to: Partial) -> [Comparator]? {
        var lower: [Comparator]? = []
        if !from.isWildcard {
            // A full version counts as written, so it has to be one.
            guard from.isShort || from.isPlain else { return nil }
            let includesPrereleases = from.isShort || (from.prerelease.isEmpty && !from.hasBuild)
            lower = bounds((.atLeast, from.lowest, includesPrereleases ? .lowest : from.prerelease))
        }
        guard let lower else { return nil }
        if to.isWildcard { return lower }
        let upper =
            if to.minor == nil {
                bounds((.less, (raised(to.major), 0, 0), .lowest))
            } else if to.patch == nil {
                bounds((.less, (to.lowest.0, raised(to.minor), 0), .lowest))
            } else if to.prerelease.isEmpty {
                bounds((.less, (to.lowest.0, to.lowest.1, raised(to.patch)), .lowest))
            } else {
                bounds((.atMost, to.lowest, to.prerelease))
            }
        return upper.map { lower + $0 }
    }

    /// One comparator, such as `^1.2`, as its bounds.
    private func comparators(_ bytes: UnsafeBufferPointer<UInt8>) -> [Comparator]? {
        var scanner = VersionScanner(bytes)
        if scanner.take(UInt8(ascii: "^")) {
            guard let partial = scanner.partial(), scanner.isAtEnd else { return nil }
            return caret(partial)
        }
        if scanner.take(UInt8(ascii: "~")) {
            _ = scanner.take(UInt8(ascii: ">"))
            guard let partial = scanner.partial(), scanner.isAtEnd else { return nil }
            return tilde(partial)
        }
        let relation = scanner.relation()
        guard let partial = scanner.partial(), scanner.isAtEnd else { return withoutStar(bytes) }
        if partial.isShort { return compare(relation, short: partial) }
        guard partial.isPlain else { return nil }
        return bounds((relation ?? .equal, partial.lowest, partial.prerelease))
    }

    /// `1.2.3*` counts as `1.2.3`: a star, and an operator before it, may stand anywhere in a full version.
    private func withoutStar(_ bytes: UnsafeBufferPointer<UInt8>) -> [Comparator]? {
        guard let star = bytes.firstIndex(of: UInt8(ascii: "*")) else { return nil }
        var before = bytes[..<star]
        if before.last == UInt8(ascii: "=") { before = before.dropLast() }
        if before.last == UInt8(ascii: "<") || before.last == UInt8(ascii: ">") { before = before.dropLast() }
        return (Array(before) + bytes[(star + 1)...]).withUnsafeBufferPointer { bytes in
            var scanner = VersionScanner(bytes)
            let relation = scanner.relation()
            guard let version = scanner.partial(), scanner.isAtEnd, !version.isShort, version.isPlain else {
                return nil
            }
            return self.bounds((relation ?? .equal, version.lowest, version.prerelease))
        }
    }

    /// Everything up to the next change of the leftmost part that is not zero.
    private func caret(_ version: Partial) -> [Comparator]? {
        if version.isWildcard { return [] }
        let (major, minor, patch) = version.lowest
        let upper: (UInt64, UInt64, UInt64) =
            if major > 0 || version.minor == nil {
                (raised(major), 0, 0)
            } else if minor > 0 || version.patch == nil {
                (0, raised(minor), 0)
            } else {
                (0, 0, raised(patch))
            }
        var lower = version.isShort ? [] : version.prerelease
        // npm's semver lets prereleases of the lower end in, except for a full version from 1.0.0 on.
        if lower.isEmpty, version.isShort || major == 0 { lower = .lowest }
        return bounds((.atLeast, (major, minor, patch), lower), (.less, upper, .lowest))
    }

    /// Everything up to the next minor version, or to the next major one when there is no minor.
    private func tilde(_ version: Partial) -> [Comparator]? {
        if version.isWildcard { return [] }
        let (major, minor, patch) = version.lowest
        let upper: (UInt64, UInt64, UInt64) =
            version.minor == nil ? (raised(major), 0, 0) : (major, raised(minor), 0)
        let lower = version.isShort ? [] : version.prerelease
        return bounds((.atLeast, (major, minor, patch), lower), (.less, upper, .lowest))
    }

    /// A comparison with `1`, `1.2`, `1.x` or `*`, which stand for all versions that begin so.
    private func compare(_ relation: Comparator.Relation?, short: Partial) -> [Comparator]? {
        if short.isWildcard {
            // Nothing is above, or below, all versions.
            let isImpossible = relation == .greater || relation == .less
            return isImpossible ? bounds((.less, (0, 0, 0), .lowest)) : []
        }
        let lowest = short.lowest
        let above: (UInt64, UInt64, UInt64) =
            short.minor == nil ? (raised(lowest.0), 0, 0) : (lowest.0, raised(lowest.1), 0)
        return switch relation {
        case nil, .equal: bounds((.atLeast, lowest, .lowest), (.less, above, .lowest))
        case .atLeast: bounds((.atLeast, lowest, .lowest))
        case .greater: bounds((.atLeast, above, .lowest))
        case .less: bounds((.less, lowest, .lowest))
        case .atMost: bounds((.less, above, .lowest))
        }
    }

    /// Bounds of their parts; nil when a number is too large.
    private func bounds(
        _ parts: (Comparator.Relation, (UInt64, UInt64, UInt64), [Version.Identifier])...
    ) -> [Comparator]? {
        var result: [Comparator] = []
        for (relation, (major, minor, patch), prerelease) in parts {
            guard let version = Version(major, minor, patch, prerelease: prerelease) else { return nil }
            result.append(Comparator(relation: relation, version: version))
        }
        return result
    }

    private func raised(_ number: UInt64?) -> UInt64 {
        let number = number ?? 0
        return number == .max ? .max : number + 1
    }
}

extension [Version.Identifier] {
    /// The prerelease that comes before all others: with it a bound is about prereleases, too.
    fileprivate static var lowest: Self { [.number("0")] }
}

/// A version whose last parts may be missing or wildcards.
struct Partial {
    /// Nil stands for a wildcard. A part after a wildcard is one, too.
    var major: UInt64?
    var minor: UInt64?
    var patch: UInt64?
    var prerelease: [Version.Identifier] = []
    var hasBuild = false
    /// Written without `v` or `=`, except for a single `v`.
    var isPlain = true

    var isWildcard: Bool { major == nil }
    var isShort: Bool { patch == nil }
    var lowest: (UInt64, UInt64, UInt64) { (major ?? 0, minor ?? 0, patch ?? 0) }
}

extension VersionScanner {
    /// `>=` and its like; nil when there is none.
    fileprivate mutating func relation() -> VersionRange.Comparator.Relation? {
        if take(UInt8(ascii: "<")) { return take(UInt8(ascii: "=")) ? .atMost : .less }
        if take(UInt8(ascii: ">")) { return take(UInt8(ascii: "=")) ? .atLeast : .greater }
        return take(UInt8(ascii: "=")) ? .equal : nil
    }

    /// `1`, `1.x`, `1.2.3-beta`, after any number of `v` and `=`.
    fileprivate mutating func partial() -> Partial? {
        var partial = Partial()
        let start = position
        var isSingleV = next == UInt8(ascii: "v")
        while isPrefix(next) { _ = take(next) }
        isSingleV = isSingleV && position == start + 1
        partial.isPlain = position == start || isSingleV
        guard let major = part() else { return nil }
        partial.major = major
        guard take(UInt8(ascii: ".")) else { return partial }
        guard let minor = part() else { return nil }
        partial.minor = partial.major == nil ? nil : minor
        guard take(UInt8(ascii: ".")) else { return partial }
        guard let patch = part() else { return nil }
        partial.patch = partial.minor == nil ? nil : patch
        guard let prerelease = prerelease() else { return nil }
        partial.prerelease = prerelease
        partial.hasBuild = next == UInt8(ascii: "+")
        return skipBuild() ? partial : nil
    }

    /// A number, or nil for a wildcard; nil altogether when there is neither.
    private mutating func part() -> UInt64?? {
        if isWildcard(next) {
            _ = take(next)
            return .some(nil)
        }
        return number().map(Optional.some)
    }
}

private func isPrefix(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "v") || byte == UInt8(ascii: "=") }

private func isWildcard(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "x") || byte == UInt8(ascii: "X") || byte == UInt8(ascii: "*")
}
