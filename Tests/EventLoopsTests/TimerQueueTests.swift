import Testing

@testable import EventLoops

@Suite(.timeLimit(.minutes(2))) struct TimerQueueTests {
    private func numbers(_ queue: inout TimerQueue, at now: Int64) -> Int {
        var count = 0
        while queue.popDue(at: now, before: .max) != nil { count += 1 }
        return count
    }

    @Test func onlyDueTimersAreTaken() {
        var queue = TimerQueue()
        for deadline in [30, 10, 20] as [Int64] { _ = queue.add(deadline: deadline, .call {}) }
        #expect(queue.nextDeadline() == 10)
        #expect(numbers(&queue, at: 20) == 2)
        #expect(queue.nextDeadline() == 30)
    }

    @Test func timersBeyondTheHorizonWait() {
        var queue = TimerQueue()
        let horizon = queue.horizon
        _ = queue.add(deadline: 1, .call {})
        #expect(queue.popDue(at: 5, before: horizon) == nil)
        #expect(queue.popDue(at: 5, before: queue.horizon) != nil)
    }

    @Test func cancelledTimersDoNotPileUp() {
        var queue = TimerQueue()
        _ = queue.add(deadline: .max, .call {})
        for i in 0..<100_000 {
            queue.remove(queue.add(deadline: Int64(1_000_000 + i), .call {}))
        }
        #expect(queue.entryCount < 200)
        #expect(queue.nextDeadline() == .max)
    }

    @Test func removingReturnsTheActionOnce() {
        var queue = TimerQueue()
        let timer = queue.add(deadline: 1, .call {})
        #expect(queue.remove(timer) != nil)
        #expect(queue.remove(timer) == nil)
        #expect(queue.isEmpty)
        #expect(queue.nextDeadline() == nil)
    }
}
