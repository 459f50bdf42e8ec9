import EventLoop
import Glibc
import HotReload
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FolderWatcherTests {
    @Test func tellsWhatIsWrittenBelowTheFolderAndInNewFoldersOfIt() async throws {
        let folder = try await WatchedFolder(watching: []) { $0.makeFolder("disk") }
        let (reports, continuation) = AsyncStream<[String]>.makeStream()
        let watcher = try await folder.loop.perform {
            try FolderWatcher(root: folder.path, loop: folder.loop) { continuation.yield($0) }
        }
        var iterator = reports.makeAsyncIterator()
        try await folder.atOnce { folder in
            folder.write("disk/remoteEntry.lua", "one")
            folder.write("mf-manifest.json", "{}")
        }
        #expect(await iterator.next() == ["disk/remoteEntry.lua", "mf-manifest.json"])
        try await folder.atOnce { folder in
            folder.makeFolder("logs")
            folder.makeFolder("logs/deep")
            folder.write("logs/deep/a.lua", "one")
        }
        #expect(await iterator.next() == ["logs/deep/a.lua"])
        folder.write("logs/deep/a.lua", "two")
        #expect(await iterator.next() == ["logs/deep/a.lua"])
        folder.delete("disk/remoteEntry.lua")
        #expect(await iterator.next() == ["disk/remoteEntry.lua"])
        try await folder.loop.perform { watcher.close() }
        try await folder.tearDown()
    }

    @Test func halfWrittenFileIsWaitedFor() async throws {
        let folder = try await WatchedFolder(watching: []) { $0.write("a.lua", "return 1") }
        let watcher = try await folder.loop.perform { try FolderWatcher(root: folder.path, loop: folder.loop) { _ in } }
        let file = folder.openFile("a.lua", flags: O_WRONLY | O_TRUNC)
        let (reads, continuation) = AsyncStream<String>.makeStream()
        async let read = watcher.whenWhole("a.lua", patience: .seconds(60)) {
            let text = (try? contents(of: folder.at("a.lua"))) ?? ""
            continuation.yield(text)
            return text
        }
        var iterator = reads.makeAsyncIterator()
        #expect(await iterator.next() == "")
        folder.append("return 2", to: file)
        close(file)
        #expect(try await read == "return 2")
        // A writer that never ends is not waited for without end.
        let again = folder.openFile("a.lua", flags: O_WRONLY | O_TRUNC)
        let text = try await watcher.whenWhole("a.lua", patience: .zero) {
            (try? contents(of: folder.at("a.lua"))) ?? "-"
        }
        #expect(text == "")
        close(again)
        try await folder.loop.perform { watcher.close() }
        try await folder.tearDown()
    }
}
