import Testing

@testable import Authoring

/// Taking Lua source apart.
@Suite struct LuaLexerTests {
    private func words(_ source: String) -> [String] {
        LuaLexer.tokens(of: Array(source.utf8)).filter { $0.kind != .comment }.map(\.text)
    }

    @Test(arguments: [
        ("a.b:c(1)", ["a", ".", "b", ":", "c", "(", "1", ")"]),
        ("x=0x1p-4+3e+2..y", ["x", "=", "0x1p-4", "+", "3e+2..y"]),
        ("a...b", ["a", "...", "b"]),
        ("a~=b//c<<1", ["a", "~=", "b", "//", "c", "<<", "1"]),
        ("#!/usr/bin/lua\nx", ["x"]),
        ("a --[[ b ]] c --[==[ ]] ]==] d -- e\nf", ["a", "c", "d", "f"]),
        ("a --[ b\nc", ["a", "c"]),
    ]) func wordsAreThoseOfLua(source: String, expected: [String]) {
        #expect(words(source) == expected)
    }

    @Test(arguments: [
        (#""a\"b""#, "a\"b"), (#"'\65\x42\u{43}\z   D'"#, "ABCD"), ("[==[\na]]b]==]", "a]]b"), ("[[\r\nx]]", "x"),
        ("'a\\\nb'", "a\nb"), (#"'\\'"#, "\\"), ("'abc", "abc"), ("[[abc", "abc"), (#"'\"#, ""),
    ]) func textsHaveTheirValues(source: String, expected: String) {
        let token = LuaLexer.tokens(of: Array(source.utf8)).first
        #expect(token?.kind == .string)
        #expect(token?.text == expected)
    }

    @Test func linesAreCounted() {
        let source = "a\n--[[\n\n]] b 'x\\\ny' [[\n\n]] c"
        let tokens = LuaLexer.tokens(of: Array(source.utf8)).filter { $0.kind == .name }
        #expect(tokens.map(\.line) == [1, 4, 7])
    }

    @Test func anyBytesAreTakenApart() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let alphabet = Array("[]=-\"'\\\n\r\u{0}xu{}#aré1.".utf8)
            let bytes = (0..<40).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            _ = SourceMentions(of: bytes)
        }
    }
}
