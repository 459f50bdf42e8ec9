import Logging
import Serving
import TestSupport

/// A code block of a document. A comment before it says what it is: `file: path`, `run: name`, `output: name` or
/// `swift`, with or without the file that holds it; the kind of a block without a comment is empty.
struct MarkedBlock {
    let kind: String
    let name: String
    let language: String
    let text: String
}

/// The code blocks of a document.
func markedBlocks(of path: String) throws -> [MarkedBlock] {
    var blocks: [MarkedBlock] = []
    var mark: (kind: String, name: String)?
    var open: (language: String, lines: [Substring])?
    for line in try contents(of: path).split(separator: "\n", omittingEmptySubsequences: false) {
        if let block = open {
            if line == "```" {
                let text = block.lines.joined(separator: "\n") + "\n"
                blocks.append(
                    MarkedBlock(kind: mark?.kind ?? "", name: mark?.name ?? "", language: block.language, text: text))
                (mark, open) = (nil, nil)
            } else {
                open?.lines.append(line)
            }
        } else if line.hasPrefix("```") {
            open = (String(line.dropFirst(3)), [])
        } else if line.hasPrefix("<!-- "), line.hasSuffix(" -->") {
            let words = line.dropFirst(5).dropLast(4).split(separator: ":", maxSplits: 1)
            mark = (String(words[0]), words.count > 1 ? String(words[1].drop { $0 == " " }) : "")
        }
    }
    return blocks
}

/// Writes a document's files into a folder and serves its remotes, and the shipped ones, in place of port 3006.
func withFiles(
    of blocks: [MarkedBlock], _ body: (TemporaryFolder, HTTPServer) async throws -> Void
) async throws {
    let folder = try TemporaryFolder()
    let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let own = StaticFiles(root: folder.path + "/remotes", logger: silent)
    let shipped = StaticFiles(root: Places.root + "/Fixtures/remotes", logger: silent)
    let server = try await HTTPServer.start { request in
        request.path.hasPrefix("/checks/") ? own.reply(to: request) : shipped.reply(to: request)
    }
    for block in blocks where block.kind == "file" {
        try folder.write(block.name, block.text.replacing(":3006", with: ":\(server.port)"))
    }
    try await body(folder, server)
    await server.stop()
}
