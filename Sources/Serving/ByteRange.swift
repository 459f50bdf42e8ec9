/// `Range: bytes=…`: the one part of a file that a request asks for.
enum ByteRange: Equatable {
    /// The whole file: no range, one that is not understood, or several, which a server may pass over.
    case whole
    case part(Range<Int>)
    /// The part begins behind the end of the file.
    case unsatisfiable

    /// - Parameters:
    ///   - field: The value of the header field.
    ///   - size: The size of the file.
    init(_ field: String, of size: Int) {
        let words = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].lowercased() == "bytes" else {
            self = .whole
            return
        }
        let bounds = words[1].split(separator: "-", omittingEmptySubsequences: false).map {
            $0.filter { $0 != " " && $0 != "\t" }
        }
        guard bounds.count == 2, bounds.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            self = .whole
            return
        }
        // A number too large for us is behind every end.
        let numbers = bounds.map { $0.isEmpty ? nil : Int($0) ?? .max }
        switch (numbers[0], numbers[1]) {
        case (nil, nil): self = .whole
        case (nil, let count?): self = count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
        case (let first?, let last):
            let end = min(last ?? .max, size - 1) + 1
            self = first > last ?? .max ? .whole : first >= size ? .unsatisfiable : .part(first..<end)
        }
    }
}
