import EventLoops
import Federation
import Fetch
import Glibc
import HotReload
import LuaBridge
import TestSupport

/// A host with plugin files in a temporary folder, whose reloads can be awaited.
final class ReloadingHost: @unchecked Sendable {
    let folder: TemporaryFolder
    let runtime: Runtime
    let gate = Gate()
    private let reloader: HotReloader
    private var events: AsyncStream<HotReloader.Event>.Iterator

    /// Makes a runtime; `mf.init` is left to the test.
    ///
    /// - Parameter watches: Whether changes of files are noticed; else reloads are made by hand.
    init(watches: Bool = true, _ files: [String: String]) async throws {
        folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        let entry = """
            return { init = function() end, get = function(name) return function() return { name = name } end end }
            """
        let gate = gate
        var configuration = RuntimeConfiguration(
            fetcher: InMemoryFetcher { request in
                if request.url.contains("slow") { await gate.wait() }
                return FetchResponse(url: request.url, body: Array(entry.utf8))
            }, watchesFiles: watches)
        configuration.reloadTime = .milliseconds(20)
        runtime = try Runtime(configuration: configuration)
        let (stream, continuation) = AsyncStream<HotReloader.Event>.makeStream()
        events = stream.makeAsyncIterator()
        reloader = try await HotReloader.start(for: runtime) { continuation.yield($0) }
        try await run("mf = require('mf') folder = '\(folder.path)/'")
    }

    /// Runs Lua in the host's globals and returns its first result.
    @discardableResult
    func run(_ source: String) async throws -> LuaValue {
        try await runtime.evaluate(source, name: "=test").first ?? .nil
    }

    /// Puts a file in place by renaming.
    func replace(_ name: String, _ text: String) throws {
        let file = try folder.write(".\(name).tmp", text)
        rename(file, "\(folder.path)/\(name)")
    }

    /// The next thing that the reloader tells.
    func nextEvent() async -> HotReloader.Event? { await events.next(isolation: #isolation) }

    /// The next reload.
    func nextReload() async -> ReloadReport? {
        while let event = await nextEvent() {
            if case .reload(let report) = event, report.kind == .plugin { return report }
        }
        return nil
    }

    func tearDown() async {
        gate.open()
        await reloader.stop()
        await runtime.shutdown()
    }
}

/// Something that is waited for until it is opened.
final class Gate: @unchecked Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream<Void>.makeStream() }

    func wait() async { for await _ in stream {} }
    func open() { continuation.finish() }
}
