import Diagnostics
import Serving
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct HTTPServerTests {
    @Test func handlerSeesTheRequestAsItWasSent() async throws {
        let server = try await HTTPServer.start { request in
            .text("\(request.method) \(request.path) \(request.header("x-mark") ?? "-") \(request.body.count)")
        }
        let lines = ["POST /a%20b?q=1 HTTP/1.1", "Host: x", "X-Mark: yes", "Content-Length: 3", "Connection: close"]
        let request = lines.joined(separator: "\r\n") + "\r\n\r\nabc"
        let answer = try await LoopbackClient.exchange(request, port: server.port)
        #expect(answer.status == 200)
        #expect(answer.body == "POST /a%20b?q=1 yes 3")
        await server.stop()
    }

    @Test func connectionIsKeptForTheNextRequest() async throws {
        let server = try await HTTPServer.start { .text($0.path) }
        let first = "GET /first HTTP/1.1\r\nHost: x\r\n\r\n"
        let last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try await LoopbackClient.exchange(first + last, port: server.port)
        #expect(answer.body.hasPrefix("/firstHTTP/1.1 200 OK"))
        #expect(answer.body.hasSuffix("/last"))
        await server.stop()
    }

    @Test func delayedAnswerArrivesWhole() async throws {
        let server = try await HTTPServer.start { _ in
            .response(status: 503, body: Array("later".utf8), delay: .milliseconds(5))
        }
        let answer = try await LoopbackClient.get("/", port: server.port)
        #expect(answer.status == 503)
        #expect(answer.body == "later")
        await server.stop()
    }

    @Test func hangUpSendsNothing() async throws {
        let server = try await HTTPServer.start { _ in .hangUp() }
        #expect(try await LoopbackClient.get("/", port: server.port).text.isEmpty)
        await server.stop()
    }

    @Test func rawBytesGoOutAsTheyAre() async throws {
        let server = try await HTTPServer.start { _ in .raw(Array("not HTTP\n".utf8), thenClose: true) }
        #expect(try await LoopbackClient.get("/", port: server.port).text == "not HTTP\n")
        await server.stop()
    }

    @Test func shorterBodyThanDeclaredEndsTheConnection() async throws {
        let server = try await HTTPServer.start { _ in
            .response(status: 200, headers: [("Content-Length", "100")], body: Array("short".utf8))
        }
        let answer = try await LoopbackClient.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n", port: server.port)
        #expect(answer.header("Content-Length") == "100")
        #expect(answer.body == "short")
        await server.stop()
    }

    @Test func streamIsSentInChunks() async throws {
        let server = try await HTTPServer.start { _ in
            .stream(
                AsyncStream { continuation in
                    for part in ["one", "two"] { continuation.yield(Array(part.utf8)) }
                    continuation.finish()
                }, headers: [("Content-Type", "text/event-stream")])
        }
        let answer = try await LoopbackClient.get("/", port: server.port)
        #expect(answer.header("Transfer-Encoding") == "chunked")
        #expect(answer.header("Content-Type") == "text/event-stream")
        #expect(answer.body == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        await server.stop()
    }

    @Test func streamIsCancelledWhenTheClientLeaves() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let server = try await HTTPServer.start { _ in
            .stream(
                AsyncStream { continuation in
                    continuation.onTermination = { _ in end.finish() }
                    continuation.yield(Array("data: hello\n\n".utf8))
                })
        }
        let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        _ = try await LoopbackClient.exchange(request, port: server.port, until: "hello")
        for await _ in ended {}
        await server.stop()
    }

    @Test func headIsAnsweredWithoutBody() async throws {
        let server = try await HTTPServer.start { _ in .text("hello") }
        let answer = try await LoopbackClient.get("/", port: server.port, method: "HEAD")
        #expect(answer.header("Content-Length") == "5")
        #expect(answer.body.isEmpty)
        await server.stop()
    }

    @Test func bodyOverTheLimitIsRefused() async throws {
        let server = try await HTTPServer.start { _ in .text("accepted") }
        let size = 17 << 20
        let head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(size)\r\n\r\n"
        let answer = try await LoopbackClient.exchange(
            head + String(repeating: "x", count: size), port: server.port)
        #expect(answer.status == 413)
        await server.stop()
    }

    @Test func takenPortIsAnErrorThatSaysSo() async throws {
        let server = try await HTTPServer.start { _ in .text("") }
        await #expect { try await HTTPServer.start(port: server.port) { _ in .text("") } } throws: { error in
            let error = error as? MFError
            return error?.code == .cannotListen && error?.message == "cannot listen on 127.0.0.1:\(server.port)"
        }
        await server.stop()
    }

    @Test(arguments: [-1, 65536]) func portOutOfRangeIsAnError(port: Int) async throws {
        await #expect { try await HTTPServer.start(port: port) { _ in .text("") } } throws: { error in
            (error as? MFError)?.code == .cannotListen
        }
    }

    @Test func stopClosesConnections() async throws {
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let server = try await HTTPServer.start { _ in
            start.finish()
            return .response(status: 200, delay: .seconds(3600))
        }
        async let answer = LoopbackClient.get("/", port: server.port)
        for await _ in started {}
        await server.stop()
        #expect(try await answer.text.isEmpty)
    }
}
