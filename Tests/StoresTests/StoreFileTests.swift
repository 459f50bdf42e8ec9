import Diagnostics
import Posix
import Stores
import Synchronization
import TestSupport
import Testing

/// One store in one process.
@Suite struct StoreFileTests {
    @Test func whatWasSetIsThereInTheNextProcess() throws {
        let test = try TestStore()
        do {
            let store = test.open()
            try store.set("a", "1")
            try store.set("b", "2")
            try store.set("a", "3")
            try store.delete("b")
        }
        #expect(try test.open().everything() == ["a": "3"])
    }

    @Test func readingMakesNoFolder() throws {
        let test = try TestStore()
        #expect(try test.open().everything() == [:])
        #expect(entries(of: test.folder.path) == [])
    }

    @Test func folderAndFilesAreClosedToOthers() throws {
        let test = try TestStore()
        try test.open().set("a", "1")
        for name in ["plugins", "plugins/h"] { #expect(try mode(of: test.folder.path + "/" + name) == 0o700) }
        #expect(try mode(of: test.log) == 0o600)
    }

    @Test func aTimeToLiveEndsAlsoInTheNextProcess() throws {
        let test = try TestStore()
        let store = test.open()
        try store.set("a", "1", .after(.seconds(1)))
        try store.set("a2", "1", .after(.seconds(1)))
        try store.set("a2", "2", .unchanged)
        try store.set("b", "1", .after(.seconds(1)))
        try store.set("b", "2", .never)
        test.time.withLock { $0 += 999 }
        #expect(try store.everything() == ["a": "1", "a2": "2", "b": "2"])
        test.time.withLock { $0 += 1 }
        #expect(try store.everything() == ["b": "2"])
        #expect(try test.open().everything() == ["b": "2"])
    }

    @Test func keysAreSortedByTheirBytesAndToldApartByThem() throws {
        let store = try TestStore().open()
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        for key in ["b", composed, "a/2", decomposed, "a/1", "B"] { try store.set(key, "\"\(key.utf8.count)\"") }
        let keys = try store.keys(prefix: []).map { String(decoding: $0, as: UTF8.self) }
        #expect(keys.map { Array($0.utf8) } == ["B", "a/1", "a/2", "b", decomposed, composed].map { Array($0.utf8) })
        #expect(try store.get(composed) == "\"2\"")
        #expect(try store.keys(prefix: Array("a/".utf8)).count == 2)
    }

    @Test func theQuotaIsExact() throws {
        let cost = StoreContents.overhead
        let test = try TestStore(quota: 2 * (1 + 10 + cost))
        let store = test.open()
        let ten = String(repeating: "1", count: 10)
        try store.set("a", ten)
        try store.set("b", ten)
        let before = try test.bytes
        expectMFError(.storeFull) { try store.set("b", ten + "1") }
        expectMFError(.storeFull) { try store.set("c", "1") }
        #expect(try store.everything() == ["a": ten, "b": ten])
        #expect(try test.bytes == before)
        try store.set("b", "1")
        try store.set("b", ten)
        try store.delete("a")
        try store.set("c", ten)
    }

    @Test func whatHasExpiredMakesRoom() throws {
        let test = try TestStore(quota: 1 + 10 + StoreContents.overhead)
        let store = test.open()
        let ten = String(repeating: "1", count: 10)
        try store.set("a", ten, .after(.seconds(1)))
        expectMFError(.storeFull) { try store.set("b", ten) }
        test.time.withLock { $0 += 1_000 }
        try store.set("b", ten)
        #expect(try test.open().everything() == ["b": ten])
    }

    @Test func aWriteThatExpectsAnotherValueIsNotDone() throws {
        let store = try TestStore().open()
        #expect(try store.write(StoreWrite([65], [49], expected: 0)) == .written(hadValue: false))
        #expect(try store.write(StoreWrite([65], [50], expected: 0)) == .changedMeanwhile)
        let revision = try store.entry([65])?.revision ?? 0
        try store.set("other", "1")
        #expect(try store.write(StoreWrite([65], [50], expected: revision)) == .written(hadValue: true))
        #expect(try store.write(StoreWrite([65], nil, expected: revision)) == .changedMeanwhile)
        #expect(try store.get("A") == "2")
    }

    @Test func aLogThatHasGrownLongIsWrittenAnew() async throws {
        let test = try TestStore()
        let store = test.open()
        let value = String(repeating: "7", count: 1_000)
        for index in 0..<300 { try store.set("k\(index % 3)", value) }
        try await store.synchronize()
        // The round after the one that was waited for has it, at the latest.
        try await store.synchronize()
        #expect(try test.bytes.count < 80_000)
        try store.set("after", "1")
        #expect(try test.open().everything().count == 4)
    }

    @Test func aLogNeverOutgrowsItsBounds() throws {
        let test = try TestStore()
        let store = test.open(in: StoreRegistry(interval: .seconds(3_600)))
        let value = String(repeating: "7", count: 1_000_000)
        try store.set("first", "1")
        for _ in 0..<30 {
            try store.set("k", value)
            #expect(try test.bytes.count < 11 << 20)
        }
        #expect(try test.open().get("k") == value)
    }

    @Test func aLogThatSomebodyDeletesComesBack() async throws {
        let test = try TestStore()
        let store = test.open()
        try store.set("a", "1")
        try test.folder.delete("plugins/h/plugin.p.log")
        try store.set("b", "2")
        try await store.synchronize()
        #expect(try test.open().everything() == ["a": "1", "b": "2"])
    }

    @Test func storesDoNotSeeEachOther() throws {
        let test = try TestStore()
        let process = test.process()
        let identities = [
            StoreIdentity(host: "h", plugin: "p"), StoreIdentity(host: "H", plugin: "p"),
            StoreIdentity(host: "h", plugin: "P"), StoreIdentity(host: "h", script: "p"),
            StoreIdentity(host: "h", tenant: "p", plugin: "p"), StoreIdentity(host: "h", tenant: "a.b", plugin: "c"),
            StoreIdentity(host: "h", tenant: "a", plugin: "b.c"), StoreIdentity(host: "", plugin: ""),
            StoreIdentity(host: "..", plugin: "../../p"), StoreIdentity(host: "/", plugin: "/etc/passwd"),
            StoreIdentity(host: "h\0", plugin: "p\0q"), StoreIdentity(host: "\u{e9}", plugin: "p"),
            StoreIdentity(host: "e\u{301}", plugin: "p"), StoreIdentity(host: "=", plugin: "~"),
            StoreIdentity(host: "h", plugin: String(repeating: "x", count: 5_000)),
            StoreIdentity(host: "h", plugin: String(repeating: "x", count: 5_001)),
            StoreIdentity(host: String(repeating: "\n", count: 4_000), plugin: "p"),
        ]
        for (index, identity) in identities.enumerated() { try test.open(in: process, identity).set("k", "\(index)") }
        for (index, identity) in identities.enumerated() {
            #expect(try test.open(identity).everything() == ["k": "\(index)"], "\(identity)")
        }
        // Nothing is elsewhere, and no name is one that a file system could take for another.
        #expect(entries(of: test.folder.path) == ["plugins"])
        for folder in entries(of: test.folder.path + "/plugins") {
            for name in [folder] + entries(of: test.folder.path + "/plugins/" + folder) {
                #expect(name == name.lowercased() && name.utf8.count < 255 && !name.hasPrefix("."), "\(name)")
            }
        }
    }

    @Test func twoOpeningsInOneProcessAreOneStore() throws {
        let test = try TestStore()
        let process = test.process()
        let (one, other) = (test.open(in: process), test.open(in: process))
        try one.set("a", "1")
        #expect(try other.get("a") == "1")
        try other.set("a", "2")
        #expect(try one.get("a") == "2")
    }

    @Test func threadsUpdateOneAfterAnother() async throws {
        let test = try TestStore()
        let process = test.process()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                let store = test.open(in: process)
                group.addTask {
                    for _ in 0..<200 {
                        while true {
                            let old = try? store.entry([110])
                            let number = old.flatMap { Int(String(decoding: $0.json, as: UTF8.self)) } ?? 0
                            let write = StoreWrite([110], Array("\(number + 1)".utf8), expected: old?.revision ?? 0)
                            if (try? store.write(write)) != .changedMeanwhile { break }
                        }
                    }
                }
            }
        }
        #expect(try test.open().get("n") == "1600")
    }
}
