import EventLoops
import Glibc
import Posix

/// Follows a file by the lines that are added to it, as `tail -F` does.
///
/// It looks at the file from time to time: file systems that tell nothing of changes are followed, too.
final class Tail: @unchecked Sendable {
    // One function of a state calls it, on its loop; another thread reads for it meanwhile, and nothing else happens.
    private let path: String
    private let operations: Operations
    private let interval: Duration
    /// Where reading goes on; nil: at the end that the file has when it is first seen.
    private var offset: Int?
    private var identity: [UInt64] = []
    private var bytes: [UInt8] = []
    private var lines: ArraySlice<[UInt8]> = []
    /// Whether the file was looked at.
    private var isFirst = true

    init(_ path: String, fromStart: Bool, interval: Duration, _ operations: Operations) {
        (self.path, self.interval, self.operations) = (path, interval, operations)
        offset = fromStart ? 0 : nil
    }

    /// A portion of the file, and the longest line.
    private static let portion = 256 << 10
    private static let longest = 1 << 20

    /// The next line, waited for.
    func line() async throws -> [UInt8] {
        while true {
            if let line = lines.popFirst() { return line }
            if try await !read() { try await operations.loop.sleep(for: interval) }
        }
    }

    /// Reads on; false where nothing was added.
    private func read() async throws -> Bool {
        let (path, offset, identity, isFirst) = (path, offset, identity, isFirst)
        let found = try await operations.file("follow", path) {
            try Self.read(path, from: offset, identity, isFirst: isFirst)
        }
        self.isFirst = false
        guard let found else { return false }
        if found.isAnother { bytes = [] }
        (self.offset, self.identity) = (found.offset, found.identity)
        bytes += found.bytes
        var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        bytes = Array(parts.removeLast())
        if bytes.count > Self.longest {
            parts.append(bytes[...])
            bytes = []
        }
        lines = parts.map { Array($0) }[...]
        return !found.bytes.isEmpty
    }

    private struct Found: Sendable {
        let bytes: [UInt8]
        let offset: Int
        let identity: [UInt64]
        let isAnother: Bool
    }

    /// - Returns: Nil where there is no file.
    private static func read(_ path: String, from offset: Int?, _ identity: [UInt64], isFirst: Bool) throws -> Found? {
        guard let status = try FileTree.status(of: path) else { return nil }
        if status.type == "folder" { throw Errno(EISDIR) }
        // A file that came later is read from its beginning; so is one that was rotated or cut short.
        let isAnother = !identity.isEmpty && (identity != status.identity || status.size < offset ?? 0)
        let start = isAnother ? 0 : offset ?? (isFirst ? status.size : 0)
        let bytes = try File.readPart(of: path, at: start, portion)
        return Found(bytes: bytes, offset: start + bytes.count, identity: status.identity, isAnother: isAnother)
    }
}
