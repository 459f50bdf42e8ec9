import EventLoops
import Fetch
import TestSupport

/// Runs a body with a fetcher and a server, both ended afterwards.
@discardableResult func withServer<T>(
    _ answer: @escaping @Sendable (LoopbackServer.Request) -> [LoopbackServer.Step],
    _ body: (CurlFetcher, LoopbackServer) async throws -> T
) async throws -> T {
    let server = LoopbackServer(answer)
    let loop = EventLoop(name: "test")
    let fetcher = CurlFetcher(loop: loop)
    defer {
        fetcher.close()
        loop.stop()
        loop.join()
        server.stop()
    }
    return try await body(fetcher, server)
}

/// `hello ` twenty times, compressed.
let packedHello: [UInt8] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 160, 59, 9, 0, 47, 250, 248, 72, 120, 0, 0, 0,
]
