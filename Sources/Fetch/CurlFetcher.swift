internal import Diagnostics
public import EventLoops

/// Fetches over the network, with libcurl, on a loop.
///
/// Connections are kept and shared by all fetches of one fetcher, HTTP/2 is used where the server offers it. libcurl is
/// opened at the first fetch that needs it, or by ``warmUp()``.
public final class CurlFetcher: Fetcher, @unchecked Sendable {
    // `fetch` and `close` go to `loop` first, `deinit` too; the functions that libcurl calls back are called there.
    private let loop: EventLoop
    private var pump: CurlPump?
    private var isClosed = false
    private let limits: FetchLimits

    /// Makes a fetcher for a loop.
    public init(loop: EventLoop, limits: FetchLimits = FetchLimits()) {
        (self.loop, self.limits) = (loop, limits)
    }

    public func separated(_ limits: FetchLimits) -> any Fetcher { CurlFetcher(loop: loop, limits: limits) }

    deinit {
        // No fetch is under way: it would keep the fetcher.
        if let pump { loop.runOnLoop { pump.close() } }
    }

    /// Opens libcurl on another thread, so that the first fetch need not wait for it. From any thread.
    public static func warmUp() {
        CurlOpener.begin()
    }

    public func close() {
        loop.runOnLoop {
            self.isClosed = true
            self.pump?.close()
            self.pump = nil
        }
    }

    public func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        guard loop.isOnLoop else {
            return try await loop.perform { try await self.fetch(request) }
        }
        if let url = URLParts(request.url), url.scheme == "file" { return try readFile(request, url) }
        let deadline = loop.now + request.timeout
        return try await follow(request) { request, url in
            try request.checkSendable()
            guard !isClosed else { throw MFError.fetchCancelled(request) }
            return try await openPump().fetch(request, url, until: deadline)
        }
    }

    private func openPump() throws -> CurlPump {
        if let pump { return pump }
        let new = try CurlPump(loop: loop, library: CurlLibrary.shared.get(), limits: limits)
        new.onIdle = { [weak self] in
            self?.pump?.close()
            self?.pump = nil
        }
        loop.atStop { [weak new] in new?.close() }
        pump = new
        return new
    }
}
