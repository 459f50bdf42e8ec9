import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Runs a body with a fetcher and a server, both ended afterwards.
@discardableResult func withServer<T>(
    _ answer: @escaping @Sendable (LoopbackServer.Request) -> [LoopbackServer.Step],
    _ body: (CurlFetcher, LoopbackServer) async throws -> T
) async throws -> T {
    let server = LoopbackServer(answer)
    let loop = EventLoop(name: "test")
    let fetcher = CurlFetcher(loop: loop)
    defer {
        fetcher.close()
        loop.stop()
        loop.join()
        server.stop()
    }
    return try await body(fetcher, server)
}

/// `hello ` twenty times, compressed.
private let packedHello: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 160, 59, 9, 0, 47, 250, 248, 72, 120, 0, 0, 0,
]

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

    @Test func connectionsAreKept() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            for _ in 0..<10 { _ = try await fetcher.fetch(server.url) }
            #expect(server.connectionCount == 1)
        }
    }

    @Test func manyFetchesRunAtATime() async throws {
        try await withServer({ request in [.text(request.path)] }) { fetcher, server in
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for i in 0..<300 { group.addTask { try await fetcher.fetch(server.url + "/\(i)").text } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<300).map { "/\($0)" }))
            #expect(server.connectionCount <= 32)
        }
    }

    @Test func followsRedirects() async throws {
        try await withServer({ request in
            request.path == "/end" ? [.text("there")] : [.reply(302, [("Location", "/end")])]
        }) { fetcher, server in
            let response = try await fetcher.fetch(server.url + "/start")
            #expect(response.text == "there")
            #expect(response.url == server.url + "/end")
            #expect(response.headers.map(\.0) == ["Content-Length", "Content-Type"])
        }
    }

    // MARK: - What servers do wrong

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

    @Test func aRedirectInACircleIsAnError() async throws {
        try await withServer({ _ in [.reply(302, [("Location", "/again")])] }) { fetcher, server in
            await expectMFError(.fetchRedirects) { try await fetcher.fetch(server.url) }
            #expect(server.paths.count == 6)
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"])
    func redirectsToOtherProtocolsAreErrors(target: String) async throws {
        try await withServer({ _ in [.reply(302, [("Location", target)])] }) { fetcher, server in
            await expectMFError(.fetchRedirects) {
                try await fetcher.fetch(FetchRequest(url: server.url, files: .any))
            }
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

    @Test func theDeadlineCountsWhileWaitingForAConnection() async throws {
        try await withServer({ _ in [.hold] }) { fetcher, server in
            let codes = await withTaskGroup(of: MFError.Code?.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        do {
                            _ = try await fetcher.fetch(FetchRequest(url: server.url, timeout: .milliseconds(100)))
                            return nil
                        } catch {
                            return (error as? MFError)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count == 40)
            #expect(codes.allSatisfy { $0 == .fetchTimeout })
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

    // MARK: - What is wrong before a server is reached

    @Test func aDeadPortIsAnError() async throws {
        try await withServer({ _ in [] }) { fetcher, _ in
            let port = LoopbackServer.deadPort()
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

    // MARK: - Cancelling

    @Test func cancellingTheTaskEndsTheTransfer() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        try await withServer({ _ in
            arrival.yield()
            return [.hold]
        }) { fetcher, server in
            let url = server.url
            let task = Task { try await fetcher.fetch(url) }
            for await _ in arrived { break }
            task.cancel()
            await expectMFError(.fetchCancelled) { try await task.value }
        }
    }

    @Test func aCancelledTaskFetchesNothing() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await fetcher.fetch(url)
            }
            task.cancel()
            await expectMFError(.fetchCancelled) { try await task.value }
            #expect(server.paths.isEmpty)
        }
    }

    @Test func closingEndsWhatIsUnderWay() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        try await withServer({ _ in
            arrival.yield()
            return [.hold]
        }) { fetcher, server in
            let url = server.url
            let task = Task { try await fetcher.fetch(url) }
            for await _ in arrived { break }
            fetcher.close()
            await expectMFError(.fetchCancelled) { try await task.value }
            await expectMFError(.fetchCancelled) { try await fetcher.fetch(url) }
        }
    }

    @Test func stoppingTheLoopEndsWhatIsUnderWay() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let server = LoopbackServer { _ in
            arrival.yield()
            return [.hold]
        }
        let loop = EventLoop(name: "test")
        let fetcher = CurlFetcher(loop: loop)
        let url = server.url
        let task = Task { try await fetcher.fetch(url) }
        for await _ in arrived { break }
        loop.stop()
        await expectMFError(.fetchCancelled) { try await task.value }
        loop.join()
        server.stop()
    }

    // MARK: - Policy

    @Test func aPolicyIsAskedAboutTheAddress() async throws {
        let asked = Mutex<[String]>([])
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = "http://localhost:\(server.port)/"
            let policy = FetchPolicy(allowsAddress: { url, address in
                asked.withLock { $0.append("\(url.host ?? "") \(address)") }
                return address == [127, 0, 0, 1]
            })
            let allowed = FetchRequest(url: url, policy: policy)
            let status = try await fetcher.fetch(allowed).status
            #expect(status == 200)
            #expect(asked.withLock { $0 }.contains("localhost [127, 0, 0, 1]"))
        }
    }

    @Test func aRefusedAddressIsNotConnectedTo() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(FetchRequest(url: url, policy: FetchPolicy(allowsAddress: { _, _ in false })))
            }
            #expect(error?.message == "the address of `127.0.0.1` is not allowed")
            #expect(error?["address"] == "127.0.0.1")
            #expect(server.connectionCount == 0)
        }
    }

    @Test func aPolicyIsAskedAboutKeptConnectionsToo() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            _ = try await fetcher.fetch(url)
            await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(FetchRequest(url: url, policy: FetchPolicy(allowsAddress: { _, _ in false })))
            }
            #expect(server.paths.count == 1)
        }
    }

    @Test func aPolicyIsAskedAboutRedirects() async throws {
        try await withServer({ _ in [.text("secret")] }) { fetcher, inner in
            let target = "http://127.0.0.1:\(inner.port)/"
            let outer = LoopbackServer { _ in [.reply(302, [("Location", target)])] }
            defer { outer.stop() }
            let url = "http://localhost:\(outer.port)/"
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(
                    FetchRequest(url: url, policy: FetchPolicy(allowsAddress: { url, _ in url.host == "localhost" })))
            }
            #expect(error?["redirected to"] == nil)
            #expect(inner.paths.isEmpty)
        }
    }

    @Test func mappedAddressesAreSeenAsWhatTheyAre() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = "http://[::ffff:127.0.0.1]:\(server.port)/"
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(
                    FetchRequest(
                        url: url, policy: FetchPolicy(allowsAddress: { _, address in address != [127, 0, 0, 1] })))
            }
            #expect(error?["address"] == "127.0.0.1")
        }
    }
}
