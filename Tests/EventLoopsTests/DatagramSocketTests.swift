import EventLoops
import TestSupport
import Testing

/// Sockets for UDP.
@Suite(.timeLimit(.minutes(1))) struct DatagramSocketTests {
    private static func withSocket<T: Sendable>(
        _ body: @Sendable @escaping (EventLoop, DatagramSocket) async throws -> T
    ) async throws -> T {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        return try await loop.perform {
            let address = try #require(try SocketAddress.addresses(of: "127.0.0.1", port: 9).first)
            let descriptor = try await loop.connect(to: address, isDatagram: true)
            let socket = DatagramSocket(descriptor, on: loop)
            defer { socket.close() }
            return try await body(loop, socket)
        }
    }

    @Test func whoWaitsIsToldOfTheEnd() async throws {
        let received = try await Self.withSocket { loop, socket in
            let waiting = loop.startNow { try await socket.receive() }
            socket.close()
            return try await waiting.value
        }
        #expect(received == nil)
    }

    @Test func aSecondReaderIsRefusedUntilTheFirstHasLeft() async throws {
        try await Self.withSocket { loop, socket in
            let first = loop.startNow { try await socket.receive() }
            await #expect(throws: ReadingFailure.busy) { try await socket.receive() }
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            let second = loop.startNow { try await socket.receive() }
            socket.close()
            let received = try await second.value
            #expect(received == nil)
        }
    }
}
