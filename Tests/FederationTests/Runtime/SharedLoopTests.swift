import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Runtimes that run on one loop, and runtimes that use each other.
@Suite(.timeLimit(.minutes(1))) struct SharedLoopTests {
    private func pair() async throws -> (owner: Runtime, guest: Runtime) {
        let owner = try Runtime()
        return (owner, try Runtime(configuration: RuntimeConfiguration(loop: owner.loop)))
    }

    @Test func guestThatEndsFirstLeavesTheOwnerWorking() async throws {
        let (owner, guest) = try await pair()
        let answer = try await guest.evaluate("return 6 * 7")
        #expect(answer == [42])
        await guest.shutdown()
        let other = try await owner.evaluate("return 1")
        #expect(other == [1])
        await owner.shutdown()
    }

    @Test func guestOfALoopThatHasStoppedEnds() async throws {
        let (owner, guest) = try await pair()
        await owner.shutdown()
        await expectMFError(.loopStopped) { try await guest.evaluate("return 1") }
        await guest.shutdown()
    }

    @Test func codeThatIsCalledWhileARuntimeEndsIsStopped() async throws {
        let (owner, guest) = try await pair()
        let spinning = Task { try await guest.evaluate("while true do end") }
        await guest.shutdown()
        await #expect(throws: (any Error).self) { try await spinning.value }
        #expect(guest.state.isClosed)
        let answer = try await owner.evaluate("return 1")
        #expect(answer == [1])
        await owner.shutdown()
    }

    @Test func runtimeMadeAndEndedOnTheLoopOfAnotherEnds() async throws {
        let owner = try Runtime()
        let answer = try await owner.loop.perform {
            let inner = try Runtime()
            let answer = try await inner.evaluate("return 6 * 7")
            await inner.shutdown()
            return answer
        }
        #expect(answer == [42])
        await owner.shutdown()
    }

    @Test func guestMadeAndEndedOnTheLoopEnds() async throws {
        let owner = try Runtime()
        try await owner.loop.perform {
            let guest = try Runtime(configuration: RuntimeConfiguration(loop: owner.loop))
            let answer = try await guest.evaluate("return 6 * 7")
            #expect(answer == [42])
            await guest.shutdown()
            #expect(guest.state.isClosed)
        }
        await owner.shutdown()
    }

    @Test func runtimeThatEndsItselfOnItsLoopEnds() async throws {
        let runtime = try Runtime()
        try await runtime.loop.perform { await runtime.shutdown() }
        #expect(runtime.state.isClosed)
    }
}
