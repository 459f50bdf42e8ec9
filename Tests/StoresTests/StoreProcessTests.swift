import Diagnostics
import Stores
import TestSupport
import Testing

/// Several processes, whose locks exclude each other, with one folder.
@Suite struct StoreProcessTests {
    @Test func oneProcessWritesAndOthersReadWhatItWrites() throws {
        let test = try TestStore()
        let (writer, reader) = (test.open(), test.open())
        #expect(try reader.everything() == [:])
        try writer.set("a", "1")
        #expect(try reader.everything() == ["a": "1"])
        let error = expectMFError(.storeLocked) { try reader.set("a", "2") }
        #expect(error?["process"] != nil)
        expectMFError(.storeLocked) { try reader.delete("a") }
        try writer.set("b", "2")
        try writer.delete("a")
        #expect(try reader.everything() == ["b": "2"])
    }

    @Test func aReaderFollowsALogThatIsReplaced() async throws {
        let test = try TestStore()
        let (writer, reader) = (test.open(), test.open())
        try writer.set("a", "1")
        #expect(try reader.get("a") == "1")
        let copy = try writer.copy()
        _ = try copy.write(StoreWrite([97], [50]))
        #expect(try writer.replace(by: copy))
        #expect(try reader.get("a") == "2")
        try writer.set("a", "3")
        #expect(try reader.get("a") == "3")
    }

    @Test func whenTheWriterIsGoneAnotherProcessWrites() throws {
        let test = try TestStore()
        let reader = test.open()
        let process = test.process()
        do {
            let writer = test.open(in: process)
            try writer.set("a", "1")
            expectMFError(.storeLocked) { try reader.set("b", "2") }
        }
        // What waits to be written through keeps the store open.
        process.flush()
        try reader.set("b", "2")
        #expect(try test.open().everything() == ["a": "1", "b": "2"])
    }

    @Test func theLockIsOfTheHostAndNotOfOneStore() throws {
        let test = try TestStore()
        let (one, other) = (test.process(), test.process())
        let held = test.open(in: one)
        try held.set("a", "1")
        expectMFError(.storeLocked) { try test.open(in: other, StoreIdentity(host: "h", plugin: "q")).set("a", "1") }
        try test.open(in: other, StoreIdentity(host: "i", plugin: "p")).set("a", "1")
        _ = held
    }

    @Test func aCopyCountsWhollyOrNotAtAll() throws {
        let test = try TestStore()
        let store = test.open()
        try store.set("a", "1")
        let copy = try store.copy()
        copy.version = 2
        _ = try copy.write(StoreWrite([97], [50]))
        #expect(try store.get("a") == "1")
        try store.set("b", "1")
        #expect(try !store.replace(by: copy))
        #expect(try store.everything() == ["a": "1", "b": "1"])
        let again = try store.copy()
        again.version = 2
        #expect(try store.replace(by: again))
        // Whoever still writes for the version before is told.
        expectMFError(.storeVersion) { try store.set("a", "3") }
        store.note(version: 2)
        try store.set("a", "3")
        #expect(try test.open().copy().version == 2)
    }

    @Test func aVersionIsNotedWithTheFirstValue() throws {
        let test = try TestStore()
        let store = test.open()
        store.note(version: 3)
        #expect(entries(of: test.folder.path) == [])
        try store.set("a", "1")
        #expect(try test.open().copy().version == 3)
    }
}
