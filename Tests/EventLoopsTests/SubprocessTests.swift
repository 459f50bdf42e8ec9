import EventLoops
import Glibc
import Posix
import TestSupport
import Testing

/// Programs with streams, and the bytes that pass through these.
@Suite(.timeLimit(.minutes(1))) struct SubprocessTests {
    private static func onLoop<T: Sendable>(_ body: @Sendable @escaping (EventLoop) async throws -> T) async throws -> T
    {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        return try await loop.perform { try await body(loop) }
    }

    private static func cat(_ loop: EventLoop, holding most: Int = 1000) throws -> Subprocess {
        var plan = Subprocess.Plan(["cat"])
        plan.hasInput = true
        return try Subprocess(plan, on: loop, holding: most)
    }

    @Test func whatIsWrittenIsReadByTheProgram() async throws {
        let text = try await Self.onLoop { loop in
            let process = try Self.cat(loop)
            try await process.input?.write(Array("one\ntwo".utf8))
            process.input?.end()
            var parts = [try await process.output.line(keepsEnd: true, upTo: 100)]
            parts.append(try await process.output.exactly(2))
            parts.append(try await process.output.toEnd(upTo: 100))
            parts.append(try await process.output.exactly(1))
            return parts.map { $0.map { String(decoding: $0, as: UTF8.self) } }
        }
        #expect(text == ["one\n", "tw", "o", nil])
    }

    @Test func aProgramEndsWithItsLoop() async throws {
        let loop = EventLoop(name: "test")
        let id = try await loop.perform { try Subprocess(Subprocess.Plan(["sleep", "1000"]), on: loop, holding: 1).id }
        loop.stop()
        loop.join()
        // Nothing of it is left to be waited for.
        #expect(kill(id, 0) == -1 && errno == ESRCH)
    }

    @Test func aProgramWaitsUntilItsOutputIsRead() async throws {
        let (held, whole) = try await Self.onLoop { loop in
            let process = try Self.cat(loop, holding: 1000)
            let size = 2 << 20
            process.input?.send([UInt8](repeating: 65, count: size))
            process.input?.end()
            while process.output.count == 0 { try await loop.sleep(for: .milliseconds(1)) }
            let held = process.output.count
            return (held, try await process.output.exactly(size)?.count == size)
        }
        #expect(held < 200_000)
        #expect(whole)
    }

    @Test func aWriteToAProgramThatHasClosedItsInputFails() async throws {
        try await Self.onLoop { loop in
            var plan = Subprocess.Plan(["sh", "-c", "exec <&-; echo closed; sleep 1000"])
            plan.hasInput = true
            let process = try Subprocess(plan, on: loop, holding: 1000)
            _ = try await process.output.line(keepsEnd: false, upTo: 100)
            await #expect(throws: Errno(EPIPE)) { try await process.input?.write([1]) }
            process.end()
        }
    }

    /// What one task has looked at must not be taken by another, also where enough for the other is there.
    @Test func aReaderThatWaitsLosesNoBytesToAnother() async throws {
        let line = try await Self.onLoop { loop in
            let process = try Self.cat(loop)
            let first = loop.startNow { try await process.output.line(keepsEnd: false, upTo: 100) }
            try await process.input?.write(Array("0123456789".utf8))
            while process.output.count < 10 { await loop.yieldToIO() }
            await #expect(throws: ReadingFailure.busy) { try await process.output.exactly(10) }
            await #expect(throws: ReadingFailure.busy) { try await process.output.toEnd(upTo: 100) }
            try await process.input?.write(Array("ab\n".utf8))
            return try await first.value.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(line == "0123456789ab")
    }

    @Test func aSecondReaderIsRefused() async throws {
        try await Self.onLoop { loop in
            let process = try Self.cat(loop)
            let first = loop.startNow { try await process.output.exactly(1) }
            await #expect(throws: ReadingFailure.busy) { try await process.output.exactly(1) }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            process.end()
        }
    }

    @Test func aLineThatIsTooLongIsRefused() async throws {
        try await Self.onLoop { loop in
            let process = try Self.cat(loop)
            process.input?.send([UInt8](repeating: 65, count: 500))
            await #expect(throws: ReadingFailure.tooLong(100)) {
                try await process.output.line(keepsEnd: false, upTo: 100)
            }
            process.end()
        }
    }

    @Test func theEndOfAProgramEndsItsGroup() async throws {
        let folder = try TemporaryFolder()
        let child = try await Self.onLoop { loop in
            var plan = Subprocess.Plan(["sh", "-c", "sleep 1000 & echo $! > child; echo ready; exec sleep 1000"])
            plan.folder = folder.path
            let process = try Subprocess(plan, on: loop, holding: 1000)
            _ = try await process.output.line(keepsEnd: false, upTo: 100)
            let text = try contents(of: folder.path + "/child")
            let child = try #require(Int32(text.dropLast()))
            process.end()
            let outcome = try await process.ending()
            #expect(outcome.signal == SIGKILL && outcome.code == 137)
            return child
        }
        // It belongs to init now, which reaps it some time.
        while kill(child, 0) == 0, try contents(of: "/proc/\(child)/stat").contains(") Z") == false {
            await Task.yield()
        }
    }

    @Test func aProgramGetsNoOtherDescriptors() async throws {
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        let listed = try await Self.onLoop { loop in
            try await loop.run(Subprocess.Plan(["sh", "-c", "test -e /proc/self/fd/\(descriptor)"]), upTo: 100)
        }
        #expect(listed.outcome.code == 1)
    }

    @Test func outputAndErrorsAreKeptApartOrMerged() async throws {
        let (apart, merged) = try await Self.onLoop { loop in
            var plan = Subprocess.Plan(["sh", "-c", "echo out; echo err >&2"])
            plan.errors = .piped
            let apart = try await loop.run(plan, upTo: 100)
            plan.errors = .merged
            return (apart, try await loop.run(plan, upTo: 100))
        }
        #expect(apart.output == Array("out\n".utf8) && apart.errors == Array("err\n".utf8))
        #expect(merged.output == Array("out\nerr\n".utf8) && merged.errors.isEmpty)
    }

    @Test func whatCannotStartSaysWhetherItsFolderIsTheReason() async throws {
        try await Self.onLoop { loop in
            var plan = Subprocess.Plan(["true"])
            plan.folder = "/mflua-no-such-folder"
            var troubles: [CommandTrouble] = []
            for plan in [plan, Subprocess.Plan(["mflua-no-such-program"])] {
                do throws(CommandTrouble) { _ = try await loop.run(plan, upTo: 1) } catch { troubles.append(error) }
            }
            #expect(
                troubles == [true, false].map { .notStarted(.init(errno: Errno(ENOENT), isOfFolder: $0)) })
        }
    }
}
