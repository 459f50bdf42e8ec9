internal import Diagnostics
public import EventLoop

/// Fetches over the network, with libcurl, on a loop.
///
/// Connections are kept and shared by all fetches of one fetcher, HTTP/2 is used where the server offers it. libcurl is
/// opened at the first fetch that needs it, or by ``warmUp()``.
// Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
public final class CurlFetcher: Fetcher, @unchecked Sendable {
    private let loop: EventLoop
    private var pump: CurlPump?
    private var isClosed = false

    /// Makes a fetcher for a loop.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    deinit {
        // No fetch is under way: it would keep the fetcher.
        if let pump { loop.runOnLoop { pump.close() } }
    }

    /// Opens libcurl on another thread, so that the first fetch need not wait for it. From any thread.
    public static func warmUp() {
        Task.detached { _ = CurlLibrary.shared }
    }

    /// Cancels all transfers and closes all connections; later fetches are refused. From any thread.
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
        guard let parts = URLParts(request.url) else {
            throw MFError.badURL(request, "it contains control characters, or its port is no number up to 65535")
        }
        switch parts.scheme {
        case "file":
            return try readFile(request, parts)
        case "http", "https":
            guard let host = parts.host, !host.isEmpty else { throw MFError.badURL(request, "it has no host") }
            try request.checkSendable()
            guard !isClosed else { throw MFError.fetchCancelled(request) }
            return try await openPump().fetch(request, parts)
        case let scheme?:
            throw MFError.protocolNotAllowed(request, scheme)
        case nil:
            throw MFError.badURL(request, "it has no protocol")
        }
    }

    private func openPump() throws -> CurlPump {
        if let pump { return pump }
        let new = try CurlPump(loop: loop, library: CurlLibrary.shared.get())
        loop.atStop { [weak new] in new?.close() }
        pump = new
        return new
    }
}

extension FetchRequest {
    /// Refuses methods and headers that would let a caller write lines of the request itself.
    func checkSendable() throws {
        guard Self.isToken(method) else { throw MFError.unsendable(self, "the method `\(method)`") }
        for (name, value) in headers {
            let isOneLine = !value.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
            guard Self.isToken(name), isOneLine else { throw MFError.unsendable(self, "the header `\(name)`") }
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
