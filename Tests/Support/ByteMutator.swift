/// Damages bytes: some replaced, removed, repeated, cut off, or words put to the edges of what a number can be.
public struct ByteMutator {
    private var generator: SeededGenerator

    public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    public mutating func damaged(_ whole: [UInt8]) -> [UInt8] {
        var bytes = whole
        for _ in 0..<Int.random(in: 0...3, using: &generator) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &generator))
            switch Int.random(in: 0...5, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[place] = UInt8.random(in: 0...16, using: &generator)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 4: edge(&bytes, place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }

    /// Writes one of the numbers at which arithmetic goes wrong.
    private mutating func edge(_ bytes: inout [UInt8], _ place: Int) {
        let edges: [Int64] = [.min, .min + 1, -1, 0, 1, 255, 1 << 31, 1 << 32, 1 << 53, 1 << 62, .max - 1, .max]
        let word = edges.randomElement(using: &generator)!
        withUnsafeBytes(of: word.littleEndian) { word in
            for (offset, byte) in word.enumerated() where place + offset < bytes.count { bytes[place + offset] = byte }
        }
    }
}
