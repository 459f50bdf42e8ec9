import EventLoops
import Glibc
import HotReload
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FileWatcherTests {
    @Test func writingInPlaceIsOneChange() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        folder.write("a.lua", "two")
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.tearDown()
    }

    @Test func whatNobodyTellsIsFoundByLooking() async throws {
        var patience = FileWatcher.Patience()
        patience.poll = .milliseconds(5)
        let folder = try await WatchedFolder(watching: ["a.lua"], patience: patience) { $0.write("a.lua", "return 1") }
        // Bytes that are written through memory are no event.
        let file = folder.openFile("a.lua", flags: O_RDWR)
        let bytes = try #require(mmap(nil, 8, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0))
        close(file)
        bytes.storeBytes(of: UInt8(ascii: "2"), toByteOffset: 7, as: UInt8.self)
        msync(bytes, 8, MS_SYNC)
        munmap(bytes, 8)
        #expect(await folder.next() == ["a.lua": .changed])
        // Neither is the end of what nobody has opened.
        truncate(folder.at("a.lua"), 6)
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.tearDown()
    }

    @Test func renamingOverIsOneChange() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        folder.write(".a.lua.tmp", "two")
        folder.move(".a.lua.tmp", to: "a.lua")
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.tearDown()
    }

    @Test func editorsBackupDanceIsOneChange() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        folder.move("a.lua", to: "a.lua~")
        folder.write("a.lua", "two")
        folder.delete("a.lua~")
        #expect(await folder.next() == ["a.lua": .changed])
        #expect(try await folder.beforeSentinel() == [:])
        try await folder.tearDown()
    }

    @Test func halfWrittenFileIsNotReported() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "return 1") }
        let file = folder.openFile("a.lua", flags: O_WRONLY | O_TRUNC)
        #expect(try await folder.beforeSentinel() == [:])
        folder.append("retu", to: file)
        #expect(try await folder.beforeSentinel() == [:])
        folder.append("rn 2", to: file)
        close(file)
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.tearDown()
    }

    /// Emptied by its next writer already, although nothing tells so yet: then, too, somebody has it open.
    @Test func fileThatAnotherHasOpenForWritingIsNotReported() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "return 1") }
        let file = folder.openFile("a.lua", flags: O_WRONLY)
        folder.write("a.lua", "")
        #expect(try await folder.beforeSentinel() == [:])
        #expect(try await folder.withWatcher { $0.isBeingWritten(folder.at("a.lua")) })
        folder.append("return 2", to: file)
        close(file)
        #expect(await folder.next() == ["a.lua": .changed])
        #expect(try await folder.withWatcher { !$0.isBeingWritten(folder.at("a.lua")) })
        try await folder.tearDown()
    }

    @Test func newFileIsReportedWhenItsWriterHasClosedIt() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"])
        let file = folder.openFile("a.lua", flags: O_WRONLY | O_CREAT)
        #expect(try await folder.beforeSentinel() == [:])
        folder.append("return 1", to: file)
        #expect(try await folder.beforeSentinel() == [:])
        close(file)
        #expect(await folder.next() == ["a.lua": .appeared])
        try await folder.tearDown()
    }

    @Test func linkedFileAppearsWithoutAWriter() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("other", "whole") }
        try await folder.atOnce { folder in
            link(folder.at("other"), folder.at("a.lua"))
            folder.delete("other")
        }
        #expect(await folder.next() == ["a.lua": .appeared])
        try await folder.tearDown()
    }

    @Test func touchingWithoutChangeIsNoEvent() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        utimes(folder.at("a.lua"), nil)
        chmod(folder.at("a.lua"), 0o600)
        folder.write("a.lua", "one")
        folder.write("b.lua", "one")
        folder.move("b.lua", to: "a.lua")
        #expect(try await folder.beforeSentinel() == [:])
        try await folder.tearDown()
    }

    @Test func configMapSwapIsAChange() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { folder in
            folder.makeFolder("..1")
            folder.write("..1/a.lua", "one")
            folder.link("..data", to: "..1")
            folder.link("a.lua", to: "..data/a.lua")
        }
        for turn in 2...4 {
            folder.makeFolder("..\(turn)")
            folder.write("..\(turn)/a.lua", "turn \(turn)")
            folder.link("..data_tmp", to: "..\(turn)")
            folder.move("..data_tmp", to: "..data")
            folder.delete("..\(turn - 1)/a.lua")
            rmdir(folder.at("..\(turn - 1)"))
            #expect(await folder.next() == ["a.lua": .changed])
        }
        folder.write("..4/a.lua", "in place, below the links")
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.tearDown()
    }

    @Test func replacedDirectoryIsAChange() async throws {
        let folder = try await WatchedFolder(watching: ["sub/deep/a.lua"]) { folder in
            folder.makeFolder("sub")
            folder.makeFolder("sub/deep")
            folder.write("sub/deep/a.lua", "one")
            folder.makeFolder("new")
            folder.makeFolder("new/deep")
            folder.write("new/deep/a.lua", "two")
        }
        try await folder.atOnce { folder in
            folder.move("sub", to: "old")
            folder.move("new", to: "sub")
        }
        #expect(await folder.next() == ["sub/deep/a.lua": .changed])
        folder.write("old/deep/a.lua", "the old directory is of no interest")
        #expect(try await folder.beforeSentinel() == [:])
        folder.write("sub/deep/a.lua", "three")
        #expect(await folder.next() == ["sub/deep/a.lua": .changed])
        try await folder.tearDown()
    }

    @Test func deletedFileIsReportedAndAwaited() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        folder.delete("a.lua")
        #expect(await folder.next() == ["a.lua": .deleted])
        folder.write("a.lua", "one")
        #expect(await folder.next() == ["a.lua": .appeared])
        try await folder.tearDown()
    }

    @Test func fileOfAMissingDirectoryIsAwaited() async throws {
        let folder = try await WatchedFolder(watching: ["sub/deep/a.lua"])
        folder.makeFolder("sub")
        folder.makeFolder("sub/deep")
        folder.write("sub/deep/a.lua", "one")
        #expect(await folder.next() == ["sub/deep/a.lua": .appeared])
        try await folder.tearDown()
    }

    @Test func burstIsOneReport() async throws {
        let names = (1...20).map { "\($0).lua" }
        let folder = try await WatchedFolder(watching: names) { folder in
            for name in names { folder.write(name, "one") }
        }
        try await folder.atOnce { folder in
            for turn in 1...50 {
                for name in names { folder.write(name, "turn \(turn)") }
            }
        }
        #expect(await folder.next().count == names.count)
        #expect(try await folder.beforeSentinel() == [:])
        try await folder.tearDown()
    }

    @Test func lostEventsAreMadeUpFor() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua", "b.lua"]) { folder in
            folder.write("a.lua", "one")
            folder.write("b.lua", "one")
        }
        try await folder.atOnce { folder in
            // Events alternate between names, as the kernel folds equal neighbours into one.
            for _ in 0..<10000 {
                folder.write("noise", "")
                folder.delete("noise")
            }
            folder.write("a.lua", "two")
        }
        #expect(await folder.next() == ["a.lua": .changed])
        folder.write("b.lua", "two")
        #expect(await folder.next() == ["b.lua": .changed])
        try await folder.tearDown()
    }

    @Test func addingTwiceNeedsRemovingTwice() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { $0.write("a.lua", "one") }
        let path = folder.at("a.lua")
        try await folder.withWatcher { watcher in
            try watcher.add(path)
            watcher.remove(path)
        }
        folder.write("a.lua", "two")
        #expect(await folder.next() == ["a.lua": .changed])
        try await folder.withWatcher { $0.remove(path) }
        folder.write("a.lua", "three")
        #expect(try await folder.beforeSentinel() == [:])
        try await folder.tearDown()
    }

    @Test func closingGivesDescriptorsBack() async throws {
        let loop = EventLoop(name: "descriptors")
        try await loop.perform {
            // The system allows a user 128 descriptors of this kind, unless told otherwise.
            for _ in 0..<1000 {
                let watcher = try FileWatcher(loop: loop) { _ in }
                try watcher.add("/tmp/never-there/a.lua")
                watcher.close()
                watcher.close()
            }
        }
        loop.stop()
        loop.join()
    }

    @Test func circularLinksAreAMissingFile() async throws {
        let folder = try await WatchedFolder(watching: ["a.lua"]) { folder in
            folder.link("a.lua", to: "b.lua")
            folder.link("b.lua", to: "a.lua")
        }
        #expect(try await folder.beforeSentinel() == [:])
        folder.write("c.lua", "one")
        folder.move("c.lua", to: "b.lua")
        #expect(await folder.next() == ["a.lua": .appeared])
        try await folder.tearDown()
    }
}
