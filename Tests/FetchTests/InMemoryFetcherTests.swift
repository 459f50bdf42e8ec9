import Diagnostics
import Fetch
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct InMemoryFetcherTests {
    @Test func answersWhatItKnows() async throws {
        let fetcher = InMemoryFetcher(["http://a/x": "text"])
        let response = try await fetcher.fetch("http://a/x")
        #expect(response.text == "text")
        #expect(response.isSuccess)
        #expect(fetcher.requestedURLs == ["http://a/x"])
    }

    @Test func answers404ToTheRest() async throws {
        let fetcher = InMemoryFetcher([:])
        let error = await expectMFError(.fetchStatus) { try await fetcher.fetch("http://u:p@a/x") }
        #expect(error?["status"] == "404")
        #expect(error?["url"] == "http://a/x")
        let status = try await fetcher.fetch(FetchRequest(url: "x", acceptsAnyStatus: true)).status
        #expect(status == 404)
    }

    @Test func theLimitHolds() async throws {
        let fetcher = InMemoryFetcher(["x": "0123456789"])
        await expectMFError(.fetchTooLarge) { try await fetcher.fetch(FetchRequest(url: "x", maxBytes: 9)) }
    }
}
