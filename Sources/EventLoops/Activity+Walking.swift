// The wait-for graph, walked.
extension Activity {
    /// The activities that are reached from one, nearest first, and the way to each.
    struct Closure {
        fileprivate(set) var activities: [Activity] = []
        fileprivate var previous: [ObjectIdentifier: Activity] = [:]

        /// From the first activity to another.
        func path(to last: Activity) -> [Activity]? {
            guard let first = activities.first else { return nil }
            var path = [last]
            while let here = path.last, here !== first {
                guard let next = previous[ObjectIdentifier(here)] else { return nil }
                path.append(next)
            }
            return path.reversed()
        }
    }

    func closure(_ next: (Activity) -> [Activity]) -> Closure {
        var closure = Closure()
        var seen: Set<ObjectIdentifier> = [ObjectIdentifier(self)]
        closure.activities = [self]
        var position = 0
        while position < closure.activities.count {
            let here = closure.activities[position]
            position += 1
            for other in next(here) where seen.insert(ObjectIdentifier(other)).inserted {
                closure.previous[ObjectIdentifier(other)] = here
                closure.activities.append(other)
            }
        }
        return closure
    }

    /// Whether it waits for something.
    package var isWaiting: Bool { !waitsFor.isEmpty }

    /// How many activities it waits for, directly and by what these wait for in turn.
    package var reach: Int { closure { $0.waitsFor }.activities.count - 1 }

    /// Whether one that it waits for, itself included, is as a predicate says.
    package func waits(forOne isMeant: (Activity) -> Bool) -> Bool {
        if isMeant(self) { return true }
        return isWaiting && closure { $0.waitsFor }.activities.contains(where: isMeant)
    }

    /// The waits for this activity, and for those that wait for it, the outermost first.
    package var waitsBehind: [(waiter: Activity, awaited: Activity)] {
        if waiters.isEmpty { return [] }
        return closure { $0.waiters }.activities.flatMap { awaited in
            awaited.waiters.map { (waiter: $0, awaited: awaited) }
        }.reversed()
    }

    /// What it waits for, and what that waits for: `task 1 -> share `lib``.
    package var waitText: String {
        closure { $0.waitsFor.first.map { [$0] } ?? $0.outer.map { [$0] } ?? [] }.activities.map(\.name).joined(
            separator: " -> ")
    }
}

extension [Activity] {
    /// The names of a circle whose first activity stands at the end again: `a/x -> b/x -> a/x`.
    var circleText: String {
        let circle = dropLast()
        // A part goes without saying where the activity before it in the circle is of the same owner.
        let told = circle.enumerated().filter { index, activity in
            guard case .part(let owner) = activity.kind else { return true }
            let before = circle[(index + circle.count - 1) % circle.count]
            return !before.name.hasPrefix(owner + "/")
        }.map(\.element.name)
        let names = told.isEmpty ? circle.map(\.name) : told
        return (names + names.prefix(1)).joined(separator: " -> ")
    }
}
