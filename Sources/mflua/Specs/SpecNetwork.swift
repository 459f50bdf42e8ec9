import EventLoops
import Fetch
import Synchronization

/// The network of a test: remotes in memory, which fail where the test says so, and the real one behind them.
final class SpecNetwork: Fetcher {
    /// How a remote fails.
    enum Failure: Sendable {
        case status(Int)
        case timeout
        case corrupt
        case slow(Duration)
    }

    private struct Site {
        var files: [String: [UInt8]] = [:]
        var failure: Failure?
    }

    private let sites = Mutex<[String: Site]>([:])
    private let outside: any Fetcher
    private let loop: EventLoop

    init(outside: any Fetcher, loop: EventLoop) { (self.outside, self.loop) = (outside, loop) }

    /// Puts a file in place.
    func serve(_ host: String, _ path: String, _ bytes: [UInt8]) {
        sites.withLock { $0[host, default: Site()].files[path] = bytes }
    }

    /// Has a host fail from now on, or not any more.
    func fail(_ host: String, _ failure: Failure?) {
        sites.withLock { $0[host]?.failure = failure }
    }

    func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        guard let (site, path) = site(of: request.url) else { return try await outside.fetch(request) }
        return try await InMemoryFetcher { [loop] request in
            let found = site.files[path]
            var response = FetchResponse(status: found == nil ? 404 : 200, url: request.url, body: found ?? [])
            switch site.failure {
            case .status(let status): response = FetchResponse(status: status, url: request.url)
            case .timeout: throw request.timedOut()
            case .corrupt: response.body = Array(response.body.prefix(response.body.count / 2)) + [0x00, 0xff]
            case .slow(let delay):
                guard delay < request.timeout else {
                    try await loop.sleep(for: request.timeout)
                    throw request.timedOut()
                }
                try await loop.sleep(for: delay)
            case nil: break
            }
            return response
        }.fetch(request)
    }

    func separated(_ limits: FetchLimits) -> any Fetcher { self }

    func close() { outside.close() }

    private func site(of url: String) -> (Site, path: String)? {
        guard url.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(7)
        let host = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(host.count).prefix { $0 != "?" }
        return sites.withLock { $0[String(host)] }.map { ($0, String(path)) }
    }
}
