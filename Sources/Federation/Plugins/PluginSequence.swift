/// The order in which the plugins of a host are called, solved from what is said of their places.
///
/// Plugins stand by `pre`, nothing, `post`, then as they are listed. Where an edge says otherwise, the one of its two that
/// was listed later moves, so that a plugin that is added leaves the others as they are where its own edges allow it.
///
/// What a tenant's plugin says counts among the plugins of its tenant, and only where the owner says nothing of them; those
/// of a tenant that orders its plugins come after the owner's.
struct PluginSequence {
    /// What is known of one plugin.
    struct Member {
        let name: String
        var tenant: String?
        /// What its author says.
        var own = PluginPlacement()
        /// What its author says of single hooks.
        var hooks: [String: PluginPlacement] = [:]
        /// What its owner says.
        var entry = PluginPlacement()
    }

    /// Who says that one plugin is called before another.
    struct Statement: Equatable {
        enum Key: String { case before, after, requires }
        /// The plugin in whose table or entry it is said.
        let member: Int
        let key: Key
        let isOwners: Bool
        /// The hook for which it is said, where it is only that.
        var hook: String?
    }

    /// One plugin is called before another.
    struct Edge: Equatable {
        let first: Int
        let second: Int
        let statement: Statement
    }

    /// The edges of a cycle, each beginning where the one before ended.
    struct Cycle: Error {
        let edges: [Edge]
    }

    /// The plugins in their order for one hook.
    struct Solution {
        /// The members by place.
        let order: [Int]
        let levels: [Int]
        /// The levels to which later ones were moved by what they follow.
        let movedLevels: [Int]
        /// What moved a member ahead of its place.
        let pulls: [Int: Edge]
        let edges: [Edge]
    }

    /// As they are listed.
    let members: [Member]
    private let indices: [String: Int]
    /// The groups: 0 for what stands where its owner has listed it, more for those of tenants that order their own.
    private let groups: [Int]

    init(_ members: [Member]) {
        self.members = members
        let indices = Dictionary(members.indices.map { (members[$0].name, $0) }) { first, _ in first }
        self.indices = indices
        var isPlaced = members.map { !$0.entry.isEmpty }
        for member in members {
            let words = member.tenant == nil ? member.own.overridden(by: member.entry) : member.entry
            let hooks = member.tenant == nil ? Array(member.hooks.values) : []
            for name in ([words] + hooks).flatMap(\.names) {
                if let index = indices[name] { isPlaced[index] = true }
            }
        }
        var tenants: [String] = []
        for (index, member) in members.enumerated() where !isPlaced[index] {
            guard let tenant = member.tenant, !tenants.contains(tenant) else { continue }
            let others = member.own.names.contains { indices["\(tenant)/\($0)"] != nil || indices[$0] != nil }
            if member.own.order != nil || others { tenants.append(tenant) }
        }
        groups = members.indices.map { index in
            guard !isPlaced[index], let tenant = members[index].tenant else { return 0 }
            return (tenants.firstIndex(of: tenant) ?? -1) + 1
        }
    }

    /// Whether the order is that of the list.
    var isListOrder: Bool { members.allSatisfy { $0.own.isEmpty && $0.entry.isEmpty && $0.hooks.isEmpty } }

    /// The hooks that have an order of their own.
    var hooks: Set<String> { Set(members.flatMap(\.hooks.keys)) }

