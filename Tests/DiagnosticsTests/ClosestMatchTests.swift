import Diagnostics
import Testing

@Suite struct ClosestMatchTests {
    private let hooks = ["beforeInit", "beforeRequest", "afterResolve", "onLoad", "beforeLoadShare"]

    @Test(arguments: [
        ("beforeRequst", "beforeRequest"), ("BeforeRequest", "beforeRequest"), ("onLaod", "onLoad"),
        ("afterResolved", "afterResolve"), ("beforeLoad", "beforeLoadShare"),
    ])
    func findsWhatWasMeant(word: String, meant: String) {
        #expect(closestMatch(to: word, in: hooks) == meant)
    }

    @Test(arguments: ["", "x", "completelyDifferent", "on"]) func suggestsNothingWhenNothingIsClose(word: String) {
        #expect(closestMatch(to: word, in: hooks) == nil)
    }

    @Test func aWordIsNotSuggestedForItself() {
        #expect(closestMatch(to: "onLoad", in: hooks) == nil)
    }

    @Test func findsNamesThatDifferInCaseOnly() {
        #expect(closestMatch(to: "./button", in: ["./card", "./Button"]) == "./Button")
    }

    @Test func ordersByDistanceThenAsGiven() {
        let names = ["xbcdef", "abcdef1", "abcdefg", "abcxyz"]
        #expect(closestMatches(to: "abcdef", in: names) == ["xbcdef", "abcdef1", "abcdefg"])
        #expect(closestMatches(to: "abcdef", in: names, count: 1) == ["xbcdef"])
    }

    @Test func longWordsAreComparedByTheirBeginning() {
        let long = String(repeating: "a", count: 100_000)
        #expect(closestMatch(to: long + "b", in: [long]) == long)
    }
}
