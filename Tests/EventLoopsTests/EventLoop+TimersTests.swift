import EventLoops
import Testing

@Suite(.timeLimit(.minutes(2))) struct EventLoopTimersTests {
    @Test func timersFireInTheOrderOfTheirDeadlines() async throws {
        try await withLoop { loop in
            let entries = try await loop.perform {
                let log = Log()
                await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                    loop.schedule(after: .milliseconds(3)) {
                        log.add("third")
                        done.resume()
                    }
                    loop.schedule(after: .milliseconds(1)) { log.add("first") }
                    loop.schedule(after: .milliseconds(2)) { log.add("second") }
                    loop.schedule(after: .seconds(-1)) { log.add("at once") }
                }
                return log.entries
            }
            #expect(entries == ["at once", "first", "second", "third"])
        }
    }

    @Test func cancelledTimersDoNotFire() async throws {
        try await withLoop { loop in
            let entries = try await loop.perform {
                let log = Log()
                await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                    let cancelled = loop.schedule(after: .zero) { log.add("cancelled") }
                    loop.cancel(cancelled)
                    loop.schedule(after: .zero) {
                        log.add("fired")
                        done.resume()
                    }
                }
                return log.entries
            }
            #expect(entries == ["fired"])
        }
    }

    @Test func cancellingAFiredTimerDoesNothing() async throws {
        try await withLoop { loop in
            try await loop.perform {
                var fired: TimerID?
                await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                    fired = loop.schedule(after: .zero) { done.resume() }
                }
                loop.cancel(fired!)
            }
        }
    }

    @Test func manySleepsEndTogether() async throws {
        try await withLoop { loop in
            let ended = try await loop.perform {
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for i in 0..<2000 {
                        group.addTask {
                            try await loop.sleep(for: .microseconds(i % 7))
                            return 1
                        }
                    }
                    return try await group.reduce(0, +)
                }
            }
            #expect(ended == 2000)
        }
    }

    @Test func sleepCanBeCancelledFromAnyThread() async throws {
        try await withLoop { loop in
            let sleeper = loop.start { try await loop.sleep(for: .seconds(3600)) }
            try await loop.perform { await loop.yieldToIO() }
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test func sleepOfACancelledTaskEndsAtOnce() async throws {
        try await withLoop { loop in
            let sleeper = loop.start {
                while !Task.isCancelled { await loop.yieldToIO() }
                try await loop.sleep(for: .seconds(3600))
            }
            sleeper.cancel()
            await #expect(throws: CancellationError.self) { try await sleeper.value }
        }
    }

    @Test func sleepWorksFromElsewhere() async throws {
        try await withLoop { loop in try await loop.sleep(for: .microseconds(10)) }
    }

    @Test func veryLongDelaysAreNoOverflow() async throws {
        try await withLoop { loop in
            try await loop.perform {
                loop.cancel(loop.schedule(after: .seconds(Int64.max)) {})
                loop.schedule(after: .seconds(Int64.max / 1_000_000_000)) {}
                await loop.yieldToIO()
            }
        }
    }
}
