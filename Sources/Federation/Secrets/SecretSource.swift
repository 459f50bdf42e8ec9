import Diagnostics
import Glibc
import Posix

/// Where the text of a secret comes from.
enum SecretSource: Sendable, Equatable {
    /// A variable of the process's environment: `env:NAME`.
    case environment(String)
    /// A file: `file:PATH`.
    case file(String)
    /// What a command prints, split at blanks: `cmd:vault kv get -field=token slack`.
    case command([String])
    /// Text that was written where a reference could be.
    case text(String)

    /// The longest text of a secret, in bytes.
    static let longest = 64 << 10
    /// How long a command may run.
    static let timeLimit = Duration.seconds(10)

    /// Reads a reference; nil where it is none.
    init?(_ reference: String) {
        guard let colon = reference.firstIndex(of: ":") else { return nil }
        let rest = String(reference[reference.index(after: colon)...])
        guard !rest.utf8.contains(0) else { return nil }
        switch reference[..<colon] {
        case "env" where !rest.isEmpty && !rest.contains("="): self = .environment(rest)
        case "file" where !rest.isEmpty: self = .file(rest)
        case "cmd":
            let words = rest.split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init)
            guard !words.isEmpty else { return nil }
            self = .command(words)
        default: return nil
        }
    }

    /// The text, of all sources but commands.
    ///
    /// - Parameter locate: Finds a file whose path is relative.
    /// - Throws: ``Unresolved``.
    func read(locate: (String) -> String) throws(Unresolved) -> String {
        switch self {
        case .text(let text): return try Self.checked(Array(text.utf8), trimming: false)
        case .environment(let name):
            guard let value = getenv(name) else { throw Unresolved("the variable `\(name)` is not set") }
            return try Self.checked(
                Array(UnsafeBufferPointer(start: value, count: strlen(value)).map(UInt8.init(bitPattern:))),
                trimming: false)
        case .file(let path):
            let path = locate(path)
            let bytes: [UInt8]
            do { bytes = try File.readRegular(path, upTo: Self.longest + 1) } catch {
                throw Unresolved("cannot read `\(path)`: \(error)")
            }
            return try Self.checked(bytes, trimming: true)
        case .command: throw Unresolved("the command has not run")
        }
    }

    /// The text that bytes are: not empty, not too long, UTF-8.
    ///
    /// - Parameter trimming: Whether one line end at the end is left out.
    static func checked(_ bytes: [UInt8], trimming: Bool) throws(Unresolved) -> String {
        var bytes = bytes[...]
        if bytes.count > longest { throw Unresolved("it is longer than \(longest >> 10) KiB") }
        if trimming, bytes.last == UInt8(ascii: "\n") {
            bytes.removeLast()
            if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        }
        if bytes.isEmpty { throw Unresolved("it is empty") }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw Unresolved("it is not text in UTF-8")
        }
        return text
    }

    /// Why there is no text.
    struct Unresolved: Error, Sendable {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }
}
