import TestSupport
import Testing

/// What is claimed to be safe across threads without the compiler's proof.
@Suite struct ThreadTests {
    /// A claim, and the comment beside it.
    private struct Claim {
        let place: String
        let proof: String
    }

    private static func claims() throws -> [Claim] {
        try DeclarationScanner.sources(below: Places.root + "/Sources").flatMap { source -> [Claim] in
            let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " })
            }
            return lines.indices.filter { isClaim(lines[$0]) }.map { index in
                // Of a type the comment is the first thing inside of it, of a variable it stands before.
                let comment =
                    lines[index].contains("@unchecked Sendable")
                    ? Array(lines[(index + 1)...].prefix { $0.hasPrefix("// ") })
                    : lines[..<index].reversed().prefix { $0.hasPrefix("//") }.reversed().filter { $0.hasPrefix("// ") }
                return Claim(
                    place: "\(source.path.dropFirst(Places.root.utf8.count + 1)):\(index + 1)",
                    proof: comment.map { String($0.dropFirst(3)) }.joined(separator: " "))
            }
        }
    }

    private static func isClaim(_ line: String) -> Bool {
        !line.hasPrefix("//") && (line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)"))
    }

    @Test func uncheckedClaimIsProvedBesideIt() throws {
        let claims = try Self.claims()
        #expect(!claims.isEmpty)
        for claim in claims {
            #expect(
                claim.proof.split(separator: " ").count >= 5,
                "\(claim.place) does not say why it can be used by several threads")
        }
    }

    @Test func everyProofIsItsOwn() throws {
        for (proof, claims) in Dictionary(grouping: try Self.claims(), by: \.proof) where claims.count > 1 {
            let places = claims.map(\.place).joined(separator: ", ")
            Issue.record("\(places) share one proof, so it can hardly be about any of them: \(proof)")
        }
    }
}
