/// The first line in which two traces differ.
struct TraceDifference: Sendable {
    /// The line's number in normal form, from 1.
    let line: Int
    let expected: String
    let actual: String

    /// Compares two traces; nil when they are the same.
    static func first(expected: String, actual: String, fromBrowser: Bool = false) throws -> TraceDifference? {
        let expected = try NormalForm.lines(of: expected, fromBrowser: fromBrowser)
        let actual = try NormalForm.lines(of: actual, fromBrowser: fromBrowser)
        for index in 0..<max(expected.count, actual.count) {
            let wanted = index < expected.count ? expected[index] : "<end of the trace>"
            let found = index < actual.count ? actual[index] : "<end of the trace>"
            if !isSame(wanted, found) { return TraceDifference(line: index + 1, expected: wanted, actual: found) }
        }
        return nil
    }

    private static func isSame(_ expected: String, _ actual: String) -> Bool {
        expected == actual || holds(expected, withAnyErrorAt: NormalForm.someError, in: actual)
            || holds(actual, withAnyErrorAt: NormalForm.refusedAnswer, in: expected)
    }

    /// Whether a line is another with any error in the marked places.
    private static func holds(_ pattern: String, withAnyErrorAt mark: String, in line: String) -> Bool {
        let parts = pattern.components(separatedBy: mark)
        return parts.count > 1 && matches(parts[...], line[...])
    }

    /// Whether a text consists of the parts with any text between them that does not leave its string.
    private static func matches(_ parts: ArraySlice<String>, _ text: Substring) -> Bool {
        guard let part = parts.first, text.hasPrefix(part) else { return false }
        var rest = text.dropFirst(part.count)
        guard parts.count > 1 else { return rest.isEmpty }
        while true {
            if matches(parts.dropFirst(), rest) { return true }
            guard let next = rest.first, next != "\"" else { return false }
            rest = rest.dropFirst(next == "\\" ? 2 : 1)
        }
    }
}

extension TraceDifference {
    /// Both lines, cut to where they part, with a mark below the first difference.
    func rendered(width: Int = 150) -> String {
        let expected = Array(expected)
        let actual = Array(actual)
        let common = zip(expected, actual).prefix { $0 == $1 }.count
        let start = max(0, common - width / 3)
        func cut(_ text: [Character]) -> String {
            let end = min(text.count, start + width)
            return (start > 0 ? "…" : "") + String(text[min(start, end)..<end]) + (end < text.count ? "…" : "")
        }
        let mark = String(repeating: " ", count: common - start + (start > 0 ? 1 : 0)) + "^"
        return """
              line \(line)
              expected  \(cut(expected))
              actual    \(cut(actual))
                        \(mark)
            """
    }
}

extension String {
    /// The pieces between the occurrences of a text.
    func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
