import TestSupport
import Testing

/// Reading, evaluating and printing lines.
@Suite(.timeLimit(.minutes(2))) struct REPLTests {
    /// What is printed for lines typed, without the prompts.
    private func type(_ lines: String...) async throws -> (output: [Substring], errors: String) {
        let result = try await mflua("-i", input: lines.joined(separator: "\n") + "\n")
        #expect(result.code == 0)
        let text = result.output.split(separator: "\n").map { line in
            var line = line
            while line.hasPrefix("> ") || line.hasPrefix(">> ") { line = line.drop { $0 == ">" }.dropFirst() }
            return line
        }
        return (text.dropFirst().filter { !$0.isEmpty }, result.errors)
    }

    @Test func expressionsShowTheirValues() async throws {
        let (output, errors) = try await type("1 + 1", "'a', nil, true", "local unused = 1", "nil")
        #expect(output == ["2", "a\tnil\ttrue", "nil"])
        #expect(errors.isEmpty)
    }

    @Test func unfinishedInputIsContinued() async throws {
        let (output, errors) = try await type("for i = 1, 2 do", "  print(i * 10)", "end", "x = [[a", "b]]", "#x")
        #expect(output == ["10", "20", "3"])
        #expect(errors.isEmpty)
    }

    @Test(arguments: ["=20 + 22", "= 42", "=\n42"]) func equalsSignShowsAnExpression(entry: String) async throws {
        let (output, errors) = try await type(entry)
        #expect(output == ["42"])
        #expect(errors.isEmpty)
    }

    @Test func globalsStay() async throws {
        let (output, _) = try await type("x = 20", "function double(n) return n * 2 end", "double(x)")
        #expect(output == ["40"])
    }

    @Test func errorsDoNotEndTheSession() async throws {
        let (output, errors) = try await type("error('broken')", "x = = 1", "'still here'")
        #expect(output == ["still here"])
        #expect(errors.contains("broken"))
        #expect(errors.contains("unexpected symbol near '='"))
    }

    @Test func linesMayWait() async throws {
        let (output, _) = try await type("mf = require('mf')", "mf.sleep(2) return 'slept'", "mf.json.encode({1, 2})")
        #expect(output == ["slept", "[1,2]"])
    }

    @Test func linesAreReadAfterAScript() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "y = ...")
        let result = try await mflua("-i", "host.lua", "seen", input: "y\n", in: folder)
        #expect(result.output.contains("seen"), "\(result)")
    }
}
