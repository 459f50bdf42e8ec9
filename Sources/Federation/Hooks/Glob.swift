/// A pattern for names of several segments: `*` stands for any text within a segment, `**` for any number of segments.
///
/// ```swift
/// Glob("billing/**").matches("billing/invoice/pdf")   // true, as is "billing"
/// Glob("RUNTIME-*").matches("RUNTIME-004")            // true
/// ```
package struct Glob: Sendable, Equatable {
    private enum Segment: Sendable, Equatable {
        case literal([UInt8])
        case pattern([UInt8])
        /// Any number of segments.
        case any
    }

    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")

    private let segments: [Segment]

    /// Reads a pattern.
    package init(_ text: some StringProtocol) {
        segments = text.utf8.split(separator: Self.slash, omittingEmptySubsequences: false).map { part in
            let bytes = Array(part)
            return bytes == [Self.star, Self.star]
                ? .any : bytes.contains(Self.star) ? .pattern(bytes) : .literal(bytes)
        }
    }

    /// Whether the whole text fits.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches($0) }
    }

    /// In time proportional to the product of the lengths: only the last `**` is ever tried again, one segment further on.
    private func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var (p, start) = (0, 0)
        var again: (p: Int, start: Int)?
        // A text of n bytes has ended at n + 1: the slash after its last segment is thought.
        while start <= text.count {
            let end = text[start...].firstIndex(of: Self.slash) ?? text.count
            let segment = UnsafeBufferPointer(rebasing: text[start..<end])
            if p < segments.count, segments[p] == .any {
                again = (p, start)
                p += 1
            } else if p < segments.count, Self.fits(segments[p], segment) {
                (p, start) = (p + 1, end + 1)
            } else if let last = again {
                let skipped = text[last.start...].firstIndex(of: Self.slash) ?? text.count
                again = (last.p, skipped + 1)
                (p, start) = (last.p + 1, skipped + 1)
            } else {
                return false
            }
        }
        while p < segments.count, segments[p] == .any { p += 1 }
        return p == segments.count
    }

    private static func fits(_ segment: Segment, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch segment {
        case .literal(let bytes): bytes.count == text.count && bytes.elementsEqual(text)
        case .pattern(let bytes): fits(bytes, text)
        case .any: true
        }
    }

    /// Whether a segment fits, where `*` is any text.
    static func fits(_ pattern: [UInt8], _ text: some RandomAccessCollection<UInt8>) -> Bool {
        var (p, t) = (0, text.startIndex)
        var again: (p: Int, t: Int)?
        while t < text.endIndex {
            if p < pattern.count, pattern[p] == star {
                again = (p, text.distance(from: text.startIndex, to: t))
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                (p, t) = (p + 1, text.index(after: t))
            } else if let last = again {
                again = (last.p, last.t + 1)
                (p, t) = (last.p + 1, text.index(text.startIndex, offsetBy: last.t + 1))
            } else {
                return false
            }
        }
        while p < pattern.count, pattern[p] == star { p += 1 }
        return p == pattern.count
    }
}
