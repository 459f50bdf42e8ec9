import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// How much `:read` reads: as in Lua's own library.
enum ReadFormat: Sendable {
    case bytes(Int)
    case line(keepsEnd: Bool)
    case all

    /// Reads an argument: a number of bytes, `"l"`, `"L"` or `"a"`; a line where there is none.
    ///
    /// - Throws: ``MFError`` with `LUA-009`.
    init(_ call: LuaCall, _ index: Int) throws {
        switch call[index] {
        case .nil, .null, .string("l"), .string("*l"): self = .line(keepsEnd: false)
        case .string("L"), .string("*L"): self = .line(keepsEnd: true)
        case .string("a"), .string("*a"): self = .all
        default:
            guard let count = call[index].intValue, count >= 0, count <= 1 << 30 else {
                throw MFError.badArgument(
                    index + 1, of: call.name,
                    "expected a number of bytes, \"l\", \"L\" or \"a\", found \(call[index].mismatchDescription)")
            }
            self = .bytes(count)
        }
    }

    /// - Parameter limit: How long a line, or all of it, may be.
    /// - Returns: The bytes; nil at the end, an empty string for all that is left of nothing.
    func read(_ reader: ByteReader, upTo limit: Int) async throws -> LuaValue {
        switch self {
        case .bytes(let count): try await reader.exactly(count).map { .of($0) } ?? .nil
        case .line(let keepsEnd): try await reader.line(keepsEnd: keepsEnd, upTo: limit).map { .of($0) } ?? .nil
        case .all: .of(try await reader.toEnd(upTo: limit))
        }
    }
}

extension LuaCall {
    /// A signal by its name or number; SIGTERM where there is none.
    ///
    /// - Throws: ``MFError`` with `LUA-009`.
    func signal(_ index: Int) throws -> Int32 {
        if self[index].isNothing { return SignalName.number(of: "SIGTERM") ?? 15 }
        if let number = self[index].intValue, (1...64).contains(number) { return Int32(number) }
        if let name = self[index].stringValue {
            if let number = SignalName.number(of: name) { return number }
            let near = name.closestMatch(in: SignalName.all).map { "did you mean `\($0)`?" }
            throw MFError.badArgument(index + 1, of: self.name, "there is no signal `\(name)`").replacing(hint: near)
        }
        throw mismatch(index, "the name of a signal")
    }
}
