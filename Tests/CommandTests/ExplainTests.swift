import Diagnostics
import TestSupport
import Testing

/// `mflua explain CODE`.
@Suite(.timeLimit(.minutes(2))) struct ExplainTests {
    @Test func codeIsExplained() async throws {
        let entry = try #require(MFError.Code(rawValue: "RUNTIME-003").entry)
        for spelling in ["RUNTIME-003", "runtime-003"] {
            let result = try await mflua("explain", spelling)
            #expect(result.output == "RUNTIME-003  \(entry.title)\n\n\(entry.explanation)\n", "\(result)")
            #expect(result.code == 0)
        }
    }

    @Test func allCodesAreListed() async throws {
        let result = try await mflua("explain")
        let listed = result.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(listed == MFError.Code.all.map(\.code.rawValue))
    }

    @Test func unknownCodeHasASuggestion() async throws {
        let result = try await mflua("explain", "RUNTIM-003")
        #expect(result.code == 1)
        #expect(result.errors.contains("error: there is no error code `RUNTIM-003` [CLI-003]"), "\(result)")
        #expect(result.errors.contains("did you mean `RUNTIME-003`?"), "\(result)")
    }
}
