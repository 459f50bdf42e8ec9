import Glibc
import Serving
import TestSupport
import Testing

/// `mflua publish` and `mflua types`.
@Suite(.timeLimit(.minutes(2))) struct PublishTests {
    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        _ = try await mflua("new", "remote", "checks", in: folder)
        _ = try await mflua("build", "checks", in: folder)
    }

    @Test func folderIsPublishedAndTypesAreFound() async throws {
        let planned = try await mflua("publish", "checks/dist", "web/checks", "--dry-run", in: folder)
        #expect(planned.code == 0 && planned.output.hasPrefix("first version: 0.1.0\nwould write 0.1.0-"), "\(planned)")
        #expect(entries(of: folder.path) == ["checks"])
        let result = try await mflua("publish", "checks/dist", "web/checks", in: folder)
        #expect(result.code == 0 && result.output.hasSuffix("published checks 0.1.0\n"), "\(result)")
        let manifest = "file://\(folder.path)/web/checks/mf-manifest.json"
        let types = try await mflua("types", "checks=\(manifest)", "--library", in: folder)
        #expect(types.code == 0, "\(types)")
        #expect(entries(of: folder.path + "/.mflua/types") == ["checks.lua", "mf-remotes.lua", "mf.lua"])
        #expect(try contents(of: folder.path + "/.mflua/types/checks.lua").contains("---@param who string\n"))
        #expect(try await mflua("types", "checks=\(manifest)", "--check", in: folder).code == 0)
        try folder.write(".mflua/types/checks.lua", "")
        #expect(try await mflua("types", "checks=\(manifest)", "--check", in: folder).code == 1)
        let missing = try await mflua("types", "checks=file:///nowhere.json", in: folder)
        #expect(missing.code == 1 && missing.errors.contains("[BUILD-012]"), "\(missing)")
    }

    @Test func serverGetsTheFilesByPut() async throws {
        let files = Locked<[String: [UInt8]]>([:])
        let order = Locked<[String]>([])
        let server = try await HTTPServer.start(limits: ServerLimits()) { request in
            guard request.header("Authorization") == "Bearer secret" else { return .text("who?", status: 401) }
            if request.method == "PUT" {
                files.withLock { $0[request.path] = request.body }
                order.withLock { $0.append(request.path) }
                return .text("", status: 201)
            }
            guard let body = files.withLock({ $0[request.path] }) else { return .text("", status: 404) }
            return .response(status: 200, headers: [], body: body)
        }
        let url = "http://127.0.0.1:\(server.port)/checks"
        let secret = ["MFLUA_PUBLISH_AUTHORIZATION": "Bearer secret"]
        let refused = try await mflua("publish", "checks/dist", url, in: folder)
        #expect(refused.code == 1 && refused.errors.contains("[BUILD-011]"), "\(refused)")
        let result = try await mflua("publish", "checks/dist", url, environment: secret, in: folder)
        #expect(result.code == 0, "\(result)")
        #expect(order.withLock { $0.last } == "/checks/mf-manifest.json")
        try folder.write("checks/src/hello.lua", "return {}")
        _ = try await mflua("build", "checks", in: folder)
        let again = try await mflua("publish", "checks/dist", url, environment: secret, in: folder)
        #expect(
            again.code == 1 && again.errors.contains("version 0.1.0 exists with other contents [BUILD-010]"), "\(again)"
        )
        await server.stop()
    }

    @Test func unknownTargetIsAUsageError() async throws {
        #expect(try await mflua("publish", "checks/dist", "ftp://x/", in: folder).code == 64)
        #expect(try await mflua("publish", "nothing", "web", in: folder).errors.contains("[BUILD-009]"))
    }
}
