import TestSupport
import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct RemoteIndexTests {
    @Test func theLongestNameWinsInAnyOrder() {
        for names in [["lib", "lib/sub"], ["lib/sub", "lib"]] {
            var index = RemoteIndex<String>()
            for name in names { index.add(name, name: name) }
            #expect(index.match("lib/sub/x")?.value == "lib/sub")
            #expect(index.match("lib/su/x")?.value == "lib")
            #expect(index.match("lib/subx")?.request.expose == "./subx")
        }
    }

    @Test func ofEqualNamesTheFirstIsFoundUntilItIsRemoved() {
        var index = RemoteIndex<Int>()
        index.add(1, name: "a", alias: "b")
        index.add(2, name: "b")
        index.add(3, name: "a")
        #expect(index.match("b/x")?.value == 1)
        #expect(index.remove(name: "a") == 1)
        #expect(index.match("b/x")?.value == 2)
        #expect(index.match("a/x")?.value == 3)
        #expect(index.remove(name: "nobody") == nil)
        #expect(index.remove(name: "b") == 2)
        #expect(index.match("b/x") == nil)
        #expect(index.count == 1)
    }

    @Test func aRemoteIsAskedByItsNameWhereItsAliasExtendsIt() {
        var index = RemoteIndex<Int>()
        index.add(0, name: "app1", alias: "app1/utils")
        #expect(index.match("app1/utils/x")?.request == RemoteRequest("app1/utils/x", naming: "app1"))
    }

    @Test func namesAreComparedByteByByte() {
        var index = RemoteIndex<Int>()
        index.add(0, name: "caf\u{E9}")
        #expect(index.match("caf\u{E9}/x")?.value == 0)
        #expect(index.match("cafe\u{301}/x") == nil)
    }

    /// D9: an alias may not begin another remote's name or alias, whichever was registered first.
    @Test func aliasesAreCheckedInBothDirections() {
        var index = RemoteIndex<String>()
        index.add("app10", name: "app10")
        #expect(index.aliasConflict(name: "app2", alias: "app")?.other == "app10")
        #expect(index.aliasConflict(name: "app2", alias: "app10")?.isNew == true)
        #expect(index.aliasConflict(name: "app2", alias: "two") == nil)
        index.add("app2", name: "app2", alias: "two")
        let conflict = index.aliasConflict(name: "twofold", alias: nil)
        #expect(conflict?.alias == "two" && conflict?.isNew == false && conflict?.other == "app2")
        #expect(index.aliasConflict(name: "x", alias: "two/x")?.alias == "two")
        #expect(index.aliasConflict(name: "app1", alias: nil) == nil)
        #expect(index.aliasConflict(name: "app", alias: "") == nil)
        index.remove(name: "app2")
        #expect(index.aliasConflict(name: "twofold", alias: nil) == nil)
    }

    @Test func agreesWithASearchThroughAllRemotes() {
        var generator = SeededGenerator(seed: 11)
        let parts = ["a", "b", "ab", "a/b", "a/b/c", "\u{E9}", "a/", ""]
        var index = RemoteIndex<Int>()
        var remotes: [(id: Int, name: String, alias: String?)] = []
        for step in 0..<3_000 {
            let name = parts.randomElement(using: &generator)! + parts.randomElement(using: &generator)!
            if remotes.count > 12 || (Bool.random(using: &generator) && !remotes.isEmpty) {
                let place = remotes.firstIndex { $0.name == name }
                #expect(index.remove(name: name) == place.map { remotes[$0].id })
                if let place { remotes.remove(at: place) }
                if place == nil, remotes.count > 12 { index.remove(name: remotes.removeFirst().name) }
            } else {
                let alias = Bool.random(using: &generator) ? parts.randomElement(using: &generator)! + "z" : nil
                index.add(step, name: name, alias: alias)
                remotes.append((step, name, alias))
            }
            let id = (0..<3).map { _ in ["a", "b", "/", "z", "\u{E9}"].randomElement(using: &generator)! }.joined()
            let expected =
                remotes.flatMap { remote in
                    [remote.name, remote.alias].compactMap { $0 }.filter { RemoteRequest(id, naming: $0) != nil }
                        .map { (remote.id, $0.utf8.count) }
                }.enumerated().max { ($0.element.1, -$0.offset) < ($1.element.1, -$1.offset) }?.element.0
            #expect(index.match(id)?.value == expected, "\(id) among \(remotes)")
            #expect(index.count == remotes.count)
        }
    }
}
