import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct EventStreamTests {
    private static let text =
        ": welcome\n\nid: 7\nevent: change\ndata: a.lua\ndata: b/c d.lua\n\nretry: 5\r\ndata:x\r\n\r\ndata: cut"
    private static let events = [
        EventStream.Event(name: "change", data: ["a.lua", "b/c d.lua"]),
        EventStream.Event(name: "message", data: ["x"]),
    ]

    @Test(arguments: [1, 2, 3, 7, 1000]) func piecesOfAnySizeGiveTheSameEvents(size: Int) {
        var stream = EventStream()
        var rest = Array(Self.text.utf8)[...]
        var events: [EventStream.Event] = []
        while !rest.isEmpty {
            events += stream.take(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        #expect(events == Self.events)
        #expect(stream.lastID == "7")
    }

    @Test func whatWasCutIsForgottenAndTheNumberKept() {
        var stream = EventStream()
        _ = stream.take(Array(Self.text.utf8))
        stream.restart()
        let events = stream.take(Array("\ndata: new\n\n".utf8))
        #expect(events == [EventStream.Event(name: "message", data: ["new"])])
        #expect(stream.lastID == "7")
    }

    @Test func anEventWithoutEndIsGivenUp() {
        var stream = EventStream()
        let line = Array("data: \(String(repeating: "x", count: 1000))\n".utf8)
        for _ in 0..<1000 { _ = stream.take(line) }
        #expect(!stream.isTooLong)
        for _ in 0..<1000 where !stream.isTooLong { _ = stream.take(line) }
        #expect(stream.isTooLong)
    }
}
