import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// A worker that has been taken over sends what it likes: it is ended, and the host goes on.
struct WorkerFramesTests {
    /// One frame that no sound worker sends.
    struct Wrong: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]

        init(_ name: String, _ frame: WorkerFrame) { (testDescription, bytes) = (name, frame.bytes) }
    }

    private static func terminated(_ code: String, _ figures: [Int64]) -> WorkerFrame {
        WorkerFrame(WorkerFrame.notice, 0, "doomed").adding { frame in
            frame.error(code)
            for figure in figures { frame.integer(figure) }
        }
    }

    private static let edges: [Int64] = [.min, .min + 1, -1]

    static let wrong: [Wrong] =
        edges.flatMap { number in
            [WorkerFrame.request, WorkerFrame.answer, WorkerFrame.failure, WorkerFrame.notice].map {
                Wrong("kind \($0), number \(number)", WorkerFrame($0, number, "call"))
            }
        }
        + [
            Wrong("a request without a number", WorkerFrame(WorkerFrame.request, 0, "call")),
            Wrong("a notice with a number", WorkerFrame(WorkerFrame.notice, 1, "release")),
            Wrong("an answer to what was not asked", WorkerFrame(WorkerFrame.answer, 2)),
            Wrong("an answer to the largest number", WorkerFrame(WorkerFrame.answer, .max)),
            Wrong("an answer to nothing", WorkerFrame(WorkerFrame.answer, 0)),
            Wrong("a failure without an error", WorkerFrame(WorkerFrame.failure, 1)),
            Wrong("another kind", WorkerFrame(5, 1, "call")),
            Wrong("the smallest kind", WorkerFrame(.min, 1, "call")),
            Wrong("a request by another name", WorkerFrame(WorkerFrame.request, 1, "setup")),
            Wrong(
                "a request for the data of what it has no view of",
                WorkerFrame(WorkerFrame.request, 1, "read").adding { $0.integer(1) }),
            Wrong("a notice by another name", WorkerFrame(WorkerFrame.notice, 0, "emit")),
            Wrong("a violation without an error", WorkerFrame(WorkerFrame.notice, 0, "doomed")),
            Wrong("a violation of another kind", terminated("HOST-001", [1, 1, 1])),
            Wrong("a violation without figures", terminated("LIMIT-001", [])),
            Wrong(
                "a list longer than the frame",
                WorkerFrame(WorkerFrame.request, 1, "call").adding {
                    $0.tag(.array)
                    $0.word(.max)
                }),
            Wrong(
                "a text longer than the frame",
                WorkerFrame(WorkerFrame.request, 1, "call").adding {
                    $0.tag(.bytes)
                    $0.word(UInt64(Int64.max))
                }),
            Wrong(
                "a view of the worker's",
                WorkerFrame(WorkerFrame.request, 1, "call").adding {
                    $0.tag(.view)
                    $0.word(1)
                    $0.string("x")
                }),
            Wrong(
                "a function that it was not given",
                WorkerFrame(WorkerFrame.request, 1, "call").adding {
                    $0.tag(.yours)
                    $0.word(.max)
                }),
        ]
        + [Int64.min, -1, .max].flatMap { figure in
            (0..<3).map { place in
                var figures: [Int64] = [1, 1, 1]
                figures[place] = figure
                return Wrong("a violation with the figures \(figures)", terminated("LIMIT-001", figures))
            }
        }

    private static let wrongWaits: [[Int64]] = [[], [1], [1, 1], [1, 0], [0, -1], [1, .max], [1, -1, -1]]

    @Test(arguments: wrongWaits, ["waits", "waited"])
    func aWaitThatIsNotRightEndsTheWorker(numbers: [Int64], name: String) async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop)
            defer { worker.close() }
            let frame = WorkerFrame(WorkerFrame.notice, 0, name)
            worker.hear(frame.adding { for number in numbers { $0.integer(number) } }.bytes)
            #expect(worker.instance.isTerminated, "it was taken")
        }
    }

    @Test(arguments: wrong) func aFrameThatIsNotRightEndsTheWorker(wrong: Wrong) async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop)
            defer { worker.close() }
            worker.hear(wrong.bytes)
            #expect(worker.instance.isTerminated, "it was taken")
        }
    }

    @Test func aDoomWithFiguresIsTheTenants() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop)
            defer { worker.close() }
            worker.hear(Self.terminated("LIMIT-003", [1, 2, 3]).bytes)
            #expect(worker.instance.violation?.code == .limitMemory)
            #expect(worker.instance.usage.peakMemory == 2)
        }
    }

    @Test func aWorkerHasABoundedNumberOfRequestsUnderWay() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop, .with { $0.tasks = 4 })
            defer { worker.close() }
            for number in 1...100 {
                worker.hear(
                    WorkerFrame(WorkerFrame.request, Int64(number), "call", canWait: true)
                        .adding { $0.integer(ForgedWorker.waiting) }.bytes)
            }
            #expect(worker.instance.violation?.code == .limitTasks)
        }
    }

    private static func wait(_ name: String, _ waiter: Int64, _ awaited: Int64) -> [UInt8] {
        WorkerFrame(WorkerFrame.notice, 0, name).adding {
            $0.integer(waiter)
            $0.integer(awaited)
        }.bytes
    }

    @Test func aWorkerHasABoundedNumberOfWaits() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop, .with { $0.tasks = 4 })
            defer { worker.close() }
            for number in 1...100 { worker.hear(Self.wait("waits", -Int64(number), -Int64(number) - 1)) }
            #expect(worker.instance.violation?.code == .limitTasks)
            #expect(worker.instance.peer.mirror?.count == 0)
        }
    }

    @Test func waitsThatEndDoNotCount() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop, .with { $0.tasks = 4 })
            defer { worker.close() }
            for number in 1...1000 {
                worker.hear(Self.wait("waits", -1, -Int64(number) - 1))
                worker.hear(Self.wait("waited", -1, -Int64(number) - 1))
            }
            for (waiter, awaited) in [(-1, .min), (.min, -1), (.max, -1)] as [(Int64, Int64)] {
                worker.hear(Self.wait("waits", waiter, awaited))
                worker.hear(Self.wait("waited", waiter, awaited))
                worker.hear(Self.wait("waited", waiter, awaited))
            }
            #expect(!worker.instance.isTerminated)
            #expect(worker.instance.peer.mirror?.count == 0)
        }
    }

    @Test func aWorkerThatTellsOfWaitsWithoutEndIsEnded() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop, .with { $0.tasks = 1000 })
            defer { worker.close() }
            // Each closes a circle of all that came before.
            for number in 1...1000 { worker.hear(Self.wait("waits", -Int64(number), -Int64(number) - 1)) }
            #expect(!worker.instance.isTerminated)
            for _ in 0..<1000 where !worker.instance.isTerminated { worker.hear(Self.wait("waits", -1000, -1)) }
            #expect(worker.instance.violation?.code == .limitMessageSize)
        }
    }

    @Test func aWorkerThatTakesNothingIsEndedBeforeTheHostKeepsMuchForIt() async throws {
        try await withSandboxedState { sandbox in
            let options = TenantOptions.with { $0.message = 64 << 10 }
            let worker = try ForgedWorker(sandbox.loop, options)
            defer { worker.close() }
            let text = String(repeating: "x", count: 60 << 10)
            for number in 1...1000 where !worker.instance.isTerminated {
                worker.hear(
                    WorkerFrame(WorkerFrame.request, Int64(number), "call", canWait: true).adding {
                        $0.integer(ForgedWorker.waiting)
                        $0.string(text)
                    }.bytes)
                await sandbox.loop.yieldToIO()
                await sandbox.loop.yieldToIO()
            }
            #expect(worker.instance.isTerminated)
        }
    }

    @Test func aWorkerThatKeepsWhatItIsGivenIsEnded() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop, .with { $0.memory = 1 << 20 })
            defer { worker.close() }
            let export = TenantExport(worker.instance, number: 1)
            for _ in 0..<3000 where !worker.instance.isTerminated {
                _ = try? worker.instance.start(
                    export, [.object(TenantImport("function") { _, _ in .done([]) })], canWait: true)
                worker.drain()
            }
            #expect(worker.instance.violation?.code == .limitMemory)
        }
    }

    @Test func aWorkerReadsACollectionOnceForEachTimeItWasSent() async throws {
        try await withSandboxedState { sandbox in
            let worker = try ForgedWorker(sandbox.loop)
            defer { worker.close() }
            let list = LiveList(["a"])
            let export = TenantExport(worker.instance, number: 1)
            for _ in 0..<2 { _ = try? worker.instance.start(export, [.object(list)], canWait: true) }
            let read = (1...3).map { number in
                worker.hear(
                    WorkerFrame(WorkerFrame.request, Int64(number), "read")
                        .adding { $0.integer(ForgedWorker.firstView) }.bytes)
                return !worker.instance.isTerminated
            }
            #expect(read == [true, true, false])
        }
    }

    /// Damaged frames of every kind; a longer run: `MFLUA_FUZZ=1000000`.
    @Test func damagedFramesEndTheWorkerOrAreTaken() async throws {
        let count = getenv("MFLUA_FUZZ").flatMap { Int(String(cString: $0)) } ?? 2_000
        let whole = [
            WorkerFrame(WorkerFrame.answer, 1).adding { for figure in 1...3 { $0.integer(Int64(figure)) } },
            WorkerFrame(WorkerFrame.failure, 1).adding { $0.error("LUA-002") },
            WorkerFrame(WorkerFrame.request, 1, "call").adding {
                $0.integer(ForgedWorker.printing)
                $0.string("text")
            },
            WorkerFrame(WorkerFrame.request, 2, "call", canWait: true).adding {
                $0.integer(ForgedWorker.waiting)
                $0.tag(.record)
                $0.word(1)
                $0.string("key")
                $0.tag(.array)
                $0.word(1)
                $0.tag(.ours)
                $0.word(7)
                $0.word(0)
            },
            WorkerFrame(WorkerFrame.notice, 0, "release").adding { $0.integer(ForgedWorker.printing) },
            WorkerFrame(WorkerFrame.notice, 0, "forget").adding { $0.integer(9) },
            Self.terminated("LIMIT-001", [1, 2, 3]),
        ].map(\.bytes)
        let (taken, ended) = try await withSandboxedState { sandbox in
            var mutator = ByteMutator(seed: 0xF4A3)
            var (taken, ended) = (0, 0)
            var worker = try ForgedWorker(sandbox.loop)
            for round in 0..<count {
                worker.hear(mutator.damaged(whole[round % whole.count]))
                // What is shown of it afterwards is read without a trap, too.
                _ = (worker.instance.usage.cpu + worker.instance.usage.cpu).nanoseconds
                if worker.instance.isTerminated {
                    ended += 1
                    worker.close()
                    worker = try ForgedWorker(sandbox.loop)
                } else {
                    taken += 1
                    worker.drain()
                }
                if round % 64 == 0 { await sandbox.loop.yieldToIO() }
            }
            worker.close()
            return (taken, ended)
        }
        #expect(taken > count / 20 && ended > count / 20, "\(taken) taken, \(ended) ended")
    }
}
