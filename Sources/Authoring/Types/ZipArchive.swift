/// Writes a zip archive of files as they are, without compression and without times: the same files give the same bytes.
enum ZipArchive {
    /// 1980-01-01, the first day that the format knows.
    private static let date: UInt16 = 1 << 5 | 1
    private static let utf8Names: UInt16 = 1 << 11

    static func bytes(of files: [(path: String, text: String)]) -> [UInt8] {
        var archive: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let (name, content) = (Array(file.path.utf8), Array(file.text.utf8))
            let start = UInt32(archive.count)
            // Version 2.0, flags, stored, time, date, checksum, the two sizes, the length of the name, no extras.
            var common: [UInt8] = []
            common.append(20 as UInt16, utf8Names, 0, 0, date)
            common.append(checksum(content), UInt32(content.count), UInt32(content.count))
            common.append(UInt16(name.count), 0)
            archive.append(0x0403_4B50 as UInt32)
            archive += common + name + content
            directory.append(0x0201_4B50 as UInt32)
            directory.append(20 as UInt16)
            directory += common
            // No comment, the first disk, no attributes.
            directory.append(0 as UInt16, 0, 0)
            directory.append(0 as UInt32, start)
            directory += name
        }
        let start = UInt32(archive.count)
        archive += directory
        archive.append(0x0605_4B50 as UInt32)
        archive.append(0 as UInt16, 0, UInt16(files.count), UInt16(files.count))
        archive.append(UInt32(directory.count), start)
        archive.append(0 as UInt16)
        return archive
    }

    /// CRC-32 as in zip and gzip.
    static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(UInt32.max) { checksum, byte in
            (0..<8).reduce(checksum ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
    }
}

extension [UInt8] {
    /// Appends numbers, the lowest byte first.
    fileprivate mutating func append<Number: FixedWidthInteger>(_ numbers: Number...) {
        for number in numbers { Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) } }
    }
}
