import Logging
import Serving
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct StaticFilesTests {
    /// What a reply says, without a socket.
    private struct Reply {
        let status: Int
        let body: String
        private let headers: [(String, String)]

        init(_ reply: ServerReply) {
            guard case .response(let status, let headers, let body, _) = reply else { fatalError("\(reply)") }
            self.status = status
            self.headers = headers
            self.body = String(decoding: body, as: UTF8.self)
        }

        subscript(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
    }

    private func get(
        _ path: String, in folder: TemporaryFolder, method: String = "GET", headers: [(String, String)] = []
    ) -> Reply {
        let files = StaticFiles(root: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return Reply(files.reply(to: ServerRequest(method: method, path: path, headers: headers)))
    }

    @Test(arguments: [
        ("remoteEntry.lua", "text/x-lua; charset=utf-8"), ("mf-manifest.json", "application/json"),
        ("a.js", "text/javascript; charset=utf-8"), ("a.css", "text/css; charset=utf-8"),
        ("a.b.txt", "text/plain; charset=utf-8"), ("LICENSE", "application/octet-stream"),
        ("UPPER.LUA", "text/x-lua; charset=utf-8"),
    ])
    func typeFollowsTheName(name: String, type: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(name, "content")
        let reply = get("/" + name, in: folder)
        #expect(reply.status == 200)
        #expect(reply.body == "content")
        #expect(reply["Content-Type"] == type)
    }

    @Test func encodedNamesAndQueriesFindTheirFile() throws {
        let folder = try TemporaryFolder()
        try folder.write("sub/a b.lua", "return 1")
        #expect(get("/sub/a%20b.lua?version=2", in: folder).body == "return 1")
    }

    @Test(arguments: [
        "/../secret", "/%2e%2e/secret", "/sub/..%2f..%2fsecret", "/sub/../../secret", "/./a.lua", "/sub%2fb.lua",
        "/a.lua%00.txt", "/%zz", "/sub", "/", "", "a.lua", "/link-out", "/sub/folder-out/secret", "/pipe",
    ])
    func whatIsNotARegularFileInsideDoesNotExist(path: String) throws {
        let outside = try TemporaryFolder()
        try outside.write("secret", "secret")
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        try folder.write("sub/b.lua", "return 2")
        try folder.link("link-out", to: outside.path + "/secret")
        try folder.link("sub/folder-out", to: outside.path)
        try folder.makePipe("pipe")
        let reply = get(path, in: folder)
        #expect(reply.status == 404)
        #expect(!reply.body.contains("return"))
        #expect(reply["ETag"] == nil)
    }

    @Test func linkInsideIsFollowed() throws {
        let folder = try TemporaryFolder()
        try folder.write("v1/a.lua", "one")
        try folder.link("current", to: "v1")
        #expect(get("/current/a.lua", in: folder).body == "one")
    }

    @Test func sameTagIsAnsweredWithNotModified() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        let tag = try #require(get("/a.lua", in: folder)["ETag"])
        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let reply = get("/a.lua", in: folder, headers: [("if-none-match", known)])
            #expect(reply.status == 304)
            #expect(reply.body.isEmpty)
            #expect(reply["ETag"] == tag)
        }
        #expect(get("/a.lua", in: folder, headers: [("If-None-Match", "\"other\"")]).status == 200)
    }

    @Test func tagFollowsTheContent() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        let first = get("/a.lua", in: folder)["ETag"]
        try folder.write("a.lua", "return 2")
        #expect(get("/a.lua", in: folder)["ETag"] != first)
        try folder.write("a.lua", "return 1")
        #expect(get("/a.lua", in: folder)["ETag"] == first)
    }

    @Test func dateDecidesWithoutATag() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        let date = try #require(get("/a.lua", in: folder)["Last-Modified"])
        #expect(get("/a.lua", in: folder, headers: [("If-Modified-Since", date)]).status == 304)
        let old = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(get("/a.lua", in: folder, headers: [("If-Modified-Since", old)]).status == 200)
        #expect(get("/a.lua", in: folder, headers: [("If-Modified-Since", "yesterday")]).status == 200)
    }

    @Test func otherMethodsAreRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        let reply = get("/a.lua", in: folder, method: "DELETE")
        #expect(reply.status == 405)
        #expect(reply["Allow"] == "GET, HEAD")
    }

    @Test func eachRequestIsOneLogLine() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.lua", "return 1")
        let log = Log()
        let files = StaticFiles(root: folder.path, logger: Logger(label: "test") { _ in log })
        _ = files.reply(to: ServerRequest(path: "/a.lua"))
        _ = files.reply(to: ServerRequest(path: "/b.lua"))
        let lines = log.lines.withLock { $0 }
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("GET /a.lua 200 8 B ") == true)
        #expect(lines.last?.hasPrefix("GET /b.lua 404 ") == true)
    }
}

/// Keeps what is logged.
private final class Log: LogHandler {
    let lines = Mutex<[String]>([])
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        lines.withLock { $0.append("\(event.message)") }
    }
}
