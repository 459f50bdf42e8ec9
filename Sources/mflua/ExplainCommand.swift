import ArgumentParser
import Diagnostics
import Federation

/// `mflua explain CODE`: what an error code means, where it comes from, what to do.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Describe an error code; without one, list all codes.")

    @Argument(help: ArgumentHelp("A code as errors show it in brackets, such as RUNTIME-003.", valueName: "code"))
    var codes: [String] = []

    func run() throws {
        if codes.isEmpty {
            for entry in MFError.Code.all { print(entry.code.rawValue.padded(to: 12) + entry.title) }
            return
        }
        let entries = try codes.map(Self.entry)
        print(entries.map(Self.render).joined(separator: "\n\n"))
    }

    private static func entry(for code: String) throws -> CodeEntry {
        let wanted = code.uppercased()
        if let entry = MFError.Code.all.first(where: { $0.code.rawValue == wanted }) { return entry }
        let close = wanted.closestMatch(in: MFError.Code.all.map(\.code.rawValue))
        throw MFError(
            .unknownCode, "there is no error code `\(code)`",
            hint: close.map { "did you mean `\($0)`? `mflua explain` lists all codes" }
                ?? "`mflua explain` lists all codes")
    }

    private static func render(_ entry: CodeEntry) -> String {
        "\(entry.code.rawValue)  \(entry.title)\n\n\(entry.explanation)"
            + (Reference.appendix(to: entry.code).map { "\n\n\($0)" } ?? "")
    }
}

extension String {
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - count))
    }
}
