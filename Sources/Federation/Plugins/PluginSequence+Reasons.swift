extension PluginSequence {
    /// The reason for the place of each of some plugins, in their order.
    ///
    /// - Parameter names: Those that listen to the hook.
    func reasons(for names: Set<String>, in hook: String) throws(Cycle) -> [(name: String, why: String)] {
        let solution = try solve(hook)
        let listening = solution.order.filter { names.contains(members[$0].name) }
        return listening.map { (members[$0].name, why($0, hook, solution, listening)) }
    }

    private func why(_ index: Int, _ hook: String, _ solution: Solution, _ listening: [Int]) -> String {
        var reasons: [String] = []
        if let pull = solution.pulls[index] {
            reasons.append("before \(members[pull.second].name) (\(source(of: pull, for: index)))")
        } else if solution.levels[index] == solution.movedLevels[index] {
            reasons += ownPlace(index, hook, solution, listening)
        }
        let earlier = solution.edges.filter { $0.second == index }
        let last = solution.order.last { place in earlier.contains { $0.first == place } }
        if let edge = earlier.first(where: { $0.first == last }) {
            reasons.append("after \(members[edge.first].name) (\(source(of: edge, for: index)))")
        }
        return reasons.isEmpty ? "list order" : reasons.joined(separator: "; ")
    }

    /// What is said by `pre` and `post`, and by whose plugin it is.
    private func ownPlace(_ index: Int, _ hook: String, _ solution: Solution, _ listening: [Int]) -> [String] {
        let tenant = solution.levels[index] >= 3 ? members[index].tenant : nil
        guard let order = placement(of: index, hook).order else {
            return tenant.map { ["after the owner's plugins, as \($0) orders its own"] } ?? []
        }
        let word = "\"\(order.rawValue)\""
        // Those that something else has moved do not stand by the list.
        let equals = listening.filter {
            solution.levels[$0] == solution.levels[index] && solution.movedLevels[$0] == solution.levels[$0]
                && solution.pulls[$0] == nil
        }
        let place = (equals.firstIndex(of: index) ?? 0) + 1
        if place > 1 { return ["\(place.ordinal) of \(equals.count.word) \(word): list order"] }
        if let tenant { return ["\(order.rawValue) among the plugins of \(tenant)"] }
        return [order.rawValue + (members[index].entry.order == nil ? "" : " (its entry)")]
    }

    /// Where the reason for a member's place is said.
    private func source(of edge: Edge, for index: Int) -> String {
        let (said, key) = (edge.statement, edge.statement.key.rawValue)
        if said.member == index { return said.isOwners ? "\(key) of its entry" : "its own \(key)" }
        let name = members[said.member].name
        return said.isOwners ? "\(key) in the entry of \(name)" : "\(key) of \(name)"
    }
}

extension Int {
    /// `2nd`.
    fileprivate var ordinal: String {
        let suffix =
            switch (self % 10, self % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(self)\(suffix)"
    }

    /// `two`; numbers from ten on as digits.
    fileprivate var word: String {
        let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        return words.indices.contains(self) ? words[self] : "\(self)"
    }
}
