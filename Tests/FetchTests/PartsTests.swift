import Diagnostics
import Fetch
import Synchronization
import TestSupport
import Testing

/// Answers that are handed out as they come.
@Suite(.timeLimit(.minutes(1))) struct PartsTests {
    /// What was handed out, and when to have had enough.
    private final class Listener: Sendable {
        private let pieces = Mutex<[String]>([])
        private let isEnough: @Sendable (String) -> Bool

        init(until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }) { self.isEnough = isEnough }

        var text: String { pieces.withLock { $0.joined() } }

        func request(_ url: String, timeout: Duration = .seconds(20), maxBytes: Int = 1) -> FetchRequest {
            var request = FetchRequest(url: url, timeout: timeout, maxBytes: maxBytes)
            request.onPart = { [self] header, bytes in
                let text = pieces.withLock { pieces in
                    pieces.append(bytes.isEmpty ? "\(header.status) " : String(decoding: bytes, as: UTF8.self))
                    return pieces.joined()
                }
                return !isEnough(text)
            }
            return request
        }
    }

    private static let head = Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".utf8)

    @Test func theBodyIsHandedOutAndNotKept() async throws {
        try await withServer({ _ in [.send(Self.head), .send(Array("one ".utf8)), .send(Array("two".utf8)), .close] }) {
            fetcher, server in
            let listener = Listener()
            let response = try await fetcher.fetch(listener.request(server.url))
            #expect(response.body.isEmpty)
            #expect(listener.text == "200 one two")
        }
    }

    @Test func whoeverHasHadEnoughEndsIt() async throws {
        try await withServer({ _ in [.send(Self.head), .sendForEver(Array("x".utf8))] }) { fetcher, server in
            let listener = Listener { $0.hasSuffix("x") }
            await expectMFError(.fetchCancelled) { try await fetcher.fetch(listener.request(server.url)) }
            let early = Listener { _ in true }
            await expectMFError(.fetchCancelled) { try await fetcher.fetch(early.request(server.url)) }
            #expect(early.text == "200 ")
        }
    }

    @Test func errorsAreNotHandedOut() async throws {
        try await withServer({ _ in [.reply(404, [], Array("nothing here".utf8))] }) { fetcher, server in
            let listener = Listener()
            await expectMFError(.fetchStatus) { try await fetcher.fetch(listener.request(server.url, maxBytes: 100)) }
            #expect(listener.text.isEmpty)
        }
    }

    @Test func redirectsAreNotHandedOut() async throws {
        try await withServer({ request in
            request.path == "/there"
                ? [.text("there")] : [.reply(302, [("Location", "/there")], Array("moved".utf8))]
        }) { fetcher, server in
            let listener = Listener()
            _ = try await fetcher.fetch(listener.request(server.url))
            #expect(listener.text == "200 there")
        }
    }

    @Test func theDeadlineIsOneForTheHeader() async throws {
        try await withServer({ _ in [.hold] }) { fetcher, server in
            let listener = Listener()
            await expectMFError(.fetchTimeout) {
                try await fetcher.fetch(listener.request(server.url, timeout: .milliseconds(20)))
            }
        }
    }

    @Test func cancellingWhileItIsHandedOutEndsIt() async throws {
        try await withServer({ _ in [.send(Self.head), .sendForEver(Array("x".utf8))] }) { fetcher, server in
            let task = Mutex<Task<Void, any Error>?>(nil)
            let listener = Listener { text in
                if text.hasSuffix("x") { task.withLock { $0 }?.cancel() }
                return false
            }
            let running = Task { _ = try await fetcher.fetch(listener.request(server.url)) }
            task.withLock { $0 = running }
            await expectMFError(.fetchCancelled) { try await running.value }
        }
    }

    /// As many as would fill every place that one server has.
    @Test func answersWithoutEndKeepNobodyWaiting() async throws {
        try await withServer({ $0.path == "/feed" ? [.send(Self.head), .hold] : [.text("ok")] }) { fetcher, server in
            let url = server.url
            let feeds = (0..<40).map { _ in Task { try await fetcher.fetch(Listener().request(url + "/feed")) } }
            while server.connectionCount < 40 { await Task.yield() }
            let text = try await fetcher.fetch(url + "/").text
            #expect(text == "ok")
            for feed in feeds { feed.cancel() }
            for feed in feeds { await expectMFError(.fetchCancelled) { try await feed.value } }
        }
    }

    @Test func theFetcherOfTestsHandsOutToo() async throws {
        let listener = Listener()
        let fetcher = InMemoryFetcher { FetchResponse(url: $0.url, body: [UInt8(ascii: "x")]) }
        let body = try await fetcher.fetch(listener.request("http://a")).body
        #expect(body.isEmpty)
        #expect(listener.text == "200 x")
    }
}
