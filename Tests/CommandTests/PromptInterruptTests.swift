import TestSupport
import Testing

/// Ctrl-C at the prompt, on a terminal of its own.
@Suite(.timeLimit(.minutes(1))) struct PromptInterruptTests {
    /// Starts mflua on a terminal and waits for its prompt.
    private func prompt() async throws -> ChildTerminal {
        let terminal = try ChildTerminal(Places.mflua)
        try await terminal.read(until: "> ")
        return terminal
    }

    @Test(arguments: [
        "while true do end", "require('mf').sleep(3600000)", "coroutine.wrap(function() while true do end end)()",
        "pcall(function() while true do end end)", "require('mf').all { function() require('mf').sleep(3600000) end }",
    ])
    func endsWhatALineHasBegun(code: String) async throws {
        let terminal = try await prompt()
        terminal.type("print('begun') \(code)\n")
        try await terminal.read(until: "\nbegun")
        terminal.type("\u{3}")
        try await terminal.read(until: "interrupted!")
        try await terminal.read(until: "> ")
        terminal.type("print(6 * 7)\n")
        // What is typed before the prompt is back belongs to a terminal in another mode.
        try await terminal.read(until: "\n42\n> ")
        #expect(try await terminal.end() == 0)
    }

    @Test(arguments: ["", "print(1", "for i = 1, 2 do\n"]) func leavesALineThatIsBeingTyped(text: String) async throws {
        let terminal = try await prompt()
        terminal.type(text)
        if text.hasSuffix("\n") { try await terminal.read(until: ">> ") }
        if text.hasPrefix("print") { try await terminal.read(until: text) }
        terminal.type("\u{3}")
        try await terminal.read(until: "\n> ")
        terminal.type("print(6 * 7)\n")
        // What is typed before the prompt is back belongs to a terminal in another mode.
        try await terminal.read(until: "\n42\n> ")
        #expect(try await terminal.end() == 0)
    }
}
