import Diagnostics
import EventLoops
import Glibc
import Posix

/// Follows a file by the lines that are added to it, as `tail -F` does.
///
/// It looks at the file from time to time: file systems that tell nothing of changes are followed, too.
final class Tail: @unchecked Sendable {
    // Functions of a state call it on its loop, one at a time; another thread reads for it meanwhile.
    private let path: String
    private let operations: Operations
    private let interval: Duration
    /// The file that is followed, once it has been seen: what was added before it is rotated is read to the end.
    private var file: File?
    /// Whether reading begins at the end that the file has when it is first seen.
    private var startsAtEnd: Bool
    private var bytes: [UInt8] = []
    private var lines: ArraySlice<[UInt8]> = []
    private var isBusy = false

    /// An open file, and how far it was read.
    private struct File: Sendable {
        let descriptor: Descriptor
        let identity: [UInt64]
        var offset: Int
    }

    init(_ path: String, fromStart: Bool, interval: Duration, _ operations: Operations) {
        (self.path, self.interval, self.operations) = (path, interval, operations)
        startsAtEnd = !fromStart
    }

    /// A portion of the file, and the longest line.
    private static let portion = 256 << 10
    private static let longest = 1 << 20

    /// The next line, waited for.
    ///
    /// - Throws: ``MFError`` with `LUA-002` when another task waits for one.
    func line() async throws -> [UInt8] {
        guard !isBusy else {
            throw MFError(
                .luaRuntime, "another task follows `\(path)` with this function", context: [("path", path)],
                hint: "let one task read the lines, and pass them on; or call `mf.fs.tail` in each")
        }
        isBusy = true
        defer { isBusy = false }
        while true {
            if let line = lines.popFirst() { return line }
            if try await !read() { try await operations.loop.sleep(for: interval) }
        }
    }

    /// Reads on; false where nothing was added.
    private func read() async throws -> Bool {
        let (path, file, startsAtEnd) = (path, file, startsAtEnd)
        let found = try await operations.file("follow", path) {
            try Self.read(path, file, startsAtEnd: startsAtEnd)
        }
        // A file that comes later is read from its beginning.
        self.startsAtEnd = false
        guard let found else { return false }
        var added = found.bytes
        // The last line of the file before may have no end.
        if found.isAnother, !bytes.isEmpty { added.insert(UInt8(ascii: "\n"), at: 0) }
        self.file = found.file
        bytes += added
        var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        bytes = Array(parts.removeLast())
        if bytes.count > Self.longest {
            parts.append(bytes[...])
            bytes = []
        }
        lines = parts.map { Array($0) }[...]
        return !added.isEmpty
    }

    private struct Found: Sendable {
        let file: File
        let bytes: [UInt8]
        let isAnother: Bool
    }

    /// - Returns: Nil where there is no file, or nothing was added to it.
    private static func read(_ path: String, _ known: File?, startsAtEnd: Bool) throws -> Found? {
        if var file = known {
            let bytes = try file.descriptor.read(from: file.offset, upTo: portion)
            if !bytes.isEmpty {
                file.offset += bytes.count
                return Found(file: file, bytes: bytes, isAnother: false)
            }
        }
        guard let status = try FileTree.status(of: path) else { return nil }
        if status.type == "folder" { throw Errno(EISDIR) }
        // One that was cut short is read from its beginning, as one that took its place is.
        if let known, known.identity == status.identity, status.size >= known.offset { return nil }
        guard let descriptor = try Descriptor(following: path) else { return nil }
        var file = File(
            descriptor: descriptor, identity: status.identity, offset: known == nil && startsAtEnd ? status.size : 0)
        let bytes = try descriptor.read(from: file.offset, upTo: portion)
        file.offset += bytes.count
        return Found(file: file, bytes: bytes, isAnother: known != nil)
    }
}
