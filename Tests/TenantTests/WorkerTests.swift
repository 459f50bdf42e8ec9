import CSandbox
import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

@Suite(.serialized, .timeLimit(.minutes(2))) struct WorkerTests {
    init() { useBuiltWorker() }

    private static let patient = TenantOptions.with {
        $0.level = .process
        $0.maxRestarts = 1_000_000
        $0.wall = .milliseconds(300)
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGSTOP]) func aWorkerThatIsStruckLosesTheCallInFlightOnly(signal: Int32)
        async throws
    {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", Self.patient)
            let module = try await tenant.run(
                "return { add = function(a, b) return a + b end, nap = function() require('mf').sleep(1e5) end }")
            for round in 1...5 {
                #expect(try await sandbox.call(module["add"], .integer(Int64(round)), 1) == .integer(Int64(round + 1)))
                let worker = try #require(tenant.workerProcessID)
                async let nap = sandbox.call(module["nap"])
                await sandbox.loop.yieldToIO()
                kill(worker, signal)
                do {
                    _ = try await nap
                    Issue.record("the call went on without its worker")
                } catch let error as MFError {
                    #expect([.workerDied, .limitWall].contains(error.code), "\(error)")
                }
            }
            #expect(try await sandbox.call(module["add"], 1, 1) == 2)
        }
    }

    /// What happens while calls are made. Used on the loop's thread.
    private final class Record: @unchecked Sendable {
        var struck: Set<Int> = []
        var answered = 0
        var lost = 0
        var next = 0
    }

    /// Some calls, or 1,000 with `MFLUA_SOAK`; four at a time, while their worker is struck at random moments. They go on
    /// until some strikes have been felt, however fast the machine is.
    @Test(arguments: [SIGKILL, SIGSEGV, SIGSTOP]) func aWorkerThatIsStruckAtRandomMomentsLosesTheCallsInFlightOnly(
        signal: Int32
    ) async throws {
        // What is stopped is found out at the wall limit only: fewer of these.
        let (calls, strikes) = getenv("MFLUA_SOAK") != nil ? (1000, 3) : signal == SIGSTOP ? (32, 1) : (100, 3)
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", Self.patient)
            let module = try await tenant.run(
                """
                local mf = require("mf")
                return function(n)
                  for i = 1, n * 100 do end
                  if n % 3 == 0 then mf.sleep(n % 7) end
                  return n + 1
                end
                """)
            let record = Record()
            let lanes = (1...4).map { _ in
                sandbox.loop.start {
                    while record.next < calls || record.struck.count < strikes || record.lost == 0 {
                        record.next += 1
                        let number = Int64(record.next)
                        let generation = tenant.stats.generation
                        do {
                            let answer = try await sandbox.call(module, .integer(number))
                            #expect(answer == .integer(number + 1))
                            record.answered += 1
                        } catch let error as MFError {
                            #expect([.workerDied, .limitWall].contains(error.code), "\(error)")
                            #expect(
                                record.struck.contains { $0 >= generation }, "nobody has struck its worker: \(error)")
                            record.lost += 1
                        }
                    }
                }
            }
            let striker = sandbox.loop.start {
                var random = SeededGenerator(seed: UInt64(signal))
                while true {
                    try await sandbox.loop.sleep(for: .microseconds(Int64.random(in: 0...40_000, using: &random)))
                    guard let worker = tenant.workerProcessID else { continue }
                    // One that is stopped while it starts is waited for as long as a start may take.
                    let hasStarted = (tenant.instance as? WorkerSandbox)?.isSetUp == true
                    if signal == SIGSTOP, !hasStarted { continue }
                    record.struck.insert(tenant.stats.generation)
                    kill(worker, signal)
                }
            }
            for lane in lanes { try await lane.value }
            striker.cancel()
            _ = await striker.result
            #expect(record.answered + record.lost == record.next && record.answered > 0)
            #expect(record.lost <= 4 * record.struck.count, "more than were in flight")
            await Self.expectEventually(5) { try await sandbox.call(module, 1) == 2 }
        }
    }

    /// A call whose worker was struck last may still be the one that finds that out.
    private static func expectEventually(_ tries: Int, _ body: () async throws -> Bool) async {
        for _ in 1...tries {
            if (try? await body()) == true { return }
        }
        Issue.record("never in \(tries) tries")
    }

    @Test func aBlockedCallOfAStoppedWorkerEnds() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", Self.patient)
            #expect(try tenant.runNow(Array("return 1".utf8), name: "=one") == [1])
            let worker = try #require(tenant.workerProcessID)
            kill(worker, SIGSTOP)
            // The signal takes its time: until it is there the worker goes on answering.
            var stopped = siginfo_t()
            waitid(P_PID, id_t(worker), &stopped, WSTOPPED | WNOWAIT)
            expectMFError(.limitWall) { try tenant.runNow(Array("return 1".utf8), name: "=one") }
            #expect(try tenant.runNow(Array("return 2".utf8), name: "=two") == [2])
        }
    }

    /// An object of the host's.
    private final class Thing: LuaObject {
        static let luaTypeName = "test.Thing"
        func luaGet(_ key: LuaKey) -> LuaValue { .nil }
    }

    @Test func whatWasNotSentIsNotNumbered() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .process)
            let module = try await tenant.run("return function(...) return select('#', ...) end")
            let worker = try #require(tenant.instance as? WorkerSandbox)
            let before = worker.numberedCount
            let function = LuaCallable("function") { _ in [] }
            let huge = LuaValue.string(String(repeating: "x", count: 2 << 20))
            for _ in 1...5 {
                await expectMFError(.limitMessageSize) {
                    try await tenant.run("return 1", .object(Thing()), .callable(function), huge)
                }
                await expectMFError(.limitMessageSize) {
                    try await sandbox.call(module, .callable(function), .object(Thing()), huge)
                }
            }
            #expect(worker.numberedCount == before)
            #expect(try await sandbox.call(module, .object(Thing()), .callable(function)) == 2)
        }
    }

    @Test func theWorkerIsLockedUp() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .process)
            _ = try await tenant.run("return 1")
            let worker = try #require(tenant.workerProcessID)
            let status = try Self.read("/proc/\(worker)/status")
            #expect(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"))
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "shadow memory is not limited"))
    func aWorkerThatWasTakenOverGetsNoMemoryThatIsNotCounted() async throws {
        let result = try await ChildProcess.run(Places.products + "/locked-up", ["memory"])
        let given = result.output.split(separator: "\n").filter { $0.hasSuffix(": given") }
        #expect(given == ["private memory: given"], "\(result)")
        #expect(result.output.split(separator: "\n").count == 9, "\(result)")
    }

    @Test func aWorkerThatWasTakenOverUsesItsProcessorTimeAndNoMore() async throws {
        let program = Places.products + "/locked-up"
        // On one thread: a worker ends with the thread that has started it.
        let status = try await blocking {
            var (sockets, worker, status) = ([Int32](repeating: -1, count: 2), pid_t(), Int32())
            try #require(sandbox_socket_pair(&sockets) == 0)
            defer { for socket in sockets { close(socket) } }
            try #require(sandbox_spawn(program, "spin", sockets[1], &worker) == 0)
            sandbox_limit_cpu(worker, 1)
            try #require(waitpid(worker, &status, 0) == worker)
            return status
        }
        #expect(status & 0x7F == SIGXCPU)
    }

    @Test func theKernelLimitsTheProcessorTimeOfEveryWorker() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .process)
            _ = try await tenant.run("return 1")
            let worker = try #require(tenant.workerProcessID)
            let limits = try Self.read("/proc/\(worker)/limits").split(separator: "\n")
            let line = try #require(limits.first { $0.hasPrefix("Max cpu time") })
            let seconds = try #require(line.split(separator: " ").dropFirst(3).first.flatMap { Int($0) }, "\(line)")
            #expect((1...20).contains(seconds))
        }
    }

    @Test func theWorkerHasNoEnvironmentButWhatKeepsItsCrashesShort() async throws {
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .process)
            _ = try await tenant.run("return 1")
            let worker = try #require(tenant.workerProcessID)
            #expect(try Self.read("/proc/\(worker)/environ") == "SWIFT_BACKTRACE=enable=no\0")
        }
    }

    @Test func aWorkerThatTheKernelDoesNotLockUpRunsNothing() async throws {
        TenantWorker.executable = Places.products + "/refuse-seccomp"
        defer { useBuiltWorker() }
        try await withSandboxedState { sandbox in
            let tenant = sandbox.tenant("acme", .process)
            let refusal = await expectMFError(.levelUnavailable) { try await tenant.run("return 1") }
            #expect(refusal?.message == "the kernel refuses to lock the worker up: Operation not permitted")
            #expect(refusal?["tenant"] == "acme" && refusal?.hint?.contains("never runs weaker than asked") == true)
            expectMFError(.levelUnavailable) { try tenant.runNow(Array("return 1".utf8), name: "=one") }
            #expect(tenant.workerProcessID == nil, "none is left behind")
            for _ in 1...5 { await expectMFError(.levelUnavailable) { try await tenant.run("return 1") } }
            #expect(
                tenant.stats.violations.isEmpty && tenant.suspension == nil && sandbox.events.isEmpty, "no fault of its"
            )
            #expect(tenant.stats.generation == 1, "what is refused is not tried again at once")
        }
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw MFError(.luaRuntime, "cannot read \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