    /// Solves the order.
    ///
    /// - Parameter hook: The hook; nil: those of which nothing is said.
    func solve(_ hook: String? = nil) throws(Cycle) -> Solution {
        let edges = members.indices.flatMap { self.edges(of: $0, hook) }
        var links = [[Int: Edge]](repeating: [:], count: members.count)
        for edge in edges where links[edge.second][edge.first] == nil { links[edge.second][edge.first] = edge }
        // By index, so that what is listed last is reached after all that it could have been reached with.
        let predecessors = links.map { $0.keys.sorted() }
        let levels = members.indices.map { level(of: $0, hook) }
        var moved = levels
        for index in moved.indices {
            for first in predecessors[index] where first < index { moved[index] = max(moved[index], moved[first]) }
        }
        var order: [Int] = []
        var pulls: [Int: Edge] = [:]
        var isDone = [Bool](repeating: false, count: members.count)
        var isOpen = isDone
        for root in moved.indices.sorted(by: { (moved[$0], $0) < (moved[$1], $1) }) where !isDone[root] {
            var path = [(index: root, next: 0)]
            isOpen[root] = true
            while let (index, next) = path.last {
                guard next < predecessors[index].count else {
                    order.append(index)
                    isDone[index] = true
                    isOpen[index] = false
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let first = predecessors[index][next]
                if isDone[first] { continue }
                if isOpen[first] {
                    let nodes = path.map(\.index).drop { $0 != first }.reversed()
                    throw Cycle(edges: zip([first] + nodes.dropLast(), nodes).compactMap { links[$1][$0] })
                }
                pulls[first] = links[index][first]
                isOpen[first] = true
                path.append((first, 0))
            }
        }
        return Solution(order: order, levels: levels, movedLevels: moved, pulls: pulls, edges: edges)
    }

    /// What counts for a member under a hook, and whether its owner says so.
    func placement(of index: Int, _ hook: String?) -> PluginPlacement {
        let member = members[index]
        if member.tenant != nil, groups[index] == 0 { return member.entry }
        return own(of: index, hook).overridden(by: member.entry)
    }

    private func own(of index: Int, _ hook: String?) -> PluginPlacement {
        guard let hook, let placement = members[index].hooks[hook] else { return members[index].own }
        return members[index].own.overridden(by: placement)
    }

    private func level(of index: Int, _ hook: String?) -> Int {
        let order =
            switch placement(of: index, hook).order {
            case .pre: 0
            case nil: 1
            case .post: 2
            }
        return groups[index] * 3 + order
    }

    private func edges(of index: Int, _ hook: String?) -> [Edge] {
        let placement = placement(of: index, hook)
        let before = statement(.before, of: index, hook)
        let after = statement(.after, of: index, hook)
        let requires = statement(.requires, of: index, hook)
        var edges: [Edge] = []
        for name in placement.before ?? [] {
            if let other = self.index(of: name, for: index) {
                edges.append(Edge(first: index, second: other, statement: before))
            }
        }
        let following =
            (placement.after ?? []).map { ($0, after) }
            + placement.requirements.filter { $0.name != PluginRequirement.mflua }.map { ($0.name, requires) }
        for (name, statement) in following {
            if let other = self.index(of: name, for: index) {
                edges.append(Edge(first: other, second: index, statement: statement))
            }
        }
        return edges
    }

    /// Who says what counts under a key.
    func statement(_ key: Statement.Key, of index: Int, _ hook: String?) -> Statement {
        let (entry, inHook) = (members[index].entry, hook.flatMap { members[index].hooks[$0] })
        let (isOwners, isOfHook) =
            switch key {
            case .before: (entry.before != nil, inHook?.before != nil)
            case .after: (entry.after != nil, inHook?.after != nil)
            case .requires: (entry.requires != nil, false)
            }
        return Statement(member: index, key: key, isOwners: isOwners, hook: !isOwners && isOfHook ? hook : nil)
    }

    /// The member that another one means by a name; a tenant's means those of its tenant.
    private func index(of name: String, for index: Int) -> Int? {
        guard groups[index] > 0, let tenant = members[index].tenant else { return indices[name] }
        guard let other = indices["\(tenant)/\(name)"] ?? indices[name] else { return nil }
        return groups[other] == groups[index] ? other : nil
    }
}

extension PluginPlacement {
    /// The plugins that it names.
    fileprivate var names: [String] { (before ?? []) + (after ?? []) + requirements.map(\.name) }
}
