import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// A source as it is built.
struct SourceFile: Sendable {
    let bytes: [UInt8]
    let mentions: SourceMentions
}

/// Reads and compiles sources. Nothing of them runs.
enum SourceReader {
    static let maximumSize = 16 << 20
    /// What sources are compiled as: Lua cuts long names short, and this one stands in for all.
    static let chunkName = "@source"

    /// - Throws: ``SourceFinding`` for what cannot be read.
    static func read(_ path: String, of project: Project) throws(SourceFailure) -> SourceFile {
        let bytes = try bytes(at: project.location(path), of: path)
        return SourceFile(bytes: bytes, mentions: SourceMentions(of: bytes))
    }

    /// The whole text of a file.
    ///
    /// - Parameter path: What findings call it.
    /// - Throws: ``SourceFinding`` for what cannot be read, or is too large.
    static func bytes(at location: String, of path: String) throws(SourceFailure) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try File.readRegular(location, upTo: maximumSize + 1) } catch {
            throw SourceFailure(finding: SourceFinding(.files, path, "cannot be read: \(error.description)"))
        }
        guard bytes.count <= maximumSize else {
            throw SourceFailure(finding: SourceFinding(.files, path, "is larger than 16 MB"))
        }
        return bytes
    }

    /// What the compiler says of sources.
    static func compile(_ sources: [(path: String, bytes: [UInt8])]) throws -> [SourceFinding] {
        let loop = try EventLoop.start(name: "mflua.compile")
        defer { loop.stop() }
        return try loop.runAndWait {
            let state = try LuaState(loop: loop)
            defer { state.close() }
            return try sources.compactMap { source in
                do {
                    _ = try state.load(source.bytes, name: chunkName)
                    return nil
                } catch let error as MFError where error.code == .luaSyntax {
                    return finding(error, in: source.path)
                }
            }
        }
    }

    /// What the compiler says of a source that was compiled under ``chunkName``.
    static func finding(_ error: MFError, in path: String) -> SourceFinding {
        let line = error["line"].flatMap { Int($0) }
        let prefix = line.map { "\(chunkName.dropFirst()):\($0): " } ?? ""
        let message = error.message.hasPrefix(prefix) ? error.message.dropFirst(prefix.count) : error.message[...]
        return SourceFinding(.syntax, path, line: line, String(message))
    }
}

/// What is wrong with a source.
struct SourceFailure: Error {
    let finding: SourceFinding
}
