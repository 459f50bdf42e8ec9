import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Answers as they should be.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherTests {
    @Test func returnsStatusHeadersAndBody() async throws {
        try await withServer({ _ in [.reply(201, [("X-One", " 1 "), ("ETag", "\"a\"")], Array("hi".utf8))] }) {
            fetcher, server in
            let response = try await fetcher.fetch(server.url + "/a b?c=d e#f")
            #expect(response.status == 201)
            #expect(response.text == "hi")
            #expect(response.header("etag") == "\"a\"")
            #expect(response.headers.map(\.0) == ["Content-Length", "X-One", "ETag"])
            #expect(response.url == server.url + "/a b?c=d e#f")
            #expect(server.paths == ["/a%20b?c=d%20e"])
        }
    }

    @Test func sendsMethodHeadersAndBody() async throws {
        let got = Mutex<[LoopbackServer.Request]>([])
        let answer = { @Sendable (request: LoopbackServer.Request) -> [LoopbackServer.Step] in
            got.withLock { $0.append(request) }
            return [.text("ok")]
        }
        try await withServer(answer) { fetcher, server in
            _ = try await fetcher.fetch(
                FetchRequest(
                    url: server.url + "/x", method: "PUT", headers: [("X-A", "1"), ("X-Empty", "")],
                    body: Array("body".utf8)))
            _ = try await fetcher.fetch(FetchRequest(url: server.url + "/y", method: "POST", body: []))
            _ = try await fetcher.fetch(FetchRequest(url: server.url + "/z", method: "DELETE"))
            _ = try await fetcher.fetch(FetchRequest(url: server.url + "/w"))
        }
        let requests = got.withLock { $0 }
        #expect(requests.map(\.method) == ["PUT", "POST", "DELETE", "GET"])
        #expect(requests[0].body == Array("body".utf8))
        #expect(requests[0].headers["x-a"] == "1")
        #expect(requests[0].headers["x-empty"] == "")
        #expect(requests[0].headers["content-type"] == nil)
        #expect(requests[0].headers["user-agent"] == "mflua")
        #expect(requests[1].headers["content-length"] == "0")
    }

    @Test func headRequestsHaveNoBody() async throws {
        try await withServer({ _ in [.reply(200, [], [], length: 64 << 20)] }) { fetcher, server in
            let response = try await fetcher.fetch(FetchRequest(url: server.url, method: "HEAD"))
            #expect(response.body.isEmpty)
            #expect(response.header("content-length") == "\(64 << 20)")
        }
    }

    @Test func decompressesGzip() async throws {
        try await withServer({ request in
            #expect(request.headers["accept-encoding"]?.contains("gzip") == true)
            return [.reply(200, [("Content-Encoding", "gzip")], packedHello)]
        }) { fetcher, server in
            let response = try await fetcher.fetch(server.url)
            #expect(response.text == String(repeating: "hello ", count: 20))
        }
    }

    @Test func theLimitCountsDecompressedBytes() async throws {
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], packedHello)] }) { fetcher, server in
            await expectMFError(.fetchTooLarge) {
                try await fetcher.fetch(FetchRequest(url: server.url, maxBytes: 100))
            }
        }
    }
}
