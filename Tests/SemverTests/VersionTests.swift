import Testing

@testable import Semver

@Suite struct VersionTests {
    @Test(arguments: [
        "0.0.0", "1.2.3", "v1.2.3", " 1.2.3 ", "1.2.3-0", "1.2.3-alpha.1", "1.2.3-a-b.0.x", "1.2.3+1.02", "1.2.3-rc+b",
        "9007199254740991.0.0", "1.2.3-99999999999999999999", "\u{00A0}1.2.3",
    ])
    func readsAVersion(_ text: String) {
        #expect(Version(text) != nil)
    }

    @Test(arguments: [
        "", "1", "1.2", "1.2.x", "01.2.3", "1.02.3", "1.2.03", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3+",
        "1.2.3-a_b",
        "=1.2.3", ">=1.2.3", "V1.2.3", "vv1.2.3", "1.2.3.4", "latest", "1.2.3 4", "-1.2.3", "9007199254740992.0.0",
        "1.99999999999999999999.0", "１.2.3",
    ])
    func refusesWhatIsNone(_ text: String) {
        #expect(Version(text) == nil)
    }

    @Test func refusesEndlessText() {
        #expect(Version("1.2.3-" + String(repeating: "a", count: 250)) != nil)
        #expect(Version("1.2.3-" + String(repeating: "a", count: 251)) == nil)
    }

    @Test func ordersByPrecedence() {
        let ascending = [
            "0.0.0-0", "0.0.0", "0.0.1", "0.1.0", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-10.0",
            "1.0.0-99999999999999999999",
            "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-rc.2", "1.0.0-rc.10",
            "1.0.0", "1.9.0", "1.10.0", "2.0.0",
        ].map { Version($0)! }
        for (place, version) in ascending.enumerated() {
            for (other, later) in ascending.enumerated() {
                #expect((version < later) == (place < other), "\(version) and \(later)")
                #expect((version == later) == (place == other), "\(version) and \(later)")
            }
        }
    }

    @Test func buildMetadataCountsForNothing() {
        #expect(Version("1.0.0+a")! == Version("1.0.0+b")!)
        #expect(Version("1.0.0+a")!.hashValue == Version("1.0.0")!.hashValue)
    }

    @Test func isATotalOrder() {
        var generator = SampleVersions(seed: 7)
        for _ in 0..<3_000 {
            let (a, b, c) = (generator.next(), generator.next(), generator.next())
            #expect([a < b, a == b, b < a].count { $0 } == 1, "\(a) and \(b)")
            if a <= b, b <= c { #expect(a <= c, "\(a), \(b), \(c)") }
            #expect(Version(a.description) == a)
        }
    }

    @Test func choosesTheHighestByCompletedNumbers() {
        #expect(Version.isAtMost("0", "0.0.0"))
        #expect(Version.isAtMost("1", "1.0.1"))
        #expect(Version.isAtMost("1.2", "1.2.0"))
        #expect(Version.isAtMost("1.0.0+a", "1.0.0"))
        #expect(!Version.isAtMost("1.10.0", "1.9.0"))
        #expect(!Version.isAtMost("latest", "1.0.0"))
        #expect(!Version.isAtMost("1.0.0", ""))
        #expect(Version.isLess("1.0.0-rc", "1.0.0"))
        #expect(!Version.isLess("1.0.0", "1"))
    }
}
