import EventLoops
import TestSupport
import Testing

/// A clock that is put forward.
@Suite(.timeLimit(.minutes(1))) struct LoopClockTests {
    private func withLoop<T: Sendable>(_ body: @escaping @Sendable (EventLoop) async throws -> T) async throws -> T {
        let loop = try EventLoop.start(clock: LoopClock())
        defer {
            loop.stop()
            loop.join()
        }
        return try await loop.perform { try await body(loop) }
    }

    @Test func timersRunInTheirOrderAndAtTheirTime() async throws {
        let (fired, hours) = try await withLoop { loop in
            let fired = Locked<[String]>([])
            let start = loop.now
            for (name, minutes) in [("late", 120), ("early", 30), ("never", 181)] {
                loop.schedule(after: .seconds(minutes * 60)) {
                    let passed = start.duration(to: loop.now)
                    fired.withLock { $0.append("\(name) after \(passed.components.seconds / 60)") }
                }
            }
            await loop.advance(by: .seconds(180 * 60))
            return (fired.withLock { $0 }, start.duration(to: loop.now).components.seconds / 3600)
        }
        #expect(fired == ["early after 30", "late after 120"])
        #expect(hours == 3)
    }

    @Test func aTimerThatIsSetOnTheWayRunsOnTheWay() async throws {
        let count = try await withLoop { loop in
            let count = Locked(0)
            @Sendable func again() {
                count.withLock { $0 += 1 }
                loop.schedule(after: .seconds(10)) { again() }
            }
            loop.schedule(after: .seconds(10)) { again() }
            await loop.advance(by: .seconds(95))
            return count.withLock { $0 }
        }
        #expect(count == 9)
    }

    @Test func whatASleepBeginsRunsBeforeTheNextTimer() async throws {
        let steps = try await withLoop { loop in
            let steps = Locked<[String]>([])
            let task = loop.start {
                try await loop.sleep(for: .seconds(5))
                for _ in 0..<20 { await Task.yield() }
                steps.withLock { $0.append("slept") }
            }
            loop.schedule(after: .seconds(6)) { steps.withLock { $0.append("timer") } }
            await loop.yieldToIO()
            await loop.advance(by: .seconds(10))
            try await task.value
            return steps.withLock { $0 }
        }
        #expect(steps == ["slept", "timer"])
    }
}
