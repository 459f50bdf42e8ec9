/// Finds which suspects make a check fail, with few runs of the check: delta debugging by binary search.
///
/// ```swift
/// var search = CulpritSearch(of: plugins) { chosen in try run(with: chosen) == .bad }
/// let culprits = try search.culprits()
/// ```
///
/// One culprit among n takes at most 2·log₂ n runs, each further one as many again.
package struct CulpritSearch<Suspect: Hashable> {
    private let suspects: [Suspect]
    private let check: (Set<Suspect>) throws -> Bool
    private var known: [Set<Suspect>: Bool]
    /// How often the check has run.
    package private(set) var runs = 0

    /// - Parameters:
    ///   - suspects: What may be at fault; with all of them the check is bad, with none it is good.
    ///   - isBad: Runs the check with some of the suspects.
    package init(of suspects: [Suspect], isBad: @escaping (Set<Suspect>) throws -> Bool) {
        (self.suspects, check) = (suspects, isBad)
        known = [Set(suspects): true, []: false]
    }

    /// The suspects with which the check is bad, so that without any one of them it is good; in the order of the list.
    package mutating func culprits() throws -> [Suspect] {
        var chosen: [Suspect] = []
        var candidates = suspects[...]
        // Each round finds the shortest beginning of the list that is bad with what was found: its last one is at fault.
        while try !isBad(chosen), try isBad(chosen + candidates) {
            var (good, bad) = (0, candidates.count)
            while bad - good > 1 {
                let middle = (good + bad) / 2
                if try isBad(chosen + candidates.prefix(middle)) { bad = middle } else { good = middle }
            }
            candidates = candidates.prefix(bad)
            if let culprit = candidates.popLast() { chosen.append(culprit) }
        }
        // Where a suspect undoes what another does, the rounds may end on a set that is good.
        let found = try isBad(chosen) ? Set(chosen) : Set(suspects)
        return try minimal(suspects.filter(found.contains))
    }

    /// A bad set without those that it does not need.
    private mutating func minimal(_ bad: [Suspect]) throws -> [Suspect] {
        var result = bad
        var index = 0
        while index < result.count {
            var fewer = result
            fewer.remove(at: index)
            if try isBad(fewer) { (result, index) = (fewer, 0) } else { index += 1 }
        }
        return result
    }

    private mutating func isBad(_ chosen: some Collection<Suspect>) throws -> Bool {
        let chosen = Set(chosen)
        if let known = known[chosen] { return known }
        runs += 1
        let verdict = try check(chosen)
        known[chosen] = verdict
        return verdict
    }
}
