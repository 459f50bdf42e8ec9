import EventLoops
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct PauseTests {
    @Test func endsNotBeforeItsTime() async throws {
        let start = ContinuousClock.now
        try await pause(for: .milliseconds(20))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test(arguments: [Duration.zero, .seconds(-5)]) func withoutATimeEndsAtOnce(duration: Duration) async throws {
        try await pause(for: duration)
    }

    @Test func theShorterOfTwoEndsFirst() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                try await pause(for: .seconds(100_000_000_000))
                return 1
            }
            group.addTask {
                try await pause(for: .milliseconds(1))
                return 2
            }
            let first = try await group.next()
            #expect(first == 2)
            group.cancelAll()
        }
    }

    @Test func aCancelledTaskPausesNoLonger() async {
        let task = Task { try await pause(for: .seconds(86_400)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
