import Glibc
import TestSupport
import Testing

/// `mflua serve DIR`.
@Suite(.timeLimit(.minutes(2))) struct ServeTests {
    @Test func servesAFolderOnAFreePort() async throws {
        let folder = try TemporaryFolder()
        try folder.write("checks/mf-manifest.json", "{}")
        let child = try ChildProcess(Places.mflua, ["serve", "--port", "0", folder.path])
        var lines = try await child.nextOutput()
        while !lines.contains("mf-manifest.json\n") { lines += try await child.nextOutput() }
        let port = try #require(
            lines.split(separator: "\n").first?.split(separator: ":").last.flatMap { Int($0) }, "\(lines)")
        #expect(lines.hasPrefix("serving \(folder.path) at http://127.0.0.1:\(port)\n"))
        #expect(lines.contains("http://127.0.0.1:\(port)/checks/mf-manifest.json"))

        let answer = try await LoopbackClient.get("/checks/mf-manifest.json", port: port)
        #expect(answer.status == 200)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.body == "{}")
        let tag = try #require(answer.header("ETag"))
        let again = try await LoopbackClient.get(
            "/checks/mf-manifest.json", port: port, headers: ["If-None-Match: \(tag)"])
        #expect(again.status == 304)
        #expect(try await LoopbackClient.get("/other", port: port).status == 404)

        child.signal(SIGINT)
        let result = try await child.result()
        #expect(result.code == 130)
        let log = result.errors.split(separator: "\n")
        #expect(log.count == 3, "\(result)")
        #expect(log.first?.contains(" GET /checks/mf-manifest.json 200 2 B ") == true, "\(result)")
        #expect(log.last?.contains(" GET /other 404 ") == true, "\(result)")
    }

    @Test func watchTellsWhatChanges() async throws {
        let folder = try TemporaryFolder()
        let child = try ChildProcess(Places.mflua, ["serve", "--watch", "--port", "0", folder.path])
        let port = try #require(try await child.nextOutput().split(separator: ":").last.flatMap { Int($0.dropLast()) })
        try folder.write("new.lua", "return 1")
        // Whether the change is told at once or was missed by then: the number asks for what came after nothing.
        let request = "GET /.mflua/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 0\r\n\r\n"
        let answer = try await LoopbackClient.exchange(request, port: port, until: "data: new.lua")
        #expect(answer.header("Content-Type") == "text/event-stream")
        #expect(answer.text.contains("event: change"))
        child.signal(SIGTERM)
        #expect(try await child.result().code == 143)
    }

    @Test func missingFolderIsAnError() async throws {
        let result = try await mflua("serve", "/no/such/folder")
        #expect(result.code == 1)
        #expect(result.errors.contains("error: cannot serve `/no/such/folder` [CLI-004]"), "\(result)")
    }

    @Test func takenPortIsAnError() async throws {
        let folder = try TemporaryFolder()
        let first = try ChildProcess(Places.mflua, ["serve", "--port", "0", folder.path])
        let port = try #require(try await first.nextOutput().split(separator: ":").last?.dropLast())
        let result = try await mflua("serve", "--port", String(port), folder.path)
        #expect(result.code == 1)
        #expect(
            result.errors.hasPrefix(
                "error: cannot listen on 127.0.0.1:\(port) [CLI-005]\n  reason: Address already in use\n"), "\(result)")
        first.signal(SIGTERM)
        #expect(try await first.result().code == 143)
    }

    @Test func anAddressOfAnotherMachineIsAnError() async throws {
        let result = try await mflua("serve", "--host", "203.0.113.7", "--port", "0", ".")
        #expect(result.code == 1)
        #expect(result.errors.contains("reason: Cannot assign requested address"), "\(result)")
        #expect(result.errors.contains("hint: give an address of this machine"), "\(result)")
    }

    @Test func portOutOfRangeIsAUsageError() async throws {
        #expect(try await mflua("serve", "--port", "70000", ".").code == 64)
    }
}
