@testable import EventLoops
import Testing

/// Work that is done once and awaited by many.
struct SingleFlightTests {
    private let loop = EventLoop()

    @Test func thoseWhoWaitGoOnInTheirOrder() async throws {
        let order = try await loop.perform { [loop] in
            let gate = Gate()
            let flight = SingleFlight(on: loop, Activity("work")) { await gate.opened() }
            let order = Order()
            let tasks = (1...3).map { number in
                loop.start {
                    try await flight.value
                    order.append(number)
                }
            }
            await loop.yieldToIO()
            gate.open()
            for task in tasks { try await task.value }
            return order.numbers
        }
        #expect(order == [1, 2, 3])
        loop.stop()
    }

    @Test func oneWhoIsCancelledLeavesAndTheOthersGetTheResult() async throws {
        let gate = Gate()
        try await loop.perform { [loop] in
            let flight = SingleFlight(on: loop, Activity("work")) { await gate.opened() }
            let leaving = loop.start { try await flight.value }
            let staying = loop.start { try await flight.value }
            await loop.yieldToIO()
            leaving.cancel()
            await #expect(throws: CancellationError.self) { try await leaving.value }
            gate.open()
            try await staying.value
        }
        loop.stop()
    }

    @Test func workThatATaskOfItsOwnWaitedForIsLetGo() {
        weak var kept: Audience?
        do {
            let audience = Audience()
            kept = audience
            Audience.$current.withValue(audience) { audience.join(1) }
            audience.end()
        }
        #expect(kept == nil)
    }
}

/// Opened once.
private final class Gate: @unchecked Sendable {
    // Used on one loop only.
    private var isOpen = false
    private var waiter: CheckedContinuation<Void, Never>?

    func opened() async {
        if isOpen { return }
        await withCheckedContinuation { waiter = $0 }
    }

    func open() {
        isOpen = true
        waiter?.resume()
        waiter = nil
    }
}

/// Numbers in the order in which they came.
private final class Order: @unchecked Sendable {
    // Used on one loop only.
    private(set) var numbers: [Int] = []
    func append(_ number: Int) { numbers.append(number) }
}
