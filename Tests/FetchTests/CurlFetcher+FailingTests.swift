import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// What is wrong with an answer, or before a server is reached, and what is said of it.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherFailingTests {
    @Test(arguments: [404, 500, 401, 403, 418, 304]) func otherStatusesAreErrors(status: Int) async throws {
        try await withServer({ _ in [.reply(status)] }) { fetcher, server in
            let error = await expectMFError(.fetchStatus) { try await fetcher.fetch(server.url + "/x") }
            #expect(error?["status"] == "\(status)")
            #expect(error?["url"] == server.url + "/x")
            #expect(error?.hint != nil)
            let response = try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: true))
            #expect(response.status == status)
        }
    }

    @Test func aBodyCutShortIsAnError() async throws {
        try await withServer({ _ in [.reply(200, [], Array("half".utf8), length: 8), .close] }) { fetcher, server in
            await expectMFError(.fetchTruncated) { try await fetcher.fetch(server.url) }
        }
    }

    @Test func aChunkedBodyCutShortIsAnError() async throws {
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
        try await withServer({ _ in [.raw(answer), .close] }) { fetcher, server in
            await expectMFError(.fetchTruncated) { try await fetcher.fetch(server.url) }
        }
    }

    @Test func aHangUpIsAnError() async throws {
        try await withServer({ _ in [.close] }) { fetcher, server in
            let error = await expectMFError(.fetchNetwork) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the connection to `127.0.0.1:\(server.port)` broke before an answer came")
        }
    }

    @Test func anAnnouncedLengthOverTheLimitIsAnError() async throws {
        try await withServer({ _ in [.reply(200, [], [], length: 64 << 20), .hold] }) { fetcher, server in
            let error = await expectMFError(.fetchTooLarge) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the body is larger than 16 MiB")
        }
    }

    @Test func anEndlessBodyIsAnError() async throws {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
        let data = [UInt8](repeating: 65, count: 64 << 10)
        try await withServer({ _ in [.raw(head), .sendForEver(data)] }) { fetcher, server in
            await expectMFError(.fetchTooLarge) { try await fetcher.fetch(server.url) }
        }
    }

    @Test func endlessHeadersAreAnError() async throws {
        try await withServer({ _ in [.raw("HTTP/1.1 200 OK\r\n"), .sendForEver(Array("X-A: 1\r\n".utf8))] }) {
            fetcher, server in
            await expectMFError(.fetchTooLarge) { try await fetcher.fetch(server.url) }
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow"])
    func anAnswerThatNeverEndsMeetsTheDeadline(beginning: String) async throws {
        try await withServer({ _ in [.raw(beginning), .hold] }) { fetcher, server in
            let error = await expectMFError(.fetchTimeout) {
                try await fetcher.fetch(FetchRequest(url: server.url, timeout: .milliseconds(50)))
            }
            #expect(error?.message == "no whole answer within 50 ms")
        }
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}rubbish\r\n\r\n"])
    func whatIsNotHTTPIsAnError(text: String) async throws {
        try await withServer({ _ in [.raw(text), .close] }) { fetcher, server in
            await expectMFError(.fetchProtocol) { try await fetcher.fetch(server.url) }
        }
    }

    @Test func aBodyThatIsNotGzipIsAnError() async throws {
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], Array("plain".utf8))] }) {
            fetcher, server in
            await expectMFError(.fetchProtocol) { try await fetcher.fetch(server.url) }
        }
    }

    @Test func tlsToAPlainPortIsAnError() async throws {
        try await withServer({ _ in [.text("plain")] }) { fetcher, server in
            // What a TLS client says never ends as a request does, so the answer has to come by itself.
            let error = await expectMFError(.fetchTimeout) {
                try await fetcher.fetch(
                    FetchRequest(url: "https://127.0.0.1:\(server.port)/", timeout: .milliseconds(100)))
            }
            #expect(error?.message == "no connection to `127.0.0.1:\(server.port)` within 100 ms")
        }
    }

    @Test func aDeadPortIsAnError() async throws {
        try await withServer({ _ in [] }) { fetcher, _ in
            let dead = DeadPort()
            let port = dead.number
            let error = await expectMFError(.fetchNetwork) {
                try await fetcher.fetch("http://user:secret@127.0.0.1:\(port)/x?token=secret")
            }
            #expect(error?.message == "cannot connect to `127.0.0.1:\(port)`")
            #expect(error?["url"] == "http://127.0.0.1:\(port)/x?token=***")
            #expect(error?.hint != nil)
            #expect(error?.rendered().contains("secret") == false)
        }
    }

    @Test func anUnknownHostIsAnError() async throws {
        try await withServer({ _ in [] }) { fetcher, _ in
            let error = await expectMFError(.fetchDNS) { try await fetcher.fetch("http://\(UnknownHost.name)/") }
            #expect(error?.message == "the host `\(UnknownHost.name)` is unknown")
        }
    }

    @Test(arguments: [
        "", "app2/button", "//host/x", "http:///x", "http://host:99999/", "http://ho st/", "http://a/\n",
        "http://[::1/",
    ])
    func whatIsNoURLIsAnError(url: String) async throws {
        try await withServer({ _ in [] }) { fetcher, _ in
            await expectMFError(.fetchBadURL) { try await fetcher.fetch(url) }
        }
    }

    @Test(arguments: ["ftp://h/x", "file:///etc/passwd", "data:text/plain,x", "javascript:1"])
    func otherProtocolsAreErrors(url: String) async throws {
        try await withServer({ _ in [] }) { fetcher, _ in
            await expectMFError(.fetchPolicy) { try await fetcher.fetch(url) }
        }
    }
}
