import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Connections are shared, counted and closed.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherLimitsTests {
    @Test func aSeparatedFetcherSharesNoConnection() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let other = fetcher.separated(FetchLimits(transfersPerServer: 1))
            _ = try await fetcher.fetch(server.url)
            _ = try await other.fetch(server.url)
            _ = try await other.fetch(server.url)
            #expect(server.connectionCount == 2)
            other.close()
            await expectMFError(.fetchCancelled) { try await other.fetch(server.url) }
            _ = try await fetcher.fetch(server.url)
        }
    }

    @Test func idleConnectionsAreClosedAndOpenedAgain() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let other = fetcher.separated(FetchLimits(idleTime: .milliseconds(1)))
            for count in 1...2 {
                _ = try await other.fetch(server.url)
                for await _ in server.closings { break }
                #expect(server.connectionCount == count)
            }
            other.close()
        }
    }

    @Test func bodiesUnderWayAreBoundedTogether() async throws {
        let body = [UInt8](repeating: 120, count: 40_000)
        try await withServer({ request in
            request.path == "/held" ? [.reply(200, [], body, length: 50_000), .hold] : [.reply(200, [], body)]
        }) { fetcher, server in
            let other = fetcher.separated(FetchLimits(bytesUnderWay: 60_000))
            let url = server.url
            _ = try await other.fetch(url + "/first")
            async let held = other.fetch(url + "/held")
            while server.paths.last != "/held" { await Task.yield() }
            var failure: (any Error)?
            // The held body's bytes are on their way: until they have come, there is room for another.
            while failure == nil { do { _ = try await other.fetch(url + "/more") } catch { failure = error } }
            #expect((failure as? MFError)?.code == .fetchTooLarge)
            other.close()
            _ = try? await held
        }
    }

    @Test func connectionsAreKept() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            for _ in 0..<10 { _ = try await fetcher.fetch(server.url) }
            #expect(server.connectionCount == 1)
        }
    }

    @Test func manyFetchesRunAtATime() async throws {
        try await withServer({ request in [.text(request.path)] }) { fetcher, server in
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for i in 0..<300 { group.addTask { try await fetcher.fetch(server.url + "/\(i)").text } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<300).map { "/\($0)" }))
            #expect(server.connectionCount <= 32)
        }
    }

    @Test func theDeadlineCountsWhileWaitingForAConnection() async throws {
        try await withServer({ _ in [.hold] }) { fetcher, server in
            let codes = await withTaskGroup(of: MFError.Code?.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        do {
                            _ = try await fetcher.fetch(FetchRequest(url: server.url, timeout: .milliseconds(100)))
                            return nil
                        } catch {
                            return (error as? MFError)?.code
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count == 40)
            #expect(codes.allSatisfy { $0 == .fetchTimeout })
        }
    }
}
