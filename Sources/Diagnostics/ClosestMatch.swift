extension String {
    /// The candidate most like this misspelt word, for "did you mean …?".
    ///
    /// - Parameters:
    ///   - candidates: What could have been meant.
    ///   - limit: How many edits apart a candidate may be; by default a third of the word's length, at least one. A word of
    ///     six or more letters may be three apart from a candidate that begins alike: `entires` and `entry`.
    /// - Returns: The closest candidate, the first of equals, or nil when none is close.
    package func closestMatch(in candidates: some Sequence<String>, limit: Int? = nil) -> String? {
        closestMatches(in: candidates, limit: limit, count: 1).first
    }
}

extension String {
    /// The candidates most like this misspelt word, closest first.
    ///
    /// Letters that differ only in case count as equal; two swapped neighbours count as one edit. A candidate that begins
    /// with the word, or the other way round, counts as close however long its rest is.
    ///
    /// - Parameters:
    ///   - candidates: What could have been meant.
    ///   - limit: How many edits apart a candidate may be; by default as for ``closestMatch(in:limit:)``.
    ///   - count: How many to return at most.
    package func closestMatches(
        in candidates: some Sequence<String>, limit: Int? = nil, count: Int = 3
    ) -> [String] {
        let target = Array(lowercased().unicodeScalars.prefix(longestCompared))
        guard !target.isEmpty else { return [] }
        let usual = limit ?? max(1, target.count / 3)
        let widest = limit ?? (target.count >= 6 ? max(3, usual) : usual)
        var found: [(distance: Int, name: String)] = []
        for name in candidates where name != self {
            let candidate = Array(name.lowercased().unicodeScalars.prefix(longestCompared))
            let limit = candidate.first == target.first ? widest : usual
            var distance = limit + 1
            if abs(candidate.count - target.count) <= limit {
                distance = editDistance(target, candidate)
            }
            if distance > limit, min(candidate.count, target.count) >= 3,
                candidate.starts(with: target) || target.starts(with: candidate)
            {
                distance = usual
            }
            if distance <= limit { found.append((distance, name)) }
        }
        // Stable: equals stay in the order they were given.
        let ordered = found.enumerated().sorted {
            ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset)
        }
        return ordered.prefix(count).map(\.element.name)
    }
}

/// Longer words are compared by their beginning: the cost is the product of the lengths.
private let longestCompared = 128

/// Optimal string alignment: insertions, removals, replacements and swaps of neighbours.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
    var beforePrevious = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    var current = previous
    for i in 1...a.count {
        current[0] = i
        for j in 1...b.count {
            let replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            current[j] = min(previous[j] + 1, current[j - 1] + 1, replaced)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                current[j] = min(current[j], beforePrevious[j - 2] + 1)
            }
        }
        (beforePrevious, previous, current) = (previous, current, beforePrevious)
    }
    return previous[b.count]
}
