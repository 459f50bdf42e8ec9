import Diagnostics
import Posix
import Stores
import Synchronization
import TestSupport
import Testing

/// What a power failure, another program, or an older or newer mflua may leave behind.
@Suite struct StoreDamageTests {
    /// A log of random changes: the state after each, and how long the log was then.
    private func history(seed: UInt64, changes: Int) throws -> (bytes: [UInt8], states: [(end: Int, [String: String])])
    {
        let test = try TestStore()
        let store = test.open()
        var random = SeededGenerator(seed: seed)
        var model: [String: String] = [:]
        var states: [(Int, [String: String])] = []
        for index in 0..<changes {
            let key = "k\(Int.random(in: 0..<5, using: &random))"
            if index > 0, Int.random(in: 0..<4, using: &random) == 0 {
                try store.delete(key)
                model[key] = nil
            } else {
                let value = "\"\(index)\(String(repeating: "v", count: .random(in: 0..<9, using: &random)))\""
                try store.set(key, value)
                model[key] = value
            }
            states.append((try test.bytes.count, model))
        }
        return (try test.bytes, states)
    }

    /// The state that was the last one to be on the disk with so many bytes.
    private func state(_ states: [(end: Int, [String: String])], at length: Int) -> [String: String] {
        states.last { $0.end <= length }?.1 ?? [:]
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func aLogThatEndsAnywhereIsAsItWasBefore(seed: UInt64) throws {
        let (bytes, states) = try history(seed: seed, changes: 10)
        for length in 0...bytes.count {
            let test = try TestStore()
            try test.open().set("old", "1")
            try test.replaceLog(by: Array(bytes[..<length]))
            let expected = state(states, at: length)
            // Whoever only reads does not mend it, whoever writes does, and nothing of it comes back.
            #expect(try test.open().everything() == expected, "\(length)")
            try test.open().set("new", "2")
            #expect(try test.open().everything() == expected.merging(["new": "2"]) { $1 }, "\(length)")
        }
    }

    enum Tail: CaseIterable { case zeros, noise, otherRecords }

    @Test(arguments: Tail.allCases) func whatIsNotWholeAtTheEndIsDroppedKeptAsideAndReported(tail: Tail) throws {
        var random = SeededGenerator(seed: 9)
        let (bytes, states) = try history(seed: 5, changes: 12)
        for (end, expected) in states {
            let rest = bytes[end...]
            // What the disk has of the blocks behind what was written through may be anything.
            let torn: [UInt8] =
                switch tail {
                case .zeros: [UInt8](repeating: 0, count: 200)
                case .noise: (0..<200).map { _ in .random(in: 0...255, using: &random) }
                case .otherRecords: Array(bytes[end...].dropFirst(1)) + [1]
                }
            let test = try TestStore()
            try test.open().set("old", "1")
            try test.replaceLog(by: Array(bytes[..<end]) + torn)
            #expect(try test.open().everything() == expected, "\(rest.count)")
            #expect(test.reports.withLock { $0 } == [])
            try test.open().set("new", "2")
            #expect(try test.open().everything() == expected.merging(["new": "2"]) { $1 })
            #expect(test.reports.withLock { $0.count } == 1)
            if tail != .zeros { #expect(try File.read(test.log + ".torn") == torn) }
        }
    }

    @Test func aBitThatHasFlippedLosesWhatFollowsAndKeepsItAside() throws {
        let (bytes, states) = try history(seed: 7, changes: 10)
        for index in stride(from: 8, to: bytes.count, by: 7) {
            var damaged = bytes
            damaged[index] ^= 0x10
            let test = try TestStore()
            try test.open().set("old", "1")
            try test.replaceLog(by: damaged)
            let expected = state(states, at: index)
            #expect(try test.open().everything() == expected, "\(index)")
            try test.open().set("new", "2")
            #expect(try test.open().everything() == expected.merging(["new": "2"]) { $1 }, "\(index)")
            #expect(try File.read(test.log + ".torn").last == damaged.last, "\(index)")
        }
    }

    /// A log is replaced by a new one that is whole: whatever is left of one that was not does not count.
    @Test func aNewLogThatWasNotFinishedDoesNotCount() throws {
        let (bytes, _) = try history(seed: 3, changes: 6)
        for length in stride(from: 0, through: bytes.count, by: 17) {
            let test = try TestStore()
            try test.open().set("a", "1")
            let old = try test.bytes
            try test.folder.write("plugins/h/plugin.p.log.new", "")
            try test.replaceLog(by: Array(bytes[..<length]))
            try test.folder.move("plugins/h/plugin.p.log", over: "plugins/h/plugin.p.log.new")
            try test.folder.write("plugins/h/plugin.p.log", "", mode: 0o600)
            try test.replaceLog(by: old)
            #expect(try test.open().everything() == ["a": "1"])
            let store = test.open()
            let copy = try store.copy()
            _ = try copy.write(StoreWrite([98], [50]))
            #expect(try store.replace(by: copy))
            #expect(try test.open().everything() == ["a": "1", "b": "2"])
        }
    }

    @Test func theLogOfALaterMfluaIsLeftAlone() throws {
        let test = try TestStore()
        try test.open().set("a", "1")
        var bytes = try test.bytes
        bytes[7] += 1
        try test.replaceLog(by: bytes)
        expectMFError(.storeDamaged) { try test.open().everything() }
        expectMFError(.storeDamaged) { try test.open().set("a", "2") }
        #expect(try test.bytes == bytes)
    }

    @Test func theLogOfAnotherStoreIsLeftAlone() throws {
        let test = try TestStore()
        try test.open(StoreIdentity(host: "h", plugin: "q")).set("a", "1")
        try test.open().set("a", "2")
        _ = test.process()
        try test.folder.move("plugins/h/plugin.q.log", over: "plugins/h/plugin.p.log")
        expectMFError(.storeDamaged) { try test.open().everything() }
        expectMFError(.storeDamaged) { try test.open().set("a", "2") }
    }

    enum Place: String, CaseIterable {
        case plugins, host = "plugins/h", log = "plugins/h/plugin.p.log", lock = "plugins/h/lock"
    }

    @Test(arguments: Place.allCases) func symbolicLinksAreRefused(place: Place) throws {
        let test = try TestStore()
        let elsewhere = try TemporaryFolder()
        try elsewhere.write("file", "")
        try test.open().set("a", "1")
        try test.folder.move(place.rawValue, over: place.rawValue + "-away")
        try test.folder.link(place.rawValue, to: elsewhere.path + (place == .log || place == .lock ? "/file" : ""))
        if place != .lock { expectMFError(.storeFolder) { try test.open().everything() } }
        let error = expectMFError(.storeFolder) { try test.open().set("a", "2") }
        #expect(error?["path"]?.hasPrefix(test.folder.path) == true)
        #expect(entries(of: elsewhere.path) == ["file"])
        #expect(try contents(of: elsewhere.path + "/file").isEmpty)
    }

    @Test(arguments: Place.allCases) func pipesAreRefusedWithoutWaiting(place: Place) throws {
        let test = try TestStore()
        try test.open().set("a", "1")
        try test.folder.move(place.rawValue, over: place.rawValue + "-away")
        try test.folder.makePipe(place.rawValue)
        expectMFError(.storeFolder) { try test.open().set("a", "2") }
    }

    @Test(arguments: [Place.plugins, .host, .log]) func whatOthersCouldUseIsClosedToThem(place: Place) throws {
        let test = try TestStore()
        try test.open().set("a", "1")
        let path = test.folder.path + "/" + place.rawValue
        try setMode(0o777, of: path)
        #expect(try test.open().get("a") == "1")
        #expect(try mode(of: path) == (place == .log ? 0o600 : 0o700))
    }

    @Test func aStateFolderThatIsAFileIsRefused() throws {
        let test = try TestStore()
        let file = try test.folder.write("file", "x")
        let store = StoreRegistry(interval: .zero).open(test.identity, root: file, quota: 100)
        expectMFError(.storeFolder) { try store.set("a", "1") }
        let below = StoreRegistry(interval: .zero).open(test.identity, root: file + "/below", quota: 100)
        expectMFError(.storeFolder) { try below.set("a", "1") }
    }
}
