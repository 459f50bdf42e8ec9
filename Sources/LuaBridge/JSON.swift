internal import CLuaShim
internal import Diagnostics

/// JSON text as Lua values, and the other way round.
///
/// ```swift
/// let manifest = try JSON.decode(response.body)
/// let text = try JSON.encode(["name": "checks", "ports": [80, 443]])
/// ```
public enum JSON {
    /// How deep values may be nested by default.
    public static let maximumDepth = 128

    /// Reads one JSON value (RFC 8259).
    ///
    /// Numbers without fraction and exponent that fit are integers. Objects keep the order of their keys; of equal keys the
    /// last value wins. A surrogate escape without its partner becomes U+FFFD. A byte order mark is skipped.
    ///
    /// - Parameter maxDepth: How deep arrays and objects may be nested.
    /// - Throws: ``MFError`` with `LUA-011` that names line, column and what was found there.
    public static func decode(_ bytes: [UInt8], maxDepth: Int = maximumDepth) throws -> LuaValue {
        try bytes.withUnsafeBufferPointer { try decode($0, maxDepth: maxDepth) }
    }

    /// Reads one JSON value; see ``decode(_:maxDepth:)-([UInt8],_)``.
    ///
    /// - Throws: ``MFError`` with `LUA-011` that names the line, the column and what was found there.
    public static func decode(_ text: String, maxDepth: Int = maximumDepth) throws -> LuaValue {
        var text = text
        return try text.withUTF8 { try decode($0, maxDepth: maxDepth) }
    }

    /// Reads one JSON value; see ``decode(_:maxDepth:)-([UInt8],_)``.
    ///
    /// - Throws: ``MFError`` with `LUA-011` that names the line, the column and what was found there.
    public static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, maxDepth: Int = maximumDepth
    ) throws -> LuaValue {
        var parser = JSONParser(bytes, into: JSONTree(), maxDepth: maxDepth)
        do {
            return try parser.document()
        } catch {
            throw MFError.invalidJSON(error, in: bytes)
        }
    }
}

extension LuaState {
    /// Reads one JSON value straight into Lua, by the rules of ``JSON/decode(_:maxDepth:)-([UInt8],_)``: what Lua asks for
    /// takes no way through Swift values.
    ///
    /// - Throws: ``MFError`` with `LUA-011` that names line, column and what was found there.
    public func decodeJSON(
        _ bytes: UnsafeBufferPointer<UInt8>, maxDepth: Int = JSON.maximumDepth
    ) throws -> LuaValue {
        let handle = try alive()
        var parser = JSONParser(bytes, into: try LuaWireWriter(self, handle), maxDepth: maxDepth)
        do { try parser.document() } catch { throw violation ?? MFError.invalidJSON(error, in: bytes) }
        try parser.builder.finish()
        var span = mf_span()
        try check(mf_make(handle, &span))
        return one(span)
    }
}

extension MFError {
    /// A text is not JSON.
    static func invalidJSON(_ failure: JSONFailure, in bytes: UnsafeBufferPointer<UInt8>) -> MFError {
        var line = 1
        var column = 1
        for byte in bytes[..<failure.position] {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        let found = found(in: bytes, at: failure.position)
        let problem =
            switch failure.problem {
            case .expected(let what): "expected \(what), found \(found)"
            case .other(let sentence): sentence
            case .limit: "it takes too long"
            }
        let start = bytes.first { $0 > 0x20 }
        return MFError(
            .jsonSyntax, "invalid JSON at line \(line), column \(column): \(problem)",
            context: [("line", "\(line)"), ("column", "\(column)")],
            hint: start == UInt8(ascii: "<")
                ? "this is HTML or XML instead of JSON: check the URL, many servers answer an unknown one with a page"
                : failure.position >= bytes.count ? "the text ends unexpectedly: it is empty or truncated" : nil)
    }

    private static func found(in bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> String {
        guard position < bytes.count else { return "the end of the text" }
        guard bytes[position] >= 0x20 else { return "the control character \(bytes[position])" }
        let isWord: (UInt8) -> Bool = {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
        }
        let word = bytes[position...].prefix(20).prefix(while: isWord)
        let shown = word.isEmpty ? String(decoding: bytes[position...].prefix(4), as: UTF8.self).prefix(1) : nil
        return "`\(shown ?? Substring(String(decoding: word, as: UTF8.self)))`"
    }
}
