/// Answers that are not whole, or contradict themselves, each in its own way.
///
/// What they hold is a text that could be used as it stands; what is missing is only the end of the answer.
public enum IncompleteAnswer: String, CaseIterable, Sendable {
    case cutGzip, gzipWithoutTrailer, gzipOfNothing, damagedGzip
    case part, contradictingLengths, lengthAndChunks, shorterBody, noBody
    case cutChunk, noLastChunk, cutLastChunk
    case noAnswer, cutStatusLine, cutHeaderField, cutAfterHeaderField, informationOnly

    /// What a server does that answers so with a text.
    public func steps(_ text: String) -> [LoopbackServer.Step] {
        let bytes = Array((text + String(repeating: " ", count: 64)).utf8)
        let ok = "HTTP/1.1 200 OK\r\n"
        func answer(_ head: String, _ body: [UInt8] = []) -> [LoopbackServer.Step] {
            [.send(Array((ok + head + "\r\n\r\n").utf8) + body), .close]
        }
        func packed(_ body: [UInt8]) -> [LoopbackServer.Step] {
            answer("Content-Encoding: gzip\r\nContent-Length: \(body.count)", body)
        }
        let gzip = Self.gzip(bytes)
        let chunk = Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes
        switch self {
        case .cutGzip: return packed(gzip.dropLast(30))
        case .gzipWithoutTrailer: return packed(gzip.dropLast(8))
        case .gzipOfNothing: return answer("Content-Encoding: gzip")
        case .damagedGzip: return packed(gzip.dropLast(8) + [UInt8](repeating: 0x55, count: 8))
        case .part:
            return [.reply(206, [("Content-Range", "bytes 0-\(bytes.count - 1)/\(2 * bytes.count)")], bytes), .close]
        case .contradictingLengths:
            return answer("Content-Length: \(bytes.count)\r\nContent-Length: \(bytes.count + 1)", bytes)
        case .lengthAndChunks:
            let all = chunk + Array("\r\n0\r\n\r\n".utf8)
            return answer("Content-Length: \(bytes.count)\r\nTransfer-Encoding: chunked", all)
        case .shorterBody: return answer("Content-Length: \(bytes.count + 1)", bytes)
        case .noBody: return answer("Content-Length: \(bytes.count)")
        case .cutChunk: return answer("Transfer-Encoding: chunked", chunk.dropLast(8))
        case .noLastChunk: return answer("Transfer-Encoding: chunked", chunk + [0x0D, 0x0A])
        case .cutLastChunk: return answer("Transfer-Encoding: chunked", chunk + Array("\r\n0\r\n".utf8))
        case .noAnswer: return [.close]
        case .cutStatusLine: return [.raw("HTTP/1.1 20"), .close]
        case .cutHeaderField: return [.raw(ok + "Content-Ty"), .close]
        case .cutAfterHeaderField: return [.raw(ok + "Content-Type: text/plain\r\n"), .close]
        case .informationOnly: return [.raw("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), .close]
        }
    }

    /// Bytes as gzip holds what is not worth packing: at most 65,535 of them. Its check sum is right.
    private static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        func little(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        let count = UInt16(bytes.count)
        return [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 1] + little(count) + little(~count) + bytes + little(~sum)
            + little(UInt32(bytes.count))
    }
}
