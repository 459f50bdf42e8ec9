import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// What goes out is what the caller may say.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherSendingTests {
    @Test(
        arguments: [
            "Host", "content-length", "Transfer-Encoding", "Connection", "UPGRADE", "TE", "Trailer", "Keep-Alive",
            "Expect", "Proxy-Connection", "a b", "X\r\nY",
        ])
    func headersThatFrameARequestAreNotSent(name: String) async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            await expectMFError(.badArgument) {
                try await fetcher.fetch(FetchRequest(url: server.url, headers: [(name, "1")]))
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test(arguments: ["CONNECT", "trace", "Track", "G T", ""]) func methodsThatAreNoneAreNotSent(method: String)
        async throws
    {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            await expectMFError(.badArgument) {
                try await fetcher.fetch(FetchRequest(url: server.url, method: method))
            }
            #expect(server.connectionCount == 0)
        }
    }

    @Test func linesCannotBeSmuggledIntoTheRequest() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            for headers in [[("A", "1\r\nB: 2")], [("A: 1\r\nB", "2")], [("", "1")], [("A\0", "1")]] {
                await expectMFError(.badArgument) { try await fetcher.fetch(FetchRequest(url: url, headers: headers)) }
            }
            await expectMFError(.badArgument) {
                try await fetcher.fetch(FetchRequest(url: url, method: "GET / HTTP/1.1\r\nX:"))
            }
            #expect(server.paths.isEmpty)
        }
    }
}
