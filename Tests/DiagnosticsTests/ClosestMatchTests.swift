import Diagnostics
import Testing

@Suite struct ClosestMatchTests {
    private let hooks = ["beforeInit", "beforeRequest", "afterResolve", "onLoad", "beforeLoadShare"]

    @Test(arguments: [
        ("beforeRequst", "beforeRequest"), ("BeforeRequest", "beforeRequest"), ("onLaod", "onLoad"),
        ("afterResolved", "afterResolve"), ("beforeLoad", "beforeLoadShare"),
    ])
    func findsWhatWasMeant(word: String, meant: String) {
        #expect(word.closestMatch(in: hooks) == meant)
    }

    @Test(arguments: ["", "x", "completelyDifferent", "on"]) func suggestsNothingWhenNothingIsClose(word: String) {
        #expect(word.closestMatch(in: hooks) == nil)
    }

    @Test func longWordsMayDifferMoreFromWhatBeginsAlike() {
        #expect("entires".closestMatch(in: ["alias", "entry"]) == "entry")
        #expect("metric".closestMatch(in: ["fabric", "checks"]) == nil)
    }

    @Test func aWordIsNotSuggestedForItself() {
        #expect("onLoad".closestMatch(in: hooks) == nil)
    }

    @Test func findsNamesThatDifferInCaseOnly() {
        #expect("./button".closestMatch(in: ["./card", "./Button"]) == "./Button")
    }

    @Test func ordersByDistanceThenAsGiven() {
        let names = ["xbcdef", "abcdef1", "abcdefg", "abcxyz"]
        #expect("abcdef".closestMatches(in: names) == ["xbcdef", "abcdef1", "abcdefg"])
        #expect("abcdef".closestMatches(in: names, count: 1) == ["xbcdef"])
    }

    @Test func longWordsAreComparedByTheirBeginning() {
        let long = String(repeating: "a", count: 100_000)
        #expect((long + "b").closestMatch(in: [long]) == long)
    }
}
