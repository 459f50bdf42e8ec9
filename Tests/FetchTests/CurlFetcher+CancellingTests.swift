import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Whoever does not wait any more ends the transfer.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherCancellingTests {
    @Test func cancellingTheTaskEndsTheTransfer() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        try await withServer({ _ in
            arrival.yield()
            return [.hold]
        }) { fetcher, server in
            let url = server.url
            let task = Task { try await fetcher.fetch(url) }
            for await _ in arrived { break }
            task.cancel()
            await expectMFError(.fetchCancelled) { try await task.value }
        }
    }

    @Test func aCancelledTaskFetchesNothing() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await fetcher.fetch(url)
            }
            task.cancel()
            await expectMFError(.fetchCancelled) { try await task.value }
            #expect(server.paths.isEmpty)
        }
    }

    @Test func closingEndsWhatIsUnderWay() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        try await withServer({ _ in
            arrival.yield()
            return [.hold]
        }) { fetcher, server in
            let url = server.url
            let task = Task { try await fetcher.fetch(url) }
            for await _ in arrived { break }
            fetcher.close()
            await expectMFError(.fetchCancelled) { try await task.value }
            await expectMFError(.fetchCancelled) { try await fetcher.fetch(url) }
        }
    }

    @Test func stoppingTheLoopEndsWhatIsUnderWay() async throws {
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let server = LoopbackServer { _ in
            arrival.yield()
            return [.hold]
        }
        let loop = EventLoop(name: "test")
        let fetcher = CurlFetcher(loop: loop)
        let url = server.url
        let task = Task { try await fetcher.fetch(url) }
        for await _ in arrived { break }
        loop.stop()
        await expectMFError(.fetchCancelled) { try await task.value }
        loop.join()
        server.stop()
    }
}
