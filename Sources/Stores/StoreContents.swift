import Diagnostics

/// What a store holds: values by key, and the version of the plugin that they are for.
package struct StoreContents: Sendable {
    /// A value.
    package struct Entry: Sendable, Equatable {
        /// The value as JSON.
        package let json: [UInt8]
        /// Milliseconds since 1970 from when on there is no value; 0: never.
        package let expires: Int64
        /// Tells this value from those before and after it.
        package let revision: UInt64
    }

    private(set) var entries: [[UInt8]: Entry] = [:]
    /// The version of the plugin; nil where none was noted.
    package var version: Int?
    /// What ``size`` counts of the entries, those that have expired included.
    package private(set) var size = 0
    /// Counts changes.
    private(set) var revision: UInt64 = 0

    /// What an entry counts besides its key and value: so many bytes there are around each in the file and in memory.
    package static let overhead = 32

    package static func cost(key: [UInt8], json: [UInt8]) -> Int { key.count + json.count + overhead }

    /// The value of a key at a time.
    func entry(_ key: [UInt8], at now: Int64) -> Entry? {
        guard let entry = entries[key], entry.expires == 0 || entry.expires > now else { return nil }
        return entry
    }

    /// The keys that begin with a prefix, sorted by their bytes.
    func keys(prefix: [UInt8], at now: Int64) -> [[UInt8]] {
        entries.filter { $0.key.starts(with: prefix) && ($0.value.expires == 0 || $0.value.expires > now) }
            .map(\.key).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Whether nothing was ever kept.
    package var isNew: Bool { entries.isEmpty && version == nil }

    mutating func set(_ key: [UInt8], _ json: [UInt8], expires: Int64) {
        remove(key)
        revision += 1
        entries[key] = Entry(json: json, expires: expires, revision: revision)
        size += Self.cost(key: key, json: json)
    }

    mutating func remove(_ key: [UInt8]) {
        guard let old = entries.removeValue(forKey: key) else { return }
        revision += 1
        size -= Self.cost(key: key, json: old.json)
    }

    /// Forgets what has expired.
    mutating func removeExpired(at now: Int64) {
        for (key, entry) in entries where entry.expires != 0 && entry.expires <= now { remove(key) }
    }

    /// What a write would make of the size.
    private func size(setting key: [UInt8], _ json: [UInt8]) -> Int {
        size - (entries[key].map { Self.cost(key: key, json: $0.json) } ?? 0) + Self.cost(key: key, json: json)
    }

    mutating func apply(_ record: StoreRecord) {
        switch record.kind {
        case .identity: break
        case .set: set(record.key, record.value, expires: record.expires)
        case .delete: remove(record.key)
        case .version: version = Int(String(decoding: record.value, as: UTF8.self))
        }
    }

    /// Notes that the revisions go on from another's.
    mutating func follow(_ other: StoreContents) { revision = max(revision, other.revision) + 1 }

    /// The shortest log with these contents.
    func log(of identity: StoreIdentity) -> [UInt8] {
        var bytes = StoreRecord.magic
        // What an entry counts is more than its record takes.
        bytes.reserveCapacity(size + 512 + identity.bytes.count)
        StoreRecord(kind: .identity, key: identity.bytes).append(to: &bytes)
        if let version { StoreRecord(kind: .version, value: Array("\(version)".utf8)).append(to: &bytes) }
        for (key, entry) in entries {
            StoreRecord(kind: .set, expires: entry.expires, key: key, value: entry.json).append(to: &bytes)
        }
        return bytes
    }
}

/// One change of a store.
package struct StoreWrite: Sendable {
    /// Until when the value is there.
    package enum Expiry: Sendable {
        case never
        case after(Duration)
        /// As the value before it.
        case unchanged
    }

    package let key: [UInt8]
    /// The value as JSON; nil: none.
    package let json: [UInt8]?
    package let expiry: Expiry
    /// What the key has to hold still: a revision, 0 for nothing; nil: anything.
    package let expected: UInt64?

    package init(_ key: [UInt8], _ json: [UInt8]?, _ expiry: Expiry = .never, expected: UInt64? = nil) {
        (self.key, self.json, self.expiry, self.expected) = (key, json, expiry, expected)
    }

    /// What came of it.
    package enum Outcome: Sendable, Equatable {
        /// It is written; whether the key had a value before.
        case written(hadValue: Bool)
        /// The key holds something else than was expected; nothing is written.
        case changedMeanwhile
    }
}

extension StoreContents {
    /// The record that does what a write asks for; nil where nothing is to be done. It is not applied.
    ///
    /// - Throws: ``MFError`` with `STORE-001` when there is no room; what has expired makes room.
    mutating func record(
        for write: StoreWrite, at now: Int64, quota: Int, of identity: StoreIdentity
    ) throws -> (record: StoreRecord?, outcome: StoreWrite.Outcome) {
        let old = entry(write.key, at: now)
        if let expected = write.expected, expected != old?.revision ?? 0 { return (nil, .changedMeanwhile) }
        let outcome = StoreWrite.Outcome.written(hadValue: old != nil)
        guard let json = write.json else {
            return (old == nil ? nil : StoreRecord(kind: .delete, key: write.key), outcome)
        }
        if size(setting: write.key, json) > quota { removeExpired(at: now) }
        let needed = size(setting: write.key, json)
        guard needed <= quota else { throw MFError.storeFull(identity, needed: needed, quota: quota) }
        let expires: Int64 =
            switch write.expiry {
            case .never: 0
            case .unchanged: old?.expires ?? 0
            case .after(let time):
                max(1, now + time.components.seconds * 1_000 + time.components.attoseconds / 1_000_000_000_000_000)
            }
        return (StoreRecord(kind: .set, expires: expires, key: write.key, value: json), outcome)
    }
}
