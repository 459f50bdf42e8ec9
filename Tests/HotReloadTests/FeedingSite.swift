import Federation
import Fetch
import HotReload
import LuaBridge
import Synchronization

/// A server in memory that tells what changes, and a watching host whose updates can be awaited.
final class FeedingSite: @unchecked Sendable {
    private struct State {
        var files: [String: String] = [:]
        var asked: [FetchRequest] = []
        var listeners: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
        var number = 0
        var answersFeed: Int? = 200
    }

    let runtime: Runtime
    private let state = Mutex(State())
    private let reloader: HotReloader
    private var events: AsyncStream<HotReloader.Event>.Iterator
    private let connections: AsyncStream<Int>
    private var connected: AsyncStream<Int>.Iterator

    /// - Parameter feed: The status that the feed answers with; 200 as a server that tells what changes.
    init(feed: Int = 200, watches: Bool = true, _ files: [String: String]) async throws {
        state.withLock {
            $0.files = files
            $0.answersFeed = feed
        }
        let (connections, connection) = AsyncStream<Int>.makeStream()
        self.connections = connections
        connected = connections.makeAsyncIterator()
        let (stream, continuation) = AsyncStream<HotReloader.Event>.makeStream()
        events = stream.makeAsyncIterator()
        let box = Box()
        runtime = try Runtime(
            configuration: RuntimeConfiguration(
                fetcher: InMemoryFetcher { try await box.answer($0) }, logLevel: "critical", watchesFiles: watches))
        reloader = try await HotReloader.start(for: runtime) { continuation.yield($0) }
        box.site.withLock { $0 = { [unowned self] in try await self.answer($0, connection) } }
        try await run("mf = require('mf')")
    }

    /// The site that answers, once it is made.
    private final class Box: Sendable {
        let site = Mutex<(@Sendable (FetchRequest) async throws -> FetchResponse)?>(nil)
        func answer(_ request: FetchRequest) async throws -> FetchResponse {
            try await site.withLock { $0 }?(request) ?? FetchResponse(status: 500, url: request.url)
        }
    }

    private func answer(
        _ request: FetchRequest, _ connection: AsyncStream<Int>.Continuation
    ) async throws -> FetchResponse {
        state.withLock { $0.asked.append(request) }
        guard request.url.hasSuffix("/.mflua/events") else {
            guard let text = state.withLock({ $0.files[request.url] }) else {
                return FetchResponse(status: 404, url: request.url)
            }
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
        let status = state.withLock { $0.answersFeed ?? 200 }
        let header = FetchResponse(
            status: status, url: request.url,
            headers: [("Content-Type", status == 200 ? "text/event-stream" : "text/html")])
        guard status == 200 else {
            connection.yield(0)
            // What a server says that answers every path with a page.
            return FetchResponse(
                status: status == 299 ? 200 : status, url: request.url, headers: [("Content-Type", "text/html")])
        }
        let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
        let number = state.withLock { state in
            state.number += 1
            state.listeners[state.number] = continuation
            return state.number
        }
        connection.yield(number)
        for await bytes in stream where request.onPart?(header, bytes) != true { break }
        state.withLock { $0.listeners[number] = nil }
        try Task.checkCancellation()
        return FetchResponse(url: request.url, headers: header.headers)
    }

    // MARK: What the server does

    /// Puts a file in place without telling.
    func put(_ url: String, _ text: String?) { state.withLock { $0.files[url] = text } }

    /// Sends text to all who listen.
    func send(_ text: String) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(Array(text.utf8)) }
    }

    /// Tells of files.
    func tell(_ paths: String..., id: Int = 1) {
        send("id: \(id)\nevent: change\n\(paths.map { "data: \($0)\n" }.joined())\n")
    }

    /// Ends the connections of all who listen.
    func hangUp() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.finish() }
    }

    /// How many listen now.
    var listenerCount: Int { state.withLock { $0.listeners.count } }

    /// The requests so far of a URL's ending.
    func requests(_ ending: String) -> [FetchRequest] {
        state.withLock { $0.asked }.filter { $0.url.hasSuffix(ending) }
    }

    /// Waits for the next request of the feed.
    func nextConnection() async { _ = await connected.next(isolation: #isolation) }

    // MARK: The host

    /// Runs Lua in the host's globals and returns its first result.
    @discardableResult
    func run(_ source: String) async throws -> LuaValue {
        try await runtime.evaluate(source, name: "=test").first ?? .nil
    }

    /// What came of the next update.
    func nextUpdate() async -> ReloadReport? {
        while let event = await events.next(isolation: #isolation) {
            if case .reload(let report) = event, report.kind == .remote { return report }
        }
        return nil
    }

    func stopWatching() async { await reloader.stop() }

    func tearDown() async {
        await reloader.stop()
        await runtime.shutdown()
    }
}
