import Logging
import Serving
import TestSupport
import Testing

/// Files over a socket: parts, large ones, ones that change.
@Suite(.timeLimit(.minutes(1))) struct ServedFileTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func serving<T>(
        _ folder: TemporaryFolder, limits: ServerLimits = StaticFiles.limits, _ body: (Int) async throws -> T
    ) async throws -> T {
        let files = StaticFiles(root: folder.path, logger: Self.quiet)
        let server = try await HTTPServer.start(limits: limits, refuse: { files.refusal(of: $0) }) {
            files.reply(to: $0)
        }
        let result = try await body(server.port)
        await server.stop()
        return result
    }

    private static let large = (0..<40_000).map { String(10_000_000 + $0) }.joined()

    @Test func largeFileArrivesWhole() async throws {
        let folder = try TemporaryFolder()
        try folder.write("large.txt", Self.large)
        try await serving(folder) { port in
            let answer = try await LoopbackClient.get("/large.txt", port: port)
            #expect(answer.header("Content-Length") == "320000")
            #expect(answer.body == Self.large)
            let head = try await LoopbackClient.get("/large.txt", port: port, method: "HEAD")
            #expect(head.header("Content-Length") == "320000" && head.body.isEmpty)
            let tag = try #require(answer.header("ETag"))
            let again = try await LoopbackClient.get("/large.txt", port: port, headers: ["If-None-Match: \(tag)"])
            #expect(again.status == 304)
        }
    }

    @Test(
        arguments: [
            ("bytes=0-3", 206, 0..<4), ("bytes=4-", 206, 4..<320_000), ("bytes=-5", 206, 319_995..<320_000),
            ("bytes=319999-400000", 206, 319_999..<320_000), ("bytes=-400000", 206, 0..<320_000),
            ("bytes=0-99999999999999999999", 206, 0..<320_000),
            ("bytes=320000-", 416, nil), ("bytes=-0", 416, nil), ("bytes=99999999999999999999-", 416, nil),
            ("bytes=3-1", 200, nil), ("bytes=a-b", 200, nil), ("bytes=0-1,3-4", 200, nil), ("lines=0-1", 200, nil),
            ("bytes=-", 200, nil), ("bytes", 200, nil), ("bytes=+1-2", 200, nil),
        ] as [(String, Int, Range<Int>?)])
    func rangeIsAPart(field: String, status: Int, range: Range<Int>?) async throws {
        let folder = try TemporaryFolder()
        try folder.write("large.txt", Self.large)
        // A small one is answered from memory.
        try folder.write("small.txt", "0123456789")
        try await serving(folder) { port in
            let answer = try await LoopbackClient.get("/large.txt", port: port, headers: ["Range: \(field)"])
            #expect(answer.status == status)
            if let range {
                let bytes = Array(Self.large.utf8)[range]
                #expect(answer.body == String(decoding: bytes, as: UTF8.self))
                let place = "bytes \(range.lowerBound)-\(range.upperBound - 1)/320000"
                #expect(answer.header("Content-Range") == place)
            } else if status == 416 {
                #expect(answer.header("Content-Range") == "bytes */320000")
            } else {
                #expect(answer.body == Self.large)
            }
            let small = try await LoopbackClient.get("/small.txt", port: port, headers: ["Range: bytes=2-4"])
            #expect(small.status == 206 && small.body == "234" && small.header("Content-Range") == "bytes 2-4/10")
        }
    }

    @Test func rangeOfAnotherVersionIsTheWholeFile() async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.txt", "0123456789")
        try await serving(folder) { port in
            let whole = try await LoopbackClient.get("/a.txt", port: port)
            for (known, status) in [
                (whole.header("ETag"), 206), (whole.header("Last-Modified"), 206), ("\"other\"", 200),
                ("W/\(whole.header("ETag") ?? "")", 200), ("Sun, 06 Nov 1994 08:49:37 GMT", 200),
            ] {
                let headers = ["Range: bytes=0-1", "If-Range: \(known ?? "")"]
                let answer = try await LoopbackClient.get("/a.txt", port: port, headers: headers)
                #expect(answer.status == status, "\(known ?? "")")
            }
            let headers = ["If-Match: \"other\""]
            #expect(try await LoopbackClient.get("/a.txt", port: port, headers: headers).status == 412)
        }
    }

    /// Files of more than what the kernel keeps for a connection, so that the server is in the middle of them.
    private static let veryLarge = 64 << 20

    @Test func fileThatChangesWhileItIsSentEndsShort() async throws {
        let folder = try TemporaryFolder()
        try folder.fill("a.bin", bytes: Self.veryLarge)
        try await serving(folder) { port in
            let count = try await LoopbackClient.countBody(of: "/a.bin", port: port) {
                try folder.overwriteLastByte(of: "a.bin")
            }
            #expect(count < Self.veryLarge, "the client had \(count) bytes")
        }
    }

    @Test(arguments: [true, false]) func fileThatIsReplacedWhileItIsSentArrivesWhole(deleted: Bool) async throws {
        let folder = try TemporaryFolder()
        try folder.fill("a.bin", bytes: Self.veryLarge)
        try folder.write("b.bin", "new")
        try await serving(folder) { port in
            let count = try await LoopbackClient.countBody(of: "/a.bin", port: port) {
                if deleted { try folder.delete("a.bin") } else { try folder.move("b.bin", over: "a.bin") }
            }
            #expect(count == Self.veryLarge)
        }
    }

    @Test func smallFileDoesNotWaitForSlowReaders() async throws {
        let folder = try TemporaryFolder()
        try folder.fill("a.bin", bytes: Self.veryLarge)
        try folder.write("b.txt", "small")
        try await serving(folder) { port in
            // While the large file is in the middle of being sent.
            _ = try await LoopbackClient.countBody(of: "/a.bin", port: port) {
                let answer = try LoopbackClient.getBlocking("/b.txt", port: port)
                #expect(answer.body == "small")
            }
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    func otherMethodIsRefusedByItsHead(method: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        try await serving(folder) { port in
            // The body never comes.
            let head = "\(method) /a.lua HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
            let answer = try await LoopbackClient.exchange(head, port: port, until: "not allowed")
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == "GET, HEAD")
            #expect(answer.header("Connection") == "close")
        }
    }

    @Test(arguments: ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n"])
    func bodyIsNotTaken(rest: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        try await serving(folder) { port in
            let request = "GET /a.lua HTTP/1.1\r\nHost: x\r\n" + rest
            let answer = try await LoopbackClient.exchange(request, port: port, until: "\r\n\r\n")
            #expect(answer.status == 413)
        }
    }
}
