import LuaBridge
import TestSupport
import Testing

@testable import Semver

@Suite struct VersionRangeTests {
    @Test func agreesWithTheRecordedTable() throws {
        let table = try JSON.decode(try Fixture.bytes("conformance/semver.json"))
        let rows = try #require(table["satisfy"].arrayValue)
        #expect(rows.count > 200)
        for row in rows {
            let (version, range) = (row[1].stringValue!, row[2].stringValue!)
            #expect(VersionRange.satisfies(version, range) == row[3].boolValue, "\(version) in \(range)")
        }
    }

    /// D17: where the recorded runtime differs from npm's semver, ours is npm's with prereleases included.
    @Test(arguments: [
        ("1.2.4-alpha", ">1.2.3", true), ("1.2.3-alpha", "<1.2.3", true), ("2.0.0-alpha", ">=1.0.0 <2.0.0", true),
        ("1.2.3", ">= 1.2.3 < 2.0.0", true), ("2.0.0", "> 1.0.0 < 3.0.0", true), ("1.2.4-beta", "^1.2.3", true),
        ("1.2.3-beta", "^1.2.3-beta.2", false), ("1.2.4-beta", "~1.2.3", true), ("1.0.0-alpha", "*", true),
        ("1.0.0-alpha", "", true), ("1.5.0-beta", "1.x", true), ("0.0.0", ">=0.0.0", true),
        ("2.3.4-beta", "1.2.3 - 2.3.4", true), ("1.2.0", "bad || ^1.0.0", false),
        ("1.0.0-alpha.1", ">=1.0.0-alpha", true), ("1.0.0-alpha", ">1.0.0-alpha.1", false),
        ("1.0.0-beta.1", "<1.0.0-beta", false), ("1.0.0-1", "<1.0.0-beta", true), ("2.0.0-0", "<2.0.0", true),
        ("1.2.0 ", "^1.0.0", true), ("=1.2.0", "^1.0.0", false), ("1.99999999999999999999.0", "^1.0.0", false),
        ("9007199254740991.1.0", "^9007199254740991.0.0", false), ("1.2.0", "^ 1.0.0 ^ 1.2.0", true),
    ])
    func includesPrereleases(_ version: String, _ range: String, _ isInside: Bool) {
        #expect(VersionRange.satisfies(version, range) == isInside)
    }

    @Test(arguments: [
        ("~> 1.2.3", "1.2.9", "1.3.0"), ("= v1.2.3", "1.2.3", "1.2.4"), ("^v=1.2", "1.9.0", "2.0.0-0"),
        ("<=1.2", "1.2.99", "1.3.0-0"), (">1", "2.0.0-0", "1.99.0"), ("1.2 - 2", "2.9.0", "3.0.0-0"),
        ("v1 - 1.2.3", "1.0.0-0", "1.2.4-0"), ("\t<\u{00A0}2 >=1 ", "1.0.0", "2.0.0-0"), ("^0.0.3", "0.0.3", "0.0.4-0"),
        ("1.2.x || >=3 <4", "3.9.9", "2.0.0"), (">=1.x.7", "1.0.0", "0.9.9"), ("<*||2", "2.1.0", "1.0.0"),
        ("1.2.3*", "1.2.3", "1.2.4"), ("~ >=1.2", "1.2.7", "1.3.0"),
    ])
    func readsTheWholeGrammar(_ range: String, _ inside: String, _ outside: String) {
        #expect(VersionRange.satisfies(inside, range), "\(inside) in \(range)")
        #expect(!VersionRange.satisfies(outside, range), "\(outside) not in \(range)")
    }

    @Test(arguments: [
        "latest", "workspace:*", "file:../x", ">>1.0.0", "~^1", "1.2.3.4", "1.2-beta", "^", "~", ">", "=", "v", "|",
        "- 1.0.0",
        "1.0.0 -", "1 - 2 - 3", "==1.2.3", "=v=1.2.3", "> = 1.2.3", "v 1.2.3", "^1.0.0 beta", "1.2.3-", "01.x", "1..2",
        "x.y",
        "=1.2.3 - 2.0.0", "1 .2", ">=1.2.3 || || ~", "^9007199254740991.0.0",
    ])
    func refusesWhatIsNoRange(_ range: String) {
        #expect(VersionRange(range) == nil)
        #expect(!VersionRange.satisfies("1.2.3", range))
    }

    @Test func everyVersionSatisfiesItself() {
        var versions = SampleVersions(seed: 1)
        for _ in 0..<1_000 {
            let version = versions.next()
            for range in [
                "\(version)", "=\(version)", ">=\(version)", "<=\(version)", "^\(version)", "~\(version)", "*",
            ] {
                #expect(VersionRange.satisfies("\(version)", range), "\(version) in \(range)")
            }
            #expect(!VersionRange.satisfies("\(version)", ">\(version)"))
            #expect(!VersionRange.satisfies("\(version)", "<\(version)"))
        }
    }

    @Test func caretStaysBelowTheNextBreakingVersion() {
        var versions = SampleVersions(seed: 2)
        for _ in 0..<4_000 {
            let (base, other) = (versions.next(), versions.next())
            guard VersionRange.satisfies("\(other)", "^\(base)") else { continue }
            #expect(other.major == base.major, "\(other) in ^\(base)")
            if base.major == 0 { #expect(other.minor == base.minor, "\(other) in ^\(base)") }
            if base.major == 0, base.minor == 0 { #expect(other.patch == base.patch, "\(other) in ^\(base)") }
            // Below 1.0.0 a caret lets in the prereleases of its own base, as npm's does.
            if base.major > 0 || !base.prerelease.isEmpty { #expect(other >= base, "\(other) in ^\(base)") }
        }
    }

    @Test func tildeStaysInTheMinorVersion() {
        var versions = SampleVersions(seed: 3)
        for _ in 0..<4_000 {
            let (base, other) = (versions.next(), versions.next())
            let isInside = other >= base && other.major == base.major && other.minor == base.minor
            #expect(VersionRange.satisfies("\(other)", "~\(base)") == isInside, "\(other) in ~\(base)")
        }
    }

    @Test func comparisonsAgreeWithTheOrder() {
        var versions = SampleVersions(seed: 4)
        for _ in 0..<3_000 {
            let (a, b) = (versions.next(), versions.next())
            #expect(VersionRange.satisfies("\(a)", "<\(b)") == (a < b))
            #expect(VersionRange.satisfies("\(a)", "<=\(b)") == (a <= b))
            #expect(VersionRange.satisfies("\(a)", ">\(b)") == (a > b))
            #expect(VersionRange.satisfies("\(a)", ">=\(b)") == (a >= b))
            #expect(VersionRange.satisfies("\(a)", "<\(b) || >\(b)") == (a != b))
        }
    }

    @Test func anyTextIsARangeOrNone() {
        var generator = SeededGenerator(seed: 5)
        let pieces = [
            "1", "0", "x", "*", ".", "-", " ", "^", "~", ">", "<", "=", "v", "|", "||", "+", "a", "\u{00E9}", "\0",
        ]
        for _ in 0..<5_000 {
            let length = Int.random(in: 0...12, using: &generator)
            let text = (0..<length).map { _ in pieces.randomElement(using: &generator)! }.joined()
            _ = VersionRange.satisfies("1.2.3", text)
            _ = VersionRange.satisfies(text, "*")
        }
    }
}
