import Diagnostics
import EventLoops
import LuaBridge
import Posix

extension WebReply {
    /// The table that a handler may return.
    static let fields = OptionTable([
        .init("status", .httpStatus, "The status; 200 if absent."),
        .init("headers", .headers, "The headers."),
        .init(
            "body", .any,
            "A text, a table that is sent as JSON, or a function that gives the next part, nil at the end."),
    ])

    /// What a handler has returned: a text, a table of ``fields``, or nothing.
    ///
    /// - Parameter note: Is told of an error in a function that gives the parts.
    /// - Throws: ``MFError`` with `LUA-012` for what is no answer.
    init(_ value: LuaValue, of state: LuaState, note: @escaping @Sendable (any Error) -> Void) throws {
        self.init()
        if value.isNothing {
            status = 204
            return
        }
        if let bytes = value.bytesValue {
            headers = [("Content-Type", "text/plain; charset=utf-8")]
            body = .bytes(bytes)
            return
        }
        guard value.isTable else {
            var checker = OptionChecker()
            checker.expected("a string or a table", found: value)
            try checker.finish(of: "answer")
            return
        }
        let options = try Self.fields.read(value, of: "answer")
        status = options["status"].intValue ?? 200
        headers = try (options["headers"].luaEntries() ?? []).compactMap { name, value in
            name.stringValue.flatMap { name in value.stringValue.map { (name, $0) } }
        }.sorted { $0.0 < $1.0 }
        try checkHeaders()
        try take(options["body"], of: state, note)
    }

    private mutating func take(
        _ value: LuaValue, of state: LuaState, _ note: @escaping @Sendable (any Error) -> Void
    ) throws {
        switch value {
        case .nil, .null: return
        case .function(let function):
            body = .parts {
                do {
                    return try await state.loop.perform {
                        let part = try await state.callAsync(function).first ?? .nil
                        if part.isNothing { return nil }
                        guard let bytes = part.bytesValue else {
                            throw MFError.mismatch(expected: "string", found: part)
                        }
                        return bytes
                    }
                } catch {
                    if !(error is CancellationError) { note(error) }
                    throw error
                }
            }
        case _ where value.bytesValue != nil:
            body = .bytes(value.bytesValue ?? [])
            addType("text/plain; charset=utf-8")
        case _ where value.isTable:
            body = .bytes(try state.encodeJSON(value))
            addType("application/json")
        default:
            var checker = OptionChecker(path: "body")
            checker.expected("a string, a table or a function", found: value)
            try checker.finish(of: "answer")
        }
    }

    private mutating func addType(_ type: String) {
        if !headers.contains(where: { $0.0.lowercased() == "content-type" }) { headers.append(("Content-Type", type)) }
    }

    /// Refuses headers that would break the message.
    private func checkHeaders() throws {
        var checker = OptionChecker(path: "headers")
        let tokens = "!#$%&'*+-.^_`|~".utf8
        for (name, value) in headers {
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                        || tokens.contains(byte)
                }
            let frames = ["content-length", "transfer-encoding", "connection", "upgrade", "trailer"]
            try checker.inside(.name(name)) { checker in
                if !isName { checker.note("is not the name of a header") }
                if frames.contains(name.lowercased()) { checker.note("frames the message: the server sets it") }
                if value.utf8.contains(where: { $0 < 32 && $0 != 9 || $0 == 127 }) {
                    checker.note("contains a control character")
                }
            }
        }
        try checker.finish(of: "answer")
    }
}

/// The query of a target.
enum QueryText {
    /// The names and values, decoded, in their order; of several with one name the last one counts.
    static func pairs(of text: Substring) -> [(String, [UInt8])] {
        var pairs: [(String, [UInt8])] = []
        for part in text.prefix(while: { $0 != "#" }).split(separator: "&") {
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: decoded(halves[0]), as: UTF8.self)
            let value = halves.count == 2 ? decoded(halves[1]) : []
            if let index = pairs.firstIndex(where: { $0.0 == name }) {
                pairs[index].1 = value
            } else {
                pairs.append((name, value))
            }
        }
        return pairs
    }

    private static func decoded(_ text: Substring) -> [UInt8] {
        text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }.percentDecoded(strictly: false) ?? []
    }
}
