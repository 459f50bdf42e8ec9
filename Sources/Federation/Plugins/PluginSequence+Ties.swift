extension PluginSequence {
    /// Two plugins that say the same of their place in a hook, so that the list decides.
    struct Tie {
        let first: Int
        let second: Int
        let order: PluginPlacement.Order
        let hook: String
    }

    /// The neighbours of a hook of which both are `pre`, or `post`, and neither says that it comes first.
    ///
    /// - Parameter names: Those that listen.
    func ties(among names: Set<String>, in hook: String) throws(Cycle) -> [Tie] {
        let solution = try solve(hook)
        let listening = solution.order.filter { names.contains(members[$0].name) }
        return zip(listening, listening.dropFirst()).compactMap { first, second in
            let isMoved = [first, second].contains {
                solution.pulls[$0] != nil || solution.levels[$0] != solution.movedLevels[$0]
            }
            guard !isMoved, solution.levels[first] == solution.levels[second],
                let order = placement(of: second, hook).order,
                !solution.edges.contains(where: { $0.first == first && $0.second == second })
            else { return nil }
            return Tie(first: first, second: second, order: order, hook: hook)
        }
    }
}
