import LuaBridge
import TestSupport

/// Damages manifests: byte by byte, or value by value.
struct ManifestMutator {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// The text with some bytes replaced, removed, repeated or cut off.
    mutating func damaged(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &generator)
            let end = min(text.count, place + Int.random(in: 1...20, using: &generator))
            switch Int.random(in: 0...4, using: &generator) {
            case 0: text[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: text.removeSubrange(place..<end)
            case 2: text.insert(contentsOf: text[place..<end], at: place)
            case 3: text.insert(Array("{}[],:\"\\0e-".utf8).randomElement(using: &generator)!, at: place)
            default: text.removeSubrange(place...)
            }
        }
        return text
    }

    /// The tree with one value replaced, removed or renamed.
    mutating func changed(_ tree: LuaValue) -> LuaValue {
        switch tree {
        case .record(let record) where !record.isEmpty:
            var entries = record.entries
            let place = Int.random(in: 0..<entries.count, using: &generator)
            switch Int.random(in: 0...11, using: &generator) {
            case 0: entries.remove(at: place)
            case 1: entries[place].key = ["", "name", "path", "js", 1].randomElement(using: &generator)!
            case 2: entries[place].value = other()
            default: entries[place].value = changed(entries[place].value)
            }
            return .record(LuaRecord(entries))
        case .array(var elements) where !elements.isEmpty:
            let place = Int.random(in: 0..<elements.count, using: &generator)
            if Int.random(in: 0...5, using: &generator) == 0 {
                elements[place] = other()
            } else {
                elements[place] = changed(elements[place])
            }
            return .array(elements)
        default:
            return other()
        }
    }

    private mutating func other() -> LuaValue {
        let values: [LuaValue] = [
            .nil, .null, true, false, 0, -1, .number(.nan), "", "x", "\0", .bytes([0xFF]), .array([]), .array([.null]),
            .record(LuaRecord()), .record(LuaRecord([("a", 1)])), .array([.array([])]),
        ]
        return values.randomElement(using: &generator)!
    }
}
