import Serving
import TestSupport
import Testing

/// The README's code, run as it is printed there; see ``MarkedBlock``.
@Suite(.timeLimit(.minutes(2))) struct ReadmeTests {
    private static func blocks() throws -> [MarkedBlock] { try markedBlocks(of: Places.root + "/README.md") }

    private func withFiles(_ body: (TemporaryFolder, HTTPServer) async throws -> Void) async throws {
        try await CommandTests.withFiles(of: Self.blocks(), body)
    }

    @Test func firstPluginHearsOfTheRequest() async throws {
        try await withFiles { folder, _ in
            let result = try await mflua("first.lua", in: folder)
            #expect(result.code == 0, "\(result)")
            #expect(result.output.hasPrefix("request: disk/usage\n"), "\(result)")
            #expect(result.output.contains(" % full\n"), "\(result)")
        }
    }

    @Test func tourLoadsSharesAndFallsBack() async throws {
        try await withFiles { folder, _ in
            let result = try await mflua("host.lua", in: folder)
            #expect(result.code == 0, "\(result)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.first == "loaded checks/disk", "\(result)")
            #expect(lines.count == 3 && Int(lines[1]) != nil && lines[2] == "-1", "\(result)")
            #expect(result.errors.contains(" afterResolve "), "\(result)")
        }
    }

    @Test(arguments: try blocks().filter { $0.kind == "run" }.map(\.name))
    func pieceGivesWhatItSays(name: String) async throws {
        let blocks = try Self.blocks()
        let code = try #require(blocks.first { $0.kind == "run" && $0.name == name })
        let expected = try #require(blocks.first { $0.kind == "output" && $0.name == name })
        try await withFiles { folder, server in
            let result = try await mflua(
                "-", input: code.text.replacing(":3006", with: ":\(server.port)"),
                environment: ["MFLUA_STATE": folder.path + "/state"], in: folder)
            #expect(result.output == expected.text, "\(result)")
            #expect(result.code == 0)
        }
    }

    @Test func swiftBlockIsTheFileThatIsCompiled() async throws {
        for block in try Self.blocks() where block.kind == "swift" {
            #expect(try contents(of: Places.root + "/Tests/CommandTests/" + block.name) == block.text)
        }
    }

    @Test func swiftBlockRuns() async throws {
        try await withFiles { _, server in
            let usage = try await diskUsage(manifest: server.baseURL + "/checks/mf-manifest.json")
            #expect((0...100).contains(try #require(usage)))
        }
    }
}
