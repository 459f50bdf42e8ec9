import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Redirects are followed one by one, each checked as the request itself is, whether the answer is given whole or as it
/// comes.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherRedirectsTests {
    /// A request; `inParts`: its body is handed out as it comes.
    private func request(
        _ url: String, _ headers: [(String, String)] = [], inParts: Bool, policy: FetchPolicy? = nil
    ) -> FetchRequest {
        var request = FetchRequest(url: url, headers: headers, files: .any, policy: policy)
        if inParts { request.onPart = { _, _ in true } }
        return request
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

    @Test func aRedirectInACircleIsAnError() async throws {
        try await withServer({ _ in [.reply(302, [("Location", "/again")])] }) { fetcher, server in
            await expectMFError(.fetchRedirects) { try await fetcher.fetch(server.url) }
            #expect(server.paths.count == 6)
        }
    }

    @Test(
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://a:99999/", "data:,x"],
        [false, true])
    func aRedirectLeadsToHTTPOnly(target: String, inParts: Bool) async throws {
        try await withServer({ _ in [.reply(302, [("Location", target)])] }) { fetcher, server in
            await expectMFError(.fetchRedirects) {
                try await fetcher.fetch(request(server.url, inParts: inParts))
            }
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308], [false, true])
    func theAddressOfARedirectIsCheckedBeforeItIsConnectedTo(status: Int, inParts: Bool) async throws {
        try await withServer({ _ in [.text("secret")] }) { fetcher, inner in
            let target = "http://127.0.0.1:\(inner.port)/"
            let outer = LoopbackServer { _ in [.reply(status, [("Location", target)])] }
            defer { outer.stop() }
            let url = "http://localhost:\(outer.port)/"
            let policy = FetchPolicy(allowsAddress: { url, _ in url.host == "localhost" })
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(request(url, inParts: inParts, policy: policy))
            }
            #expect(error?.message == "the address of `127.0.0.1` is not allowed")
            #expect(error?["url"] == url)
            #expect(error?["redirected to"] == target)
            #expect(inner.connectionCount == 0)
        }
    }

    @Test(arguments: [false, true]) func theURLOfARedirectIsChecked(inParts: Bool) async throws {
        try await withServer({ request in
            request.path == "/" ? [.reply(302, [("Location", "/private?x=1")])] : [.text("secret")]
        }) { fetcher, server in
            let policy = FetchPolicy(allows: { $0.path == "/" }, allowsAddress: { _, _ in true })
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(request(server.url + "/", inParts: inParts, policy: policy))
            }
            #expect(error?["redirected to"] == server.url + "/private?x=1")
            #expect(server.paths == ["/"])
        }
    }

    @Test(arguments: [false, true])
    func whatTheCallerSetStaysBehindWhenARedirectLeadsToAnotherServer(inParts: Bool) async throws {
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
            let headers = [("X-API-Key", "secret"), ("Last-Event-ID", "7"), ("Accept", "text/plain")]
            let url = first.url.replacing("http://", with: "http://ci:secret@") + "/start"
            let response = try await fetcher.fetch(request(url, headers, inParts: inParts))
            #expect(response.url == other.url + "/end")
        }
        let headers = got.withLock { $0 }
        #expect(headers.map { $0["x-api-key"] } == ["secret", "secret", nil])
        #expect(headers.map { $0["last-event-id"] } == ["7", "7", nil])
        #expect(headers.map { $0["authorization"] != nil } == [true, true, false])
        #expect(headers.map { $0["accept"] } == ["text/plain", "text/plain", "text/plain"])
    }

    @Test func credentialsOfAURLStayOnItsServer() async throws {
        let got = Mutex<[String?]>([])
        try await withServer({ request in
            got.withLock { $0.append(request.headers["authorization"]) }
            let host = request.headers["host"] ?? ""
            return request.path == "/end" ? [.text("there")] : [.reply(302, [("Location", "http://\(host)/end")])]
        }) { fetcher, server in
            let url = server.url.replacing("http://", with: "http://ci:secret@")
            _ = try await fetcher.fetch(url + "/start")
        }
        let sent = got.withLock { $0 }
        #expect(sent.count == 2)
        #expect(sent[0] == sent[1])
        #expect(sent[0] != nil)
    }

    @Test func whatARedirectSaysBesideItsPlaceDoesNotMatter() async throws {
        let page = [("Content-Encoding", "br"), ("Location", "/end")]
        let body = [UInt8](repeating: 120, count: 4_000)
        try await withServer({ request in
            request.path == "/end" ? [.text("there")] : [.reply(302, page, body)]
        }) { fetcher, server in
            let text = try await fetcher.fetch(FetchRequest(url: server.url, maxBytes: 4_000)).text
            #expect(text == "there")
            #expect(server.connectionCount == 1)
        }
    }

    @Test func whereNoneIsFollowedARedirectIsTheAnswer() async throws {
        try await withServer({ _ in [.reply(302, [("Location", "/end")], Array("moved".utf8))] }) { fetcher, server in
            let response = try await fetcher.fetch(
                FetchRequest(url: server.url, maxRedirects: 0, acceptsAnyStatus: true))
            #expect(response.status == 302)
            #expect(response.text == "moved")
        }
    }

    @Test(arguments: [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
    func aBodyGoesAlongWhereTheStatusSaysSo(status: Int, method: String) async throws {
        let got = Mutex<[LoopbackServer.Request]>([])
        try await withServer({ request in
            got.withLock { $0.append(request) }
            return request.path == "/end" ? [.text("there")] : [.reply(status, [("Location", "/end")])]
        }) { fetcher, server in
            _ = try await fetcher.fetch(FetchRequest(url: server.url, method: "POST", body: Array("body".utf8)))
        }
        let last = got.withLock { $0.last }
        #expect(last?.method == method)
        #expect(last?.body == (method == "POST" ? Array("body".utf8) : []))
    }

    /// Were the time counted anew, the error would come after as many times as there are redirects.
    @Test func allRedirectsTogetherHaveOneDeadline() async throws {
        try await withServer({ request in
            request.path == "/end" ? [.hold] : [.reply(302, [("Location", "/end")])]
        }) { fetcher, server in
            let error = await expectMFError(.fetchTimeout) {
                try await fetcher.fetch(FetchRequest(url: server.url, timeout: .milliseconds(50)))
            }
            #expect(error?.message == "no whole answer within 50 ms")
            #expect(error?["redirected to"] == server.url + "/end")
        }
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return String(self[..<range.lowerBound]) + other + String(self[range.upperBound...])
    }
}
