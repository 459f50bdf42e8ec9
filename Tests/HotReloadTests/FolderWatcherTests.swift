import EventLoops
import Glibc
import HotReload
import Synchronization
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
        // A writer is known before a first event tells of him: that of the emptied file comes after the file is empty.
        for flags in [O_WRONLY | O_TRUNC, O_WRONLY] {
            let file = folder.openFile("a.lua", flags: flags)
            let reads = Atomic(0)
            async let read = watcher.whenWhole("a.lua", patience: .seconds(60)) {
                reads.add(1, ordering: .relaxed)
                return (try? contents(of: folder.at("a.lua"))) ?? ""
            }
            for _ in 1...100 { try await folder.loop.perform {} }
            folder.append("return 2", to: file)
            close(file)
            #expect(try await read == "return 2")
            #expect(reads.load(ordering: .relaxed) == 1)
        }
        // A writer who never ends is not waited for without end; one who only has the file open has broken nothing.
        for flags in [O_WRONLY | O_TRUNC, O_WRONLY] {
            folder.write("a.lua", "return 3")
            let file = folder.openFile("a.lua", flags: flags)
            let text = try await watcher.whenWhole("a.lua", patience: .zero) {
                (try? contents(of: folder.at("a.lua"))) ?? "-"
            }
            #expect(text == (flags == O_WRONLY ? "return 3" : nil))
            close(file)
        }
        try await folder.loop.perform { watcher.close() }
        try await folder.tearDown()
    }
}
