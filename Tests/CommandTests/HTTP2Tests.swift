import Glibc
import TestSupport
import Testing

private let nghttpd = "/usr/sbin/nghttpd"
private let openssl = "/usr/bin/openssl"

/// Against nghttpd, which speaks HTTP/2 and says so, with a certificate made for the occasion.
@Suite(
    .enabled(if: access(nghttpd, X_OK) == 0 && access(openssl, X_OK) == 0, "needs nghttpd and the openssl command"),
    .timeLimit(.minutes(2)))
struct HTTP2Tests {
    @Test func manyFetchesAtATimeShareOneConnectionWhereTheServerOffersHTTP2() async throws {
        let folder = try TemporaryFolder()
        let names = (1...7).map { "\($0).lua" }
        for name in names { try folder.write("files/\(name)", "return '\(name)'") }
        let server = try await HTTP2Server(in: folder)
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            local fetches = {}
            for i = 1, 100 do
              fetches[i] = function() return mf.fetch(("%s/%d.lua"):format(arg[1], i % 7 + 1)).body end
            end
            for i, body in ipairs(mf.all(fetches)) do assert(load(body)() == i % 7 + 1 .. ".lua") end
            print(#fetches)
            """)
        let result = try await ChildProcess.run(
            Places.mflua, ["host.lua", server.url], environment: ["CURL_CA_BUNDLE": server.certificate],
            folder: folder.path)
        #expect(result.output == "100\n" && result.code == 0, "\(result)")

        let log = try await server.end()
        #expect(log.contains("The negotiated protocol: h2"), "\(log)")
        #expect(log.ranges(of: "recv HEADERS frame").count == 100)
        // nghttpd begins each line of a connection with its number.
        #expect(log.contains("[id=1]") && !log.contains("[id=2]"))
    }

    @Test func aRemoteIsLoadedOverHTTP2() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "files/remoteEntry.lua",
            "return { init = function() end, get = function() return function() return { 7 } end end }")
        let server = try await HTTP2Server(in: folder)
        let result = try await ChildProcess.run(
            Places.mflua,
            [
                "-e",
                """
                local mf = require("mf")
                mf.init { name = "host", remotes = { { name = "far", entry = "\(server.url)/remoteEntry.lua" } } }
                print(mf.loadRemote("far/x")[1])
                """,
            ], environment: ["CURL_CA_BUNDLE": server.certificate])
        #expect(result.output == "7\n", "\(result)")
        let log = try await server.end()
        #expect(log.contains("The negotiated protocol: h2") && log.contains(":path: /remoteEntry.lua"), "\(log)")
    }
}

/// `nghttpd` with a folder's `files`, on a port that the system picked.
private final class HTTP2Server {
    let url: String
    /// The file to trust.
    let certificate: String
    private let process: ChildProcess
    private let log: String
    private var isRunning = true

    init(in folder: TemporaryFolder) async throws {
        let made = try await ChildProcess.run(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            ], folder: folder.path)
        try #require(made.code == 0, "\(made)")
        certificate = folder.path + "/certificate.pem"
        log = folder.path + "/log"
        // It only repeats the port it was asked for. Nobody has to read what it says meanwhile.
        let command = "exec \(nghttpd) -v -a 127.0.0.1 -d files 0 key.pem certificate.pem >log 2>&1"
        process = try ChildProcess("sh", ["-c", command], folder: folder.path)
        url = "https://localhost:\(try await process.listeningPort())"
    }

    deinit { if isRunning { process.signal(SIGKILL) } }

    /// Ends it; gives its log.
    func end() async throws -> String {
        isRunning = false
        process.signal(SIGKILL)
        _ = try await process.result()
        return try contents(of: log)
    }
}
