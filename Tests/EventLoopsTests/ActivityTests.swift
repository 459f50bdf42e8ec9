import EventLoops
import Testing

/// Who waits for whom, where a task goes from one loop to another.
@Suite struct ActivityTests {
    @Test func activityOfAnotherLoopDoesNotWaitForTheOnesOfThisLoop() async throws {
        let (first, second) = (EventLoop(name: "first"), EventLoop(name: "second"))
        try await first.perform {
            let outer = Activity("outer")
            try await outer.run {
                try await second.perform {
                    #expect(Activity.current == nil)
                    let inner = Activity("inner")
                    try await inner.run {
                        #expect(Activity.current === inner)
                        #expect(inner.waitsBehind.isEmpty)
                    }
                }
                #expect(Activity.current === outer)
                #expect(!outer.isWaiting)
            }
        }
        first.stop()
        second.stop()
    }

    @Test func activityIsFoundAgainWhereATaskComesBackToItsLoop() async throws {
        let loop = EventLoop(name: "loop")
        try await loop.perform {
            let outer = Activity("outer")
            try await outer.run {
                let found = try await Task.detached { [current = Activity.running] in
                    try await Activity.$running.withValue(current) {
                        try await loop.perform { Activity.current === outer }
                    }
                }.value
                #expect(found)
            }
        }
        loop.stop()
    }
}
