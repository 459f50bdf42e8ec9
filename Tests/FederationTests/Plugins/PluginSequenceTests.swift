import TestSupport
import Testing

@testable import Federation

/// The order of plugins, solved from what is said of their places.
@Suite struct PluginSequenceTests {
    private typealias Member = PluginSequence.Member

    private static func order(_ members: [Member], _ hook: String? = nil) throws -> String {
        let sequence = PluginSequence(members)
        return try sequence.solve(hook).order.map { sequence.members[$0].name }.joined(separator: " ")
    }

    private static let courses: [(name: String, members: [Member], order: String)] = [
        (
            "pre and post stand around those that say nothing, in the order of the list",
            [
                Member(name: "a", own: .init(order: .post)), Member(name: "b"),
                Member(name: "c", own: .init(order: .pre)),
                Member(name: "d", own: .init(order: .post)), Member(name: "e", own: .init(order: .pre)),
            ], "c e b a d"
        ),
        (
            "before counts whichever is listed first",
            [
                Member(name: "a", own: .init(before: ["b"])), Member(name: "b"),
                Member(name: "c", own: .init(before: ["a"])),
            ],
            "c a b"
        ),
        (
            "what follows a plugin that is listed later waits for it",
            [Member(name: "a", own: .init(after: ["c"])), Member(name: "b"), Member(name: "c")], "c a b"
        ),
        (
            "a plugin that follows one of a later kind is called after that one",
            [Member(name: "a"), Member(name: "b"), Member(name: "c", own: .init(order: .pre, after: ["b"]))], "a b c"
        ),
        (
            "what is required comes earlier, mflua and unknown names count for nothing",
            [
                Member(name: "a", own: .init(before: ["nobody"], requires: ["mflua": "*", "b?": "*", "x?": "*"])),
                Member(name: "b"),
            ], "b a"
        ),
        (
            "what the owner says replaces what the plugin says, key by key",
            [
                Member(name: "a", own: .init(order: .post, before: ["c"]), entry: .init(before: [])), Member(name: "b"),
                Member(name: "c", own: .init(order: .post, after: ["b"]), entry: .init(order: .pre, after: [])),
            ], "c b a"
        ),
        (
            "what a tenant says counts among its own plugins, after the owner's",
            [
                Member(name: "acme/x", tenant: "acme"),
                Member(name: "a", own: .init(order: .post)),
                Member(name: "acme/y", tenant: "acme", own: .init(order: .pre, before: ["a", "x", "globex/z"])),
                Member(name: "globex/z", tenant: "globex"),
            ], "globex/z a acme/y acme/x"
        ),
        (
            "tenants that say nothing stand where they are listed",
            [Member(name: "acme/x", tenant: "acme"), Member(name: "a"), Member(name: "globex/z", tenant: "globex")],
            "acme/x a globex/z"
        ),
        (
            "the owner places a tenant's plugin anywhere, and what that says then counts for nothing",
            [
                Member(name: "a"), Member(name: "b", own: .init(after: ["acme/y"])),
                Member(name: "acme/x", tenant: "acme", own: .init(order: .post), entry: .init(order: .pre)),
                Member(name: "acme/y", tenant: "acme", own: .init(before: ["x"])),
            ], "acme/x a acme/y b"
        ),
    ]

    @Test(arguments: courses.map(\.name)) func solvesWhatIsSaid(course: String) throws {
        let course = try #require(Self.courses.first { $0.name == course })
        #expect(try Self.order(course.members) == course.order)
    }

    @Test func aHookMayHaveAnOrderOfItsOwn() throws {
        let members = [
            Member(name: "a"), Member(name: "b", hooks: ["onLoad": .init(order: .pre)]),
            Member(name: "c", own: .init(order: .post), hooks: ["onLoad": .init(before: ["a"])]),
            Member(name: "d", hooks: ["onLoad": .init(order: .pre)], entry: .init(order: .post)),
        ]
        #expect(try Self.order(members) == "a b c d")
        #expect(try Self.order(members, "beforeRequest") == "a b c d")
        #expect(try Self.order(members, "onLoad") == "b c a d")
    }

    // MARK: - Properties

    /// Plugins whose edges all point from lower to higher numbers of a hidden order, listed in another.
    private struct RandomPlugins {
        var members: [Member]
        /// Pairs of names, the first called before the second.
        var edges: [(first: String, second: String)] = []

