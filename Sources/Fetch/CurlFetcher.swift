internal import Diagnostics
public import EventLoops

/// Fetches over the network, with libcurl, on a loop.
///
/// Connections are kept and shared by all fetches of one fetcher, HTTP/2 is used where the server offers it. libcurl is
/// opened at the first fetch that needs it, or by ``warmUp()``.
// Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
public final class CurlFetcher: Fetcher, @unchecked Sendable {
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
        guard var parts = URLParts(request.url) else {
            throw MFError.badURL(request, "it contains control characters, or its port is no number up to 65535")
        }
        if let policy = request.policy, parts.scheme != "file", !policy.allows(parts) {
            throw MFError.urlNotAllowed(request)
        }
        switch parts.scheme {
        case "file":
            return try readFile(request, parts)
        case "http", "https":
            guard let host = parts.host, !host.isEmpty else { throw MFError.badURL(request, "it has no host") }
            guard let ascii = HostName.ascii(host) else {
                throw MFError.badURL(request, "the host's name `\(host)` cannot be written in ASCII")
            }
            parts.host = ascii
            try request.checkSendable()
            guard !isClosed else { throw MFError.fetchCancelled(request) }
            if request.maxRedirects > 0, request.onPart == nil, request.hasOwnHeaders {
                return try await follow(request, { self.loop.now }) { try await self.fetch($0) }
            }
            return try await openPump().fetch(request, parts)
        case let scheme?:
            throw MFError.protocolNotAllowed(request, scheme)
        case nil:
            throw MFError.badURL(request, "it has no protocol")
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
