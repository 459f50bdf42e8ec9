import EventLoops
import TestSupport
import Testing

/// Commands that the loop runs beside everything else.
@Suite(.timeLimit(.minutes(1))) struct EventLoopCommandsTests {
    private static func output(
        _ words: String..., within limit: Duration = .seconds(30), upTo most: Int = 100_000
    ) async throws -> String {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        return try await loop.perform { [words] in
            String(decoding: try await loop.output(of: words, within: limit, upTo: most), as: UTF8.self)
        }
    }

    @Test func whatACommandPrintsIsReturned() async throws {
        #expect(try await Self.output("printf", "a b") == "a b")
        #expect(try outputWithoutLoop(of: ["printf", "a b"], within: .seconds(30), upTo: 10) == Array("a b".utf8))
    }

    @Test func muchOutputIsReadWhileTheCommandRuns() async throws {
        let text = try await Self.output("head", "-c", "90000", "/dev/zero")
        #expect(text.utf8.count == 90_000)
    }

    @Test func aCommandHasNothingToRead() async throws {
        #expect(try await Self.output("cat") == "")
    }

    @Test func aCommandThatTakesTooLongIsEndedWithItsChildren() async throws {
        let folder = try TemporaryFolder()
        let script = "echo $$ > \(folder.path)/pid; sleep 1000 & sleep 1000"
        await #expect(throws: CommandFailure(reason: "it took more than 0.2 seconds")) {
            try await Self.output("sh", "-c", script, within: .milliseconds(200))
        }
        #expect(throws: CommandFailure(reason: "it took more than 0.2 seconds")) {
            try outputWithoutLoop(of: ["sh", "-c", script], within: .milliseconds(200), upTo: 10)
        }
    }

    @Test func aCommandThatPrintsTooMuchIsEnded() async throws {
        await #expect(throws: CommandFailure(reason: "it prints more than 10 bytes")) {
            try await Self.output("cat", "/dev/zero", upTo: 10)
        }
    }

    @Test func theEndOfTheCommandCountsNotThatOfItsChildren() async throws {
        #expect(try await Self.output("sh", "-c", "sleep 1000 & echo done") == "done\n")
    }

    @Test(arguments: [("exit 3", "`sh` exited with 3"), ("kill -9 $$", "`sh` was ended by signal 9")])
    func aFailureTellsHow(script: String, reason: String) async throws {
        await #expect(throws: CommandFailure(reason: reason)) { try await Self.output("sh", "-c", script) }
        #expect(throws: CommandFailure(reason: reason)) {
            try outputWithoutLoop(of: ["sh", "-c", script], within: .seconds(30), upTo: 10)
        }
    }

    @Test func noDescriptorStaysOpen() async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        let grown = try await loop.perform {
            let before = ProcessFigures.descriptors
            for _ in 0..<50 {
                _ = try await loop.output(of: ["true"], within: .seconds(30), upTo: 10)
                _ = try? await loop.output(of: ["mflua-no-such-program"], within: .seconds(30), upTo: 10)
            }
            return ProcessFigures.descriptors - before
        }
        // Loops of other tests may come and go meanwhile.
        #expect(grown < 20)
    }
}
