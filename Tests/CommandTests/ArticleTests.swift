import MFLua
import Serving
import TestSupport
import Testing

/// The code of the articles, run as it is printed there.
@Suite(.timeLimit(.minutes(2))) struct ArticleTests {
    private static let folder = Places.root + "/Sources/MFLua/MFLua.docc/"
    private static let articles = entries(of: folder).filter { $0.hasSuffix(".md") }.sorted()

    private static let runs: [(article: String, name: String)] = articles.flatMap { article in
        ((try? markedBlocks(of: folder + article)) ?? []).filter { $0.kind == "run" }.map { (article, $0.name) }
    }

    @Test func everyArticleIsFound() {
        #expect(Self.articles.count >= 5)
        #expect(Self.runs.count >= 3)
    }

    @Test(arguments: articles) func everyBlockOfCodeIsChecked(article: String) throws {
        for block in try markedBlocks(of: Self.folder + article) where block.kind.isEmpty {
            #expect(block.language != "lua" && block.language != "swift", "\(article): \(block.text)")
        }
    }

    @Test(arguments: articles) func swiftBlocksAreCompiled(article: String) throws {
        let compiled = Self.unindented(try contents(of: Places.root + "/Tests/CommandTests/Articles.swift"))
        for block in try markedBlocks(of: Self.folder + article) where block.kind == "swift" {
            #expect(compiled.contains(Self.unindented(block.text)), "\(article): \(block.text)")
        }
    }

    private static func unindented(_ text: String) -> String {
        text.split(separator: "\n").map { String($0.drop { $0 == " " }) }.joined(separator: "\n") + "\n"
    }

    @Test(arguments: runs) func luaBlockPrintsWhatTheArticleSays(article: String, name: String) async throws {
        let blocks = try markedBlocks(of: Self.folder + article)
        let code = try #require(blocks.first { $0.kind == "run" && $0.name == name })
        let expected = try #require(blocks.first { $0.kind == "output" && $0.name == name })
        try await withRemotes(and: blocks) { folder, server in
            try folder.write("host.lua", code.text.replacing(":3006", with: ":\(server.port)"))
            let result = try await mflua(
                "host.lua", environment: ["MFLUA_STATE": folder.path + "/state"], in: folder)
            #expect(result.output == expected.text, "\(result)")
            #expect(result.code == 0)
        }
    }

    @Test func swiftExamplesRun() async throws {
        try await withRemotes(and: []) { _, server in
            let manifest = server.baseURL + "/checks/mf-manifest.json"
            #expect(try await embed(manifest: manifest) == 42)
            let runtime = try Runtime()
            let host = try await runtime.createHost(
                HostOptions(name: "platform", remotes: [Remote(name: "checks", entry: manifest)]))
            try await attach(source: "return { name = 'audit-plugin' }", to: host)
            try await redirect(on: host)
            _ = try await host.loadRemote("old/disk")
            await runtime.shutdown()
            try await watch()
        }
    }

    /// With a small remote that the articles' hosts load from.
    private func withRemotes(
        and blocks: [MarkedBlock], _ body: (TemporaryFolder, HTTPServer) async throws -> Void
    ) async throws {
        let manifest = try markedBlocks(of: Places.root + "/README.md").filter { $0.name.hasSuffix("mf-manifest.json") }
        let files = ["remoteEntry": Self.entry, "disk": "return { usage = function() return 42 end }"].map {
            MarkedBlock(kind: "file", name: "remotes/checks/\($0.key).lua", language: "lua", text: $0.value)
        }
        try await withFiles(of: manifest + files + blocks, body)
    }

    private static let entry = """
        local exposes = { ["./disk"] = function() return require("disk") end }
        return { init = function() end, get = function(expose) return exposes[expose] end }
        """
}
