import Diagnostics
import EventLoops
import Fetch
import Glibc
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct FileReadingTests {
    private func fetch(
        _ url: String, maxBytes: Int = 1 << 20, files: FileAccess = .any
    ) async throws -> FetchResponse {
        let loop = EventLoop(name: "test")
        defer {
            loop.stop()
            loop.join()
        }
        return try await CurlFetcher(loop: loop).fetch(FetchRequest(url: url, maxBytes: maxBytes, files: files))
    }

    /// Makes a folder with a file `a b.lua` of the given text, and hands its path to a body.
    private func withFile(_ text: String, _ body: (String) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        try folder.write("a b.lua", text)
        try await body(folder.path)
        withExtendedLifetime(folder) {}
    }

    @Test func readsAFile() async throws {
        try await withFile("return 1") { folder in
            let response = try await fetch("file://\(folder)/a%20b.lua")
            #expect(response.text == "return 1")
            #expect(response.status == 200)
            let text = try await fetch("file://localhost\(folder)/a b.lua").text
            #expect(text == "return 1")
        }
    }

    @Test func aFileThatIsNotThereIsAnError() async throws {
        let error = await expectMFError(.fetchFile) { try await fetch("file:///nowhere/x.lua") }
        #expect(error?.message == "cannot read the file `/nowhere/x.lua`: No such file or directory")
    }

    @Test func onlyPlainFilesAreRead() async throws {
        try await withFile("") { folder in
            await expectMFError(.fetchFile) { try await fetch("file://\(folder)") }
            mkfifo(folder + "/pipe", 0o600)
            await expectMFError(.fetchFile) { try await fetch("file://\(folder)/pipe") }
        }
    }

    @Test func theLimitHolds() async throws {
        try await withFile("0123456789") { folder in
            await expectMFError(.fetchTooLarge) { try await fetch("file://\(folder)/a%20b.lua", maxBytes: 9) }
            let body = try await fetch("file://\(folder)/a%20b.lua", maxBytes: 10).body
            #expect(body.count == 10)
        }
    }

    @Test(arguments: ["file://elsewhere/etc/hosts", "file:relative", "file:///a%00b", "file:///%ff"])
    func otherFileURLsAreRefused(url: String) async {
        await expectMFError(.fetchBadURL) { try await fetch(url) }
    }

    @Test func belowAFolderNothingLeadsOut() async throws {
        let folder = try TemporaryFolder()
        let inside = try folder.write("app/inside.lua", "return 1")
        let secret = try folder.write("secret.lua", "return 2")
        let root = String(inside.dropLast("/inside.lua".count))
        symlink(secret, root + "/link.lua")
        symlink("../secret.lua", root + "/relative.lua")
        symlink("..", root + "/up")
        symlink("inside.lua", root + "/alias.lua")
        #expect(try await fetch("file://\(root)/inside.lua", files: .below(root)).text == "return 1")
        #expect(try await fetch("file://\(root)/alias.lua", files: .below(root)).text == "return 1")
        for path in [
            "/link.lua", "/relative.lua", "/up/secret.lua", "/../secret.lua", "/%2e%2e/secret.lua",
            "/x/../../secret.lua",
        ] {
            await #expect(throws: MFError.self, "\(path)") {
                try await fetch("file://\(root)\(path)", files: .below(root))
            }
        }
        await expectMFError(.fetchPolicy) { try await fetch("file://\(secret)", files: .below(root)) }
        await expectMFError(.fetchPolicy) { try await fetch("file://\(secret)", files: .none) }
    }
}
