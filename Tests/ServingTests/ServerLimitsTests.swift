import Serving
import TestSupport
import Testing

/// Clients that take their time, ask for too much, or ask wrongly.
@Suite(.timeLimit(.minutes(1))) struct ServerLimitsTests {
    private static func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    /// Sends a text to a server that answers everything with `ok`, and reads until the server closes the connection.
    private func answer(to text: String, limits: ServerLimits = ServerLimits()) async throws -> LoopbackClient.Answer {
        let server = try await HTTPServer.start(limits: limits) { _ in .text("ok") }
        let answer = try await LoopbackClient.exchange(text, port: server.port)
        await server.stop()
        return answer
    }

    @Test(arguments: ["GET /a HTTP/1.1\r\nHos", "GET /a", "\r\n"])
    func unfinishedHeadIsAnsweredInTime(text: String) async throws {
        let answer = try await answer(to: text, limits: Self.limits { $0.head = .milliseconds(10) })
        #expect(answer.text.contains("HTTP/1.1 408 "), "\(answer.text)")
        #expect(answer.text.contains("Connection: close"))
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
    func unfinishedBodyIsAnsweredInTime(rest: String) async throws {
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\nHost: x\r\n\(rest)", limits: Self.limits { $0.body = .milliseconds(10) })
        #expect(answer.status == 408, "\(answer.text)")
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) func idleConnectionIsClosed(before: String) async throws
    {
        let answer = try await answer(to: before, limits: Self.limits { $0.idle = .milliseconds(10) })
        #expect(answer.status == (before.isEmpty ? nil : 200))
    }

    @Test(arguments: [
        ("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        ("two Host", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("two Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("a Host that is none", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
        ("both lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        ("a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("a length with a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400),
        ("a length too large", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("an unknown encoding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("no HTTP", "hello\r\n\r\n", 501),
        ("a target that is no path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a long target", "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("a target without an end", "GET /\(String(repeating: "a", count: 200_000))", 414),
        ("a long field", "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 70_000))\r\n\r\n", 431),
        ("many fields", "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: a\r\n", count: 20_000), 431),
    ])
    func wrongRequestIsRefused(about: String, text: String, status: Int) async throws {
        let answer = try await answer(to: text, limits: Self.limits { $0.linger = .milliseconds(10) })
        #expect(answer.status == status, "\(about): \(answer.text)")
        #expect(!answer.text.contains("\r\n\r\nok"), "\(about)")
    }

    @Test(arguments: [
        ("http://x/b?c", "/b?c"), ("HTTP://x", "/"), ("https://x?c", "/?c"), ("/b", "/b"),
    ])
    func absoluteTargetIsTaken(target: String, path: String) async throws {
        let server = try await HTTPServer.start { .text($0.path) }
        #expect(try await LoopbackClient.get(target, port: server.port).body == path)
        await server.stop()
    }

    @Test func halfClosedConnectionIsAnswered() async throws {
        let answer = try await answer(to: "GET / HTTP/1.0\r\n\r\n")
        #expect(answer.body == "ok")
    }

    @Test func bodyWithoutAnEndIsRefusedAtItsLimit() async throws {
        let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
        let answer = try await answer(
            to: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                + String(repeating: chunk, count: 40),
            limits: Self.limits { $0.bodyBytes = 1 << 20 })
        #expect(answer.status == 413)
    }

    @Test func oldestIdleConnectionMakesRoom() async throws {
        let server = try await HTTPServer.start(limits: Self.limits { $0.connections = 2 }) { .text($0.path) }
        let get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        // It is kept open, and closed when the third comes.
        async let oldest = LoopbackClient.exchange(get, port: server.port)
        var others: [LoopbackClient.Answer] = []
        while others.count < 3 { others.append(try await LoopbackClient.get("/b", port: server.port)) }
        let held = try await LoopbackClient.exchange(get + get, port: server.port, until: "/aHTTP")
        #expect(held.status == 200)
        #expect(others.allSatisfy { $0.body == "/b" })
        await server.stop()
        #expect(try await oldest.body == "/a")
    }

    @Test func clientThatTakesNothingOfItsAnswerMakesRoom() async throws {
        let large = String(repeating: "x", count: 32 << 20)
        let limits = Self.limits { ($0.connections, $0.stall) = (1, .zero) }
        let server = try await HTTPServer.start(limits: limits) { .text($0.path == "/large" ? large : "small") }
        let count = try await LoopbackClient.countBody(of: "/large", port: server.port) {
            let answer = try LoopbackClient.getBlocking("/small", port: server.port)
            #expect(answer.body == "small")
        }
        #expect(count < large.utf8.count)
        await server.stop()
    }

    @Test func newConnectionIsRefusedWhereNoneIsIdle() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let server = try await HTTPServer.start(limits: Self.limits { $0.connections = 1 }) { _ in
            ask.finish()
            return .response(status: 200, delay: .seconds(3600))
        }
        async let first = LoopbackClient.get("/", port: server.port)
        for await _ in asked {}
        let second = try await LoopbackClient.exchange("", port: server.port)
        #expect(second.status == 503)
        await server.stop()
        #expect(try await first.text.isEmpty)
    }
}
