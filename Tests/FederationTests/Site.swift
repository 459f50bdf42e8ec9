import Diagnostics
import EventLoops
import Fetch
import Logging
import LuaBridge
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// A runtime whose network is a table of texts by URL, or a fetcher of the test's own.
///
/// ```swift
/// try await withSite(["http://checks/entry.lua": entry]) { site in
///     #expect(try await site.lua("return 1 + 1") == [2])
/// }
/// ```
final class Site: Sendable {
    let runtime: Runtime
    /// What was asked for, where the network is a table.
    let memory: InMemoryFetcher?
    /// What was logged, warnings and errors.
    let log = LogBook()

    fileprivate init(
        _ fetcher: any Fetcher, on loop: EventLoop? = nil, _ configure: (inout RuntimeConfiguration) -> Void = { _ in }
    ) throws {
        memory = fetcher as? InMemoryFetcher
        let log = log
        var configuration = RuntimeConfiguration(
            fetcher: fetcher, loop: loop, logger: Logger(label: "test") { _ in LogHandlerOfTests(book: log) })
        configure(&configuration)
        runtime = try Runtime(configuration: configuration)
    }

    /// Runs a piece of a host script, in which `mf` is there, and returns its results; tables as copies.
    @discardableResult
    func lua(_ script: String) async throws -> [LuaValue] {
        let source = "local mf = require('mf') " + script
        return try await runtime.loop.perform { [runtime] in
            try await runtime.run(
                script: Array(source.utf8), name: "@host.lua", scriptName: Places.root + "/Fixtures/host.lua"
            ).map { try $0.detached() }
        }
    }

    /// Runs a piece of a host script that is to fail, and returns the error.
    func failure(
        _ code: MFError.Code, _ script: String, sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) async -> MFError? {
        await expectMFError(code, sourceLocation: sourceLocation) { try await lua(script) }
    }
}

/// Runs a test with a runtime whose remotes are texts by URL.
func withSite<T: Sendable>(
    _ texts: [String: String] = [:], configured configure: (inout RuntimeConfiguration) -> Void = { _ in },
    _ body: @Sendable (Site) async throws -> T
) async throws -> T {
    try await ending(try Site(InMemoryFetcher(texts), configure), body)
}

/// Runs a test with a runtime whose network is a fetcher of the test's own.
func withSite<T: Sendable>(
    fetchingWith fetcher: InMemoryFetcher, _ body: @Sendable (Site) async throws -> T
) async throws -> T {
    try await ending(try Site(fetcher), body)
}

/// Runs a test with a runtime that fetches over the network, each request as `adjust` leaves it.
func withNetwork<T: Sendable>(
    adjusting adjust: @escaping @Sendable (inout FetchRequest) -> Void = { _ in },
    _ body: @Sendable (Site) async throws -> T
) async throws -> T {
    let loop = EventLoop(name: "test")
    defer { loop.stop() }
    let fetcher = AdjustingFetcher(CurlFetcher(loop: loop), adjust)
    let result = try await ending(try Site(fetcher, on: loop), body)
    fetcher.close()
    return result
}

private func ending<T: Sendable>(_ site: Site, _ body: @Sendable (Site) async throws -> T) async throws -> T {
    do {
        let result = try await body(site)
        await site.runtime.shutdown()
        return result
    } catch {
        await site.runtime.shutdown()
        throw error
    }
}

/// Changes requests before another fetcher gets them: short deadlines for tests.
private final class AdjustingFetcher: Fetcher {
    private let fetcher: CurlFetcher
    private let adjust: @Sendable (inout FetchRequest) -> Void

    init(_ fetcher: CurlFetcher, _ adjust: @escaping @Sendable (inout FetchRequest) -> Void) {
        (self.fetcher, self.adjust) = (fetcher, adjust)
    }

    func fetch(_ request: FetchRequest) async throws -> FetchResponse {
        var request = request
        adjust(&request)
        return try await fetcher.fetch(request)
    }

    func close() { fetcher.close() }
}

/// The messages that a runtime logged.
final class LogBook: Sendable {
    private let lines = Mutex<[String]>([])

    /// `warning: …`, `error: …`.
    var messages: [String] { lines.withLock { $0 } }

    fileprivate func add(_ line: String) { lines.withLock { $0.append(line) } }
}

private struct LogHandlerOfTests: LogHandler {
    let book: LogBook
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { book.add("\(event.level): \(event.message)") }
}
