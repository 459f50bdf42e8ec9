/// One record of a log.
///
/// In the file: the length of what follows the checksum in four bytes, its CRC-32 in four, then kind, expiry, length of the
/// key, key, value; all numbers have their lowest byte first.
struct StoreRecord {
    enum Kind: UInt8 {
        /// Whose file it is; the first record.
        case identity = 1
        /// A key has a value.
        case set = 2
        /// A key has none.
        case delete = 3
        /// Which version of its plugin the contents are of; the value is the number in decimal.
        case version = 4
    }

    let kind: Kind
    /// Milliseconds since 1970; 0: never.
    var expires: Int64 = 0
    var key: [UInt8] = []
    var value: [UInt8] = []

    /// What a file begins with.
    static let magic = Array("mfstore1".utf8)
    private static let head = 8
    private static let leastPayload = 1 + 8 + 4
    /// No record is longer: more is damage.
    private static let greatestPayload = 256 << 20

    /// The record as the file has it.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        append(to: &bytes)
        return bytes
    }

    /// How many bytes the file has of it.
    var length: Int { Self.head + Self.leastPayload + key.count + value.count }

    /// Appends the record as the file has it.
    func append(to bytes: inout [UInt8]) {
        Self.append(UInt64(length - Self.head), 4, to: &bytes)
        let checksum = bytes.count
        Self.append(0, 4, to: &bytes)
        bytes.append(kind.rawValue)
        Self.append(UInt64(bitPattern: expires), 8, to: &bytes)
        Self.append(UInt64(key.count), 4, to: &bytes)
        bytes += key
        bytes += value
        let sum = Self.checksum(bytes[(checksum + 4)...])
        for index in 0..<4 { bytes[checksum + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
    }

    /// Reads records until the end, or the first that is not whole.
    ///
    /// - Returns: Where the last whole record ends.
    static func read(_ bytes: [UInt8], from start: Int, _ body: (StoreRecord) -> Void) -> Int {
        var position = start
        while let (record, end) = record(in: bytes, at: position) {
            body(record)
            position = end
        }
        return position
    }

    private static func record(in bytes: [UInt8], at start: Int) -> (StoreRecord, end: Int)? {
        guard bytes.count - start >= head + leastPayload else { return nil }
        let length = Int(number(bytes, at: start, 4))
        guard length >= leastPayload, length <= greatestPayload, bytes.count - start - head >= length else {
            return nil
        }
        let payload = bytes[(start + head)..<(start + head + length)]
        guard number(bytes, at: start + 4, 4) == UInt64(checksum(payload)) else { return nil }
        let first = payload.startIndex
        let keyLength = Int(number(bytes, at: first + 9, 4))
        guard let kind = Kind(rawValue: bytes[first]), keyLength <= length - leastPayload else { return nil }
        let key = first + leastPayload
        return (
            StoreRecord(
                kind: kind, expires: Int64(bitPattern: number(bytes, at: first + 1, 8)),
                key: Array(bytes[key..<(key + keyLength)]), value: Array(bytes[(key + keyLength)..<payload.endIndex])),
            payload.endIndex
        )
    }

    private static func append(_ number: UInt64, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))) }
    }

    private static func number(_ bytes: [UInt8], at start: Int, _ count: Int) -> UInt64 {
        (0..<count).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
    }

    /// CRC-32, as in Ethernet and zlib.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { (sum, byte) in table[Int((sum ^ UInt32(byte)) & 0xff)] ^ (sum >> 8) }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? 0xedb8_8320 ^ (sum >> 1) : sum >> 1 }
    }
}
