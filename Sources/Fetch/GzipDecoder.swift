internal import CCurl

/// Unpacks a gzip body as it comes, and knows whether it has come to its end: libcurl's own decoder takes half a body for
/// a whole one.
final class GzipDecoder {
    enum Failure: Error {
        /// The bytes are not gzip.
        case malformed
        /// Whoever takes the bytes wants no more.
        case refused
    }

    private let table: UnsafePointer<mf_curl>
    private var stream: UnsafeMutablePointer<mf_inflate>
    /// Whether nothing is missing: no member has begun, or the last one has ended.
    private(set) var isAtEnd = true

    init?(_ table: UnsafePointer<mf_curl>) {
        guard let stream = mf_inflate_begin(table) else { return nil }
        (self.table, self.stream) = (table, stream)
    }

    deinit { mf_inflate_end(table, stream) }

    /// Unpacks bytes and hands them on, piece by piece.
    func take(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) throws(Failure) {
        var rest = bytes
        var output = [UInt8](repeating: 0, count: 32 << 10)
        while !rest.isEmpty || !isAtEnd {
            if isAtEnd {
                guard mf_inflate_restart(table, stream) else { throw .malformed }
                isAtEnd = false
            }
            var (used, made) = (0, 0)
            let start = rest.baseAddress
            let code = output.withUnsafeMutableBytes { buffer in
                mf_inflate_step(table, stream, start, rest.count, buffer.baseAddress, buffer.count, &used, &made)
            }
            guard code >= 0 else { throw .malformed }
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
            isAtEnd = code == 1
            if made > 0, !output.withUnsafeBytes({ body(UnsafeRawBufferPointer(rebasing: $0[..<made])) }) {
                throw .refused
            }
            if used == 0, made == 0, !isAtEnd { return }
        }
    }
}
