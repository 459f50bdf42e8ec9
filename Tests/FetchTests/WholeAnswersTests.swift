import Diagnostics
import Fetch
import Synchronization
import TestSupport
import Testing

/// An answer is used when it is whole, and what goes out is what the caller may say.
@Suite(.timeLimit(.minutes(1))) struct WholeAnswersTests {
    /// `hello ` twenty times, compressed.
    private static let packed: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 160, 59, 9, 0, 47, 250, 248, 72, 120, 0, 0, 0,
    ]

    @Test(arguments: 1..<29) func aCompressedBodyCutAnywhereIsAnError(length: Int) async throws {
        let part = Array(Self.packed[..<length])
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], part)] }) { fetcher, server in
            let error = await expectMFError(.fetchTruncated) {
                try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: true))
            }
            #expect(error?.message == "the compressed body ends before its end")
        }
    }

    @Test func aCompressedBodyOfSeveralMembersIsWhole() async throws {
        let body = Self.packed + Self.packed
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], body)] }) { fetcher, server in
            let text = try await fetcher.fetch(server.url).text
            #expect(text == String(repeating: "hello ", count: 40))
        }
    }

    @Test func anEncodingThatNobodyAskedForIsNamed() async throws {
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "br")], [1, 2, 3])] }) { fetcher, server in
            let error = await expectMFError(.fetchProtocol) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the body is encoded as `br`, which was not asked for")
        }
    }

    @Test(arguments: [false, true]) func aPartIsNotTheWhole(acceptsAnyStatus: Bool) async throws {
        try await withServer({ _ in [.reply(206, [("Content-Range", "bytes 0-1/9")], Array("hi".utf8))] }) {
            fetcher, server in
            await expectMFError(.fetchPart) {
                try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: acceptsAnyStatus))
            }
        }
    }

    @Test func aPartThatWasAskedForIsAnAnswer() async throws {
        try await withServer({ _ in [.reply(206, [("Content-Range", "bytes 0-1/9")], Array("hi".utf8))] }) {
            fetcher, server in
            let request = FetchRequest(url: server.url, headers: [("Range", "bytes=0-1")], acceptsAnyStatus: true)
            let response = try await fetcher.fetch(request)
            #expect(response.text == "hi")
        }
    }

    @Test(
        arguments: [
            "Content-Length: 2\r\nContent-Length: 4", "Content-Length: 4\r\nContent-Length: 4", "Content-Length: 4, 4",
            "Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: +4",
        ])
    func aLengthThatContradictsItselfIsAnError(header: String) async throws {
        let body = header.contains("chunked") ? "4\r\nbody\r\n0\r\n\r\n" : "body"
        try await withServer({ _ in [.raw("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n\(body)"), .close] }) {
            fetcher, server in
            await expectMFError(.fetchLength) { try await fetcher.fetch(server.url) }
        }
    }

    @Test(arguments: [1, 1000]) func aHeaderThatIsTooLargeIsSaidToBe(lines: Int) async throws {
        let value = String(repeating: "x", count: 400_000 / lines)
        let header = (0..<lines).map { "X-\($0): \(value)\r\n" }.joined()
        try await withServer({ _ in [.raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(header)\r\n")] }) {
            fetcher, server in
            let error = await expectMFError(.fetchTooLarge) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the header of the answer is too large")
        }
    }

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

    @Test func whatTheCallerSetStaysBehindWhenARedirectLeadsToAnotherServer() async throws {
        let got = Mutex<[[String: String]]>([])
        let note = { @Sendable (request: LoopbackServer.Request) in got.withLock { $0.append(request.headers) } }
        try await withServer({ request in
            note(request)
            return [.text("there")]
        }) { fetcher, other in
            let first = LoopbackServer { request in
                note(request)
                let target = request.path == "/start" ? "/again" : other.url + "/end"
                return [.reply(302, [("Location", target)])]
            }
            defer { first.stop() }
            let response = try await fetcher.fetch(
                FetchRequest(url: first.url + "/start", headers: [("X-API-Key", "secret"), ("Accept", "text/plain")]))
            #expect(response.text == "there")
            #expect(response.url == other.url + "/end")
        }
        let headers = got.withLock { $0 }
        #expect(headers.map { $0["x-api-key"] } == ["secret", "secret", nil])
        #expect(headers.map { $0["accept"] } == ["text/plain", "text/plain", "text/plain"])
    }

    @Test func aSeparatedFetcherSharesNoConnection() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let other = fetcher.separated(FetchLimits(transfersPerServer: 1))
            _ = try await fetcher.fetch(server.url)
            _ = try await other.fetch(server.url)
            _ = try await other.fetch(server.url)
            #expect(server.connectionCount == 2)
            other.close()
            await expectMFError(.fetchCancelled) { try await other.fetch(server.url) }
            _ = try await fetcher.fetch(server.url)
        }
    }

    @Test func bodiesUnderWayAreBoundedTogether() async throws {
        let body = [UInt8](repeating: 120, count: 40_000)
        try await withServer({ request in
            request.path == "/held" ? [.reply(200, [], body, length: 50_000), .hold] : [.reply(200, [], body)]
        }) { fetcher, server in
            let other = fetcher.separated(FetchLimits(bytesUnderWay: 60_000))
            let url = server.url
            _ = try await other.fetch(url + "/first")
            async let held = other.fetch(url + "/held")
            while server.paths.last != "/held" { await Task.yield() }
            var failure: (any Error)?
            // The held body's bytes are on their way: until they have come, there is room for another.
            while failure == nil { do { _ = try await other.fetch(url + "/more") } catch { failure = error } }
            #expect((failure as? MFError)?.code == .fetchTooLarge)
            other.close()
            _ = try? await held
        }
    }
}
