import Diagnostics
import EventLoops
import Glibc
import Synchronization
import TestSupport
import Testing

/// Runs a body with a loop that is stopped and joined afterwards.
@discardableResult func withLoop<T>(_ body: (EventLoop) async throws -> T) async throws -> T {
    let loop = EventLoop(name: "test")
    defer {
        loop.stop()
        loop.join()
    }
    return try await body(loop)
}

/// What happened, in order. Confined to a loop's thread.
final class Log: @unchecked Sendable {
    var entries: [String] = []
    func add(_ entry: String) { entries.append(entry) }
}

actor OnLoop {
    let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    init(_ loop: EventLoop) { self.loop = loop }
    func isOnLoop() -> Bool { loop.isOnLoop }
}

/// As a timer's or descriptor's callback would.
private func assumeIsolated(_ actor: OnLoop) {
    actor.assumeIsolated { #expect($0.loop.isOnLoop) }
}

@Suite(.timeLimit(.minutes(2))) struct EventLoopTests {
    @Test func eachOwnerHasOneTurnHoweverManyTasksItHas() async throws {
        try await withLoop { loop in
            let log = Log()
            try await loop.perform {
                let many = Log(), single = Log()
                let turns = [("m1", many), ("m2", many), ("m3", many), ("s1", single)].map { name, owner in
                    loop.start {
                        await loop.yieldFairly(owner)
                        log.add(name)
                    }
                }
                for turn in turns { try await turn.value }
                #expect(!loop.hasTurnsWaiting(many))
            }
            #expect(log.entries == ["m1", "s1", "m2", "m3"])
        }
    }

    @Test func whatGivesWayLetsQueuedWorkGoFirst() async throws {
        try await withLoop { loop in
            let log = Log()
            try await loop.perform {
                let owners = [Log(), Log(), Log()]
                let turns = owners.indices.map { index in
                    loop.start {
                        await loop.yieldFairly(owners[index])
                        log.add("turn")
                        loop.submit { log.add("work") }
                    }
                }
                for turn in turns { try await turn.value }
                await loop.yieldToIO()
            }
            #expect(log.entries == ["turn", "work", "turn", "work", "turn", "work"])
        }
    }

    @Test func performRunsOnTheLoopAndReturns() async throws {
        try await withLoop { loop in
            #expect(!loop.isOnLoop)
            let isOnLoop = try await loop.perform { loop.isOnLoop }
            #expect(isOnLoop)
        }
    }

    @Test func performOnTheLoopCallsStraightThrough() async throws {
        try await withLoop { loop in
            let log = Log()
            try await loop.perform {
                loop.submit { log.add("queued") }
                try await loop.perform { log.add("called") }
                log.add("back")
                await loop.yieldToIO()
            }
            let entries = try await loop.perform { log.entries }
            #expect(entries == ["called", "back", "queued"])
        }
    }

    @Test func errorsOfPerformReachTheCaller() async throws {
        try await withLoop { loop in
            await expectMFError(.remoteNotFound) {
                try await loop.perform { throw MFError(.remoteNotFound, "none") }
            }
        }
    }

    @Test func tasksComeBackToTheLoopAfterWaitingElsewhere() async throws {
        try await withLoop { loop in
            let places = try await loop.start {
                var places: [Bool] = []
                let answer = await Task.detached { 42 }.value
                places.append(loop.isOnLoop && answer == 42)
                try await loop.sleep(for: .microseconds(1))
                places.append(loop.isOnLoop)
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask { loop.isOnLoop }
                    for await isOnLoop in group { places.append(isOnLoop) }
                }
                places.append(loop.isOnLoop)
                return places
            }.value
            #expect(places == [true, true, true, true])
        }
    }

    @Test func actorsCanLiveOnTheLoop() async throws {
        try await withLoop { loop in
            let actor = OnLoop(loop)
            #expect(await actor.isOnLoop())
            let isOnLoop = try await loop.perform { await actor.isOnLoop() }
            #expect(isOnLoop)
            try await loop.perform { assumeIsolated(actor) }
        }
    }

    @Test func submittedClosuresRunInOrder() async throws {
        try await withLoop { loop in
            let log = Log()
            for i in 0..<1000 { loop.submit { log.add("\(i)") } }
            let entries = try await loop.perform { log.entries }
            #expect(entries == (0..<1000).map(String.init))
        }
    }

    @Test func manyThreadsCanHandInWork() async throws {
        try await withLoop { loop in
            let log = Log()
            await withTaskGroup(of: Void.self) { group in
                for thread in 0..<4 {
                    group.addTask {
                        for i in 0..<250 {
                            if i.isMultiple(of: 50) {
                                _ = try? await loop.perform { log.add("\(thread)") }
                            } else {
                                loop.submit { log.add("\(thread)") }
                            }
                        }
                    }
                }
            }
            let count = try await loop.perform { log.entries.count }
            #expect(count == 1000)
        }
    }

    @Test func jobsThatKeepComingDoNotStarveTimersAndDescriptors() async throws {
        try await withLoop { loop in
            try await loop.perform {
                let seen = Log()
                var ends: [Int32] = [0, 0]
                pipe(&ends)
                write(ends[1], "x", 1)
                loop.watch(descriptor: ends[0], for: .read) { [ends] _ in
                    loop.unwatch(descriptor: ends[0])
                    seen.add("descriptor")
                }
                loop.schedule(after: .zero) { seen.add("timer") }
                // Each await queues another job; the loop's queue is never empty.
                let busy = loop.start {
                    while seen.entries.count < 2 { await Task { () async in }.value }
                }
                try await busy.value
                #expect(Set(seen.entries) == ["descriptor", "timer"])
                close(ends[0])
                close(ends[1])
            }
        }
    }

    @Test func stopRunsWhatIsQueued() async throws {
        let loop = EventLoop(name: "test")
        let count = Atomic<Int>(0)
        try await loop.perform {
            for _ in 0..<500 {
                loop.submit { count.add(1, ordering: .relaxed) }
                loop.start { count.add(1, ordering: .relaxed) }
            }
            loop.stop()
        }
        loop.join()
        let run = count.load(ordering: .relaxed)
        #expect(run == 1000)
    }

    @Test func stopCancelsSleepsAndRunsStopActions() async throws {
        let loop = EventLoop(name: "test")
        let log = Log()
        let sleeper = loop.start { try await loop.sleep(for: .seconds(3600)) }
        try await loop.perform {
            loop.atStop { log.add("stopping") }
            loop.schedule(after: .seconds(3600)) { log.add("never") }
            await loop.yieldToIO()
        }
        loop.stop()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        loop.join()
        #expect(log.entries == ["stopping"])
    }

    @Test func performOnAStoppedLoopIsRefused() async {
        let loop = EventLoop(name: "test")
        loop.stop()
        loop.join()
        await expectMFError(.loopStopped) { try await loop.perform { 1 } }
    }

    @Test func workThatComesAfterTheEndIsStillRun() async throws {
        let loop = EventLoop(name: "test")
        loop.stop()
        loop.join()
        let isOnLoop = try await loop.start { loop.isOnLoop }.value
        #expect(isOnLoop)
        let isDone = Atomic<Bool>(false)
        loop.submit { isDone.store(true, ordering: .releasing) }
        loop.join()
        let wasRun = isDone.load(ordering: .acquiring)
        #expect(wasRun)
    }
}
