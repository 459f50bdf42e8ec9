import TestSupport
import Testing

@testable import Federation

/// Patterns of filters and grants.
@Suite struct GlobTests {
    @Test(arguments: [
        ("billing/*", "billing/invoice", true), ("billing/*", "billing/invoice/pdf", false),
        ("billing/*", "billing", false), ("billing/**", "billing/invoice/pdf", true), ("billing/**", "billing", true),
        ("billing/**", "billings/x", false), ("**/pdf", "billing/invoice/pdf", true), ("**/pdf", "pdf", true),
        ("a/**/z", "a/z", true), ("a/**/z", "a/b/c/z", true), ("a/**/b/**/c", "a/b/x/b/y/c", true),
        ("a/**/b/**/c", "a/x/y/c", false), ("RUNTIME-*", "RUNTIME-004", true), ("RUNTIME-*", "LUA-004", false),
        ("*", "checks", true), ("*", "checks/disk", false), ("**", "checks/disk", true), ("**", "", true),
        ("*", "", true), ("", "", true), ("", "a", false), ("a*c*e", "abcde", true), ("a*c*e", "abde", false),
        ("*a", "aaab", false), ("*ab", "aaab", true), ("checks/d?sk", "checks/disk", false), ("ch**ks", "checks", true),
        ("a/", "a/", true), ("a/", "a", false), ("ä/*", "ä/ö", true),
    ]) func matchesWholeTexts(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern).matches(text) == matches)
    }

    /// What a pattern means, in the fewest words: segments one after another, `**` for any number of them.
    private static func reference(_ pattern: ArraySlice<Substring>, _ text: ArraySlice<Substring>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "**" {
            return (text.startIndex...text.endIndex).contains { reference(pattern.dropFirst(), text[$0...]) }
        }
        guard let segment = text.first, characters(Array(first)[...], Array(segment)[...]) else { return false }
        return reference(pattern.dropFirst(), text.dropFirst())
    }

    private static func characters(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return (text.startIndex...text.endIndex).contains { characters(pattern.dropFirst(), text[$0...]) }
        }
        return text.first == first && characters(pattern.dropFirst(), text.dropFirst())
    }

    @Test func agreesWithTheReferenceOnRandomPatternsAndTexts() {
        var random = SeededGenerator(seed: 11)
        func text(_ alphabet: String) -> String {
            String(
                (0..<Int.random(in: 0...7, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
        }
        for _ in 0..<20_000 {
            let (pattern, subject) = (text("ab**//"), text("ab/"))
            let expected = Self.reference(
                pattern.split(separator: "/", omittingEmptySubsequences: false)[...],
                subject.split(separator: "/", omittingEmptySubsequences: false)[...])
            #expect(Glob(pattern).matches(subject) == expected, "`\(pattern)` over `\(subject)`")
        }
    }
}
