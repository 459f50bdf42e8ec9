import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct RemotePartsTests {
    private func resource(_ text: String) -> ResourceValidator { ResourceValidator(Array(text.utf8)) }

    @Test func whatTwoRemotesShareIsKnownUntilBothAreGone() {
        var parts = RemoteResources()
        let news = ["one", "one", "two"].map { parts.note("http://a/x", resource("x"), of: $0) }
        #expect(news == [true, false, true])
        let first = parts.remove("one")
        #expect(first.isEmpty)
        #expect(parts.known("http://a/x") != nil)
        let second = parts.remove("two")
        #expect(second == ["http://a/x"])
        #expect(parts.known("http://a/x") == nil)
        #expect(parts.remotes.isEmpty)
    }

    @Test func replacingCanBeTakenBack() {
        var parts = RemoteResources()
        parts.note("http://a/x", resource("x"), of: "one")
        parts.note("http://a/y", resource("y"), of: "one")
        let before = parts.all(of: "one")
        parts.replace(before.filter { $0.key == "http://a/x" }, of: "one")
        parts.note("http://a/z", resource("z"), of: "one")
        #expect(parts.urls(of: "one") == ["http://a/x", "http://a/z"])
        parts.replace(before, of: "one")
        #expect(parts.urls(of: "one") == ["http://a/x", "http://a/y"])
        #expect(parts.known("http://a/y")?.hasContent(of: resource("y")) == true)
        #expect(parts.known("http://a/z") == nil)
    }
}
