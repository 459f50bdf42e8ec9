import Logging
import Serving
import TestSupport
import Testing

/// The README's code, run as it stands there. A comment before a block says what it is: `file: path`, `run: name`,
/// `output: name` or `swift: file`.
@Suite(.timeLimit(.minutes(2))) struct ReadmeTests {
    /// A marked block.
    private struct Block {
        let kind: String
        let name: String
        let text: String
    }

    private static func blocks() throws -> [Block] {
        var blocks: [Block] = []
        var mark: (kind: String, name: String)?
        var lines: [Substring]?
        let readme = try contents(of: Places.root + "/README.md")
        for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
            if let collected = lines {
                if line == "```" {
                    if let mark {
                        let text = collected.joined(separator: "\n") + "\n"
                        blocks.append(Block(kind: mark.kind, name: mark.name, text: text))
                    }
                    (mark, lines) = (nil, nil)
                } else {
                    lines?.append(line)
                }
            } else if line.hasPrefix("```") {
                lines = []
            } else if line.hasPrefix("<!-- "), line.hasSuffix(" -->") {
                let words = line.dropFirst(5).dropLast(4).split(separator: ":", maxSplits: 1)
                mark = (String(words[0]), String(words[1].drop { $0 == " " }))
            }
        }
        return blocks
    }

    /// The README's files in a folder, its server in place of port 3006.
    private func withFiles(_ body: (TemporaryFolder, HTTPServer) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let own = StaticFiles(root: folder.path + "/remotes", logger: silent)
        let shipped = StaticFiles(root: Places.root + "/Fixtures/remotes", logger: silent)
        let server = try await HTTPServer.start { request in
            request.path.hasPrefix("/checks/") ? own.reply(to: request) : shipped.reply(to: request)
        }
        for block in try Self.blocks() where block.kind == "file" {
            try folder.write(block.name, block.text.replacing(":3006", with: ":\(server.port)"))
        }
        try await body(folder, server)
        await server.stop()
    }

    @Test func firstPluginHearsOfTheRequest() async throws {
        try await withFiles { folder, _ in
            let result = try await mflua("first.lua", in: folder)
            #expect(result.code == 0, "\(result)")
            #expect(result.output.hasPrefix("somebody wants disk/usage\n"), "\(result)")
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
        let result = try await mflua("-", input: code.text)
        #expect(result.output == expected.text, "\(result)")
        #expect(result.code == 0)
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
