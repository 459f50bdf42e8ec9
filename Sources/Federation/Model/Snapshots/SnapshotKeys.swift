extension Remote {
    /// The key under which the remote's snapshot is kept.
    var snapshotKey: String { Remote.snapshotKey(name: name, version: version, entry: entry) }
}

/// Keys of the global snapshot: `name`, `name:version`, or either with a type before it.
enum SnapshotKeys {
    /// What is there for a name and version.
    static func value<Value>(of key: String, in map: LiveMap<Value>) -> Value? {
        map[key] ?? map[find(key, in: map)]
    }

    /// The key that is there for a name and version, or the one that would be used.
    static func find<Value>(_ key: String, in map: LiveMap<Value>) -> String {
        if map[key] != nil { return key }
        let (tail, colon) = (key.utf8, UInt8(ascii: ":"))
        // All keys are gone through for each remote that is new: most are ruled out by one byte.
        return map.firstKey { candidate in
            let bytes = candidate.utf8
            guard bytes.count > tail.count else { return false }
            let end = bytes.index(bytes.endIndex, offsetBy: -tail.count - 1)
            return bytes[end] == colon && bytes.dropFirst(bytes.count - tail.count).elementsEqual(tail)
                && !bytes[..<end].contains(colon)
        } ?? key
    }
}