        init(_ count: Int, _ random: inout SeededGenerator, withKinds: Bool) {
            let hidden = (0..<count).map { "p\($0)" }.shuffled(using: &random)
            var placements = [String: PluginPlacement]()
            for (index, second) in hidden.enumerated() {
                for first in hidden[..<index] where Int.random(in: 0..<4, using: &random) == 0 {
                    edges.append((first, second))
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: placements[first, default: .init()].before = (placements[first]?.before ?? []) + [second]
                    case 1: placements[second, default: .init()].after = (placements[second]?.after ?? []) + [first]
                    default:
                        placements[second, default: .init()].requires = (placements[second]?.requires ?? [:])
                            .merging([first: "*"]) { $1 }
                    }
                }
            }
            members = (0..<count).map { index in
                var own = placements["p\(index)"] ?? .init()
                if withKinds { own.order = [nil, nil, .pre, .post][Int.random(in: 0..<4, using: &random)] }
                let isOwners = Bool.random(using: &random)
                return Member(name: "p\(index)", own: isOwners ? .init() : own, entry: isOwners ? own : .init())
            }
        }
    }

    @Test(arguments: 0..<300) func everyEdgeHolds(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let plugins = RandomPlugins(Int.random(in: 1...12, using: &random), &random, withKinds: true)
        let order = try Self.order(plugins.members).split(separator: " ").map(String.init)
        #expect(order.sorted() == plugins.members.map(\.name).sorted())
        for edge in plugins.edges {
            let places = (order.firstIndex(of: edge.first), order.firstIndex(of: edge.second))
            #expect(try #require(places.0) < #require(places.1), "\(edge)")
        }
    }

    @Test(arguments: 0..<100) func theOrderOfDeclarationsCountsForNothing(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let plugins = RandomPlugins(10, &random, withKinds: true)
        let order = try Self.order(plugins.members)
        for _ in 0..<5 {
            var shuffled = plugins.members
            for index in shuffled.indices {
                shuffled[index].own.before?.shuffle(using: &random)
                shuffled[index].own.after?.shuffle(using: &random)
                shuffled[index].entry.before?.shuffle(using: &random)
                shuffled[index].entry.after?.shuffle(using: &random)
            }
            #expect(try Self.order(shuffled) == order)
        }
        // It is the same who of two says it, and in which words.
        var reversed = plugins.members
        for index in reversed.indices {
            reversed[index].own = PluginPlacement(order: reversed[index].own.order)
            reversed[index].entry = PluginPlacement(order: reversed[index].entry.order)
        }
        for edge in plugins.edges {
            let index = try #require(reversed.firstIndex { $0.name == edge.first })
            reversed[index].own.before = (reversed[index].own.before ?? []) + [edge.second]
        }
        #expect(try Self.order(reversed) == order)
    }

    @Test(arguments: 0..<600) func aPluginThatIsAddedLeavesTheOthersInTheirOrder(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let plugins = RandomPlugins(Int.random(in: 2...10, using: &random), &random, withKinds: true)
        let added = try #require(plugins.members.last?.name)
        let before = try Self.order(plugins.members.dropLast()).split(separator: " ").map(String.init)
        let earlier = plugins.edges.filter { $0.second == added }.compactMap { before.firstIndex(of: $0.first) }
        let later = plugins.edges.filter { $0.first == added }.compactMap { before.firstIndex(of: $0.second) }
        // Where a plugin is to stand between two that stand the other way round, one of these has to move.
        guard (earlier.max() ?? -1) < (later.min() ?? .max) else { return }
        let after = try Self.order(plugins.members).split(separator: " ").map(String.init)
        #expect(after.filter { $0 != added } == before)
    }

    @Test(arguments: 1...6, 0..<20) func aCycleIsToldEdgeByEdge(length: Int, seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(length * 100 + seed))
        var plugins = RandomPlugins(8, &random, withKinds: true)
        let cycle = plugins.members.map(\.name).shuffled(using: &random).prefix(length)
        for (index, name) in cycle.enumerated() {
            let next = cycle[(index + 1) % length]
            plugins.edges.append((name, next))
            let member = try #require(plugins.members.firstIndex { $0.name == name })
            if plugins.members[member].entry.isEmpty {
                plugins.members[member].own.before = (plugins.members[member].own.before ?? []) + [next]
            } else {
                plugins.members[member].entry.before = (plugins.members[member].entry.before ?? []) + [next]
            }
        }
        do {
            _ = try PluginSequence(plugins.members).solve()
            Issue.record("there is no order of \(plugins.edges)")
        } catch {
            let names = error.edges.map { (plugins.members[$0.first].name, plugins.members[$0.second].name) }
            #expect(!names.isEmpty)
            for (edge, next) in zip(names, names.dropFirst() + names.prefix(1)) { #expect(edge.1 == next.0) }
            for edge in names { #expect(plugins.edges.contains { $0.first == edge.0 && $0.second == edge.1 }) }
            #expect(Set(names.map(\.0)).count == names.count, "each plugin is passed once")
        }
    }
}
