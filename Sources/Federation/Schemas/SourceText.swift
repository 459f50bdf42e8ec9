import LuaBridge
import Posix

/// The text of a Lua file, asked for the lines on which something is written: tables do not know them at run time.
///
/// What it finds is for messages: a key that is computed, or written in a way of its own, is not found, and the line of
/// what surrounds it is told.
struct SourceText: Sendable {
    /// The file's name.
    let name: String
    private let lines: [Substring]
    /// The line from which on is searched, counted from 0.
    private let start: Int

    init(name: String, bytes: [UInt8], from line: Int = 1) {
        self.name = name
        lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.firstRange(of: "--").map { line[..<$0.lowerBound] } ?? line }
        start = min(max(0, line - 1), max(0, lines.count - 1))
    }

    /// The text of a file, if it can be read.
    init?(file: String, from line: Int = 1) {
        guard let bytes = try? File.readRegular(file, upTo: 1 << 20) else { return nil }
        self.init(name: file, bytes: bytes, from: line)
    }

    /// `slack-plugin.lua:7`, the line on which a key inside of others is set.
    func place(of keys: [String]) -> String {
        var (line, column) = (start, 0)
        var found = false
        for key in keys {
            guard let next = position(of: key, line, column) else { break }
            (line, column, found) = (next.line, next.column, true)
        }
        return found || start > 0 ? "\(name):\(line + 1)" : name
    }

    private func position(of key: String, _ line: Int, _ column: Int) -> (line: Int, column: Int)? {
        for index in line..<lines.count {
            let text = index == line ? lines[index].dropFirst(column) : lines[index]
            var rest = text
            while let range = rest.firstRange(of: key) {
                let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
                var after = rest[range.upperBound...]
                if before == "\"" || before == "'", after.first == before { after = after.dropFirst() }
                after = after.drop { $0 == " " || $0 == "\t" || $0 == "]" }
                let isWord = !(before.isLetter || before.isNumber || before == "_" || before == ".")
                if isWord, after.hasPrefix("="), !after.hasPrefix("==") {
                    return (index, lines[index].distance(from: lines[index].startIndex, to: range.upperBound))
                }
                rest = rest[range.upperBound...]
            }
        }
        return nil
    }

    /// The line, counted from 1, on which a text in quotes is written for the n-th time from the start on; before it
    /// where it is not written after it.
    func line(quoting text: String, occurrence: Int) -> Int? {
        func isQuoted(_ line: Substring) -> Bool {
            line.firstRange(of: "\"\(text)\"") != nil || line.firstRange(of: "'\(text)'") != nil
        }
        let found = lines.indices.filter { isQuoted(lines[$0]) }
        let after = found.filter { $0 >= start }
        let index = after.dropFirst(occurrence).first ?? after.last ?? found.last
        return index.map { $0 + 1 }
    }
}
