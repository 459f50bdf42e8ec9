import Glibc
import TestSupport
import Testing

/// What the prompt remembers and completes, where the machine has readline.
@Suite(.timeLimit(.minutes(1)), .enabled(if: dlopen("libreadline.so.8", RTLD_NOW) != nil)) struct LineEditorTests {
    private static let up = "\u{10}"

    @Test func whatWasTypedIsThereInTheNextSession() async throws {
        let folder = try TemporaryFolder()
        let history = folder.path + "/state/mflua/history"
        for isFirst in [true, false] {
            let terminal = try ChildTerminal(Places.mflua, history: history)
            try await terminal.read(until: "> ")
            if isFirst {
                terminal.type("for i = 1, 2 do\n")
                try await terminal.read(until: ">> ")
                terminal.type("print(i * 21) end\n")
            } else {
                terminal.type(Self.up + "\n")
            }
            try await terminal.read(until: "\n21\n42\n> ")
            #expect(try await terminal.end() == 0)
        }
        var status = stat()
        #expect(stat(history, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(stat(folder.path + "/state", &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    @Test(arguments: [
        ("mf.preloadR\t", "mf.preloadRemote"), ("x = mf.loadShareS\t", "x = mf.loadShareSync"),
        ("print(string.form\t", "print(string.format"), ("colle\t", "collectgarbage"),
    ]) func tabCompletesNames(typed: String, shown: String) async throws {
        let terminal = try ChildTerminal(Places.mflua)
        try await terminal.read(until: "> ")
        terminal.type(typed)
        try await terminal.read(until: shown)
        terminal.type("\u{3}")
        try await terminal.read(until: "\n> ")
        #expect(try await terminal.end() == 0)
    }

    @Test func namesOfGlobalsMadeAtThePromptAreCompleted() async throws {
        let terminal = try ChildTerminal(Places.mflua)
        try await terminal.read(until: "> ")
        terminal.type("own = { field_of_it = 42 }\n")
        try await terminal.read(until: "\n> ")
        terminal.type("=own.fi\t\n")
        try await terminal.read(until: "own.field_of_it\n42\n> ")
        #expect(try await terminal.end() == 0)
    }
}
