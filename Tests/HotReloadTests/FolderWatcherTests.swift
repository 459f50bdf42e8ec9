import EventLoop
import Glibc
import HotReload
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
}
