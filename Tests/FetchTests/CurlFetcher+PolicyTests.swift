import Diagnostics
import EventLoops
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// What a policy is asked about.
@Suite(.timeLimit(.minutes(2))) struct CurlFetcherPolicyTests {
    @Test func aPolicyIsAskedAboutTheAddress() async throws {
        let asked = Mutex<[String]>([])
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = "http://localhost:\(server.port)/"
            let policy = FetchPolicy(allowsAddress: { url, address in
                asked.withLock { $0.append("\(url.host ?? "") \(address)") }
                return address == [127, 0, 0, 1]
            })
            let allowed = FetchRequest(url: url, policy: policy)
            let status = try await fetcher.fetch(allowed).status
            #expect(status == 200)
            #expect(asked.withLock { $0 }.contains("localhost [127, 0, 0, 1]"))
        }
    }

    @Test func aRefusedAddressIsNotConnectedTo() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(FetchRequest(url: url, policy: FetchPolicy(allowsAddress: { _, _ in false })))
            }
            #expect(error?.message == "the address of `127.0.0.1` is not allowed")
            #expect(error?["address"] == "127.0.0.1")
            #expect(server.connectionCount == 0)
        }
    }

    @Test func aPolicyIsAskedAboutKeptConnectionsToo() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = server.url
            _ = try await fetcher.fetch(url)
            await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(FetchRequest(url: url, policy: FetchPolicy(allowsAddress: { _, _ in false })))
            }
            #expect(server.paths.count == 1)
        }
    }

    @Test func mappedAddressesAreSeenAsWhatTheyAre() async throws {
        try await withServer({ _ in [.text("ok")] }) { fetcher, server in
            let url = "http://[::ffff:127.0.0.1]:\(server.port)/"
            let error = await expectMFError(.fetchPolicy) {
                try await fetcher.fetch(
                    FetchRequest(
                        url: url, policy: FetchPolicy(allowsAddress: { _, address in address != [127, 0, 0, 1] })))
            }
            #expect(error?["address"] == "127.0.0.1")
        }
    }
}
