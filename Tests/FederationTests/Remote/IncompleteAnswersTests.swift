import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Every file of a remote, cut short in every way: an error that retries and failover see, and nothing of it is used.
@Suite(.timeLimit(.minutes(3))) struct IncompleteAnswersTests {
    /// What is asked for in the course of a load, and is not whole the first time.
    enum Door: String, CaseIterable, Sendable {
        case manifest, entry, pureEntry, moduleFile, fileOfAPureEntry, preloadedFile

        fileprivate var path: String {
            switch self {
            case .manifest: "/r/mf-manifest.json"
            case .entry, .pureEntry: "/r/remoteEntry.lua"
            case .moduleFile, .fileOfAPureEntry, .preloadedFile: "/r/x.lua"
            }
        }

        fileprivate var entry: String {
            self == .pureEntry || self == .fileOfAPureEntry ? "/r/remoteEntry.lua" : "/r/mf-manifest.json"
        }
    }

    private static let texts = [
        "/r/mf-manifest.json": SampleRemote.manifest(name: "r", exposes: [("x", ["x.lua"])]),
        "/r/remoteEntry.lua": SampleRemote.entry("['./x'] = function() return require('x') end"),
        "/r/x.lua": "return 'whole'",
    ]

    /// A text that would do if it were used, and would be seen to have been.
    private static func tempting(_ path: String) -> String {
        let seen = "require('mf').log.warn('it was run') "
        return switch path {
        case "/r/mf-manifest.json":
            SampleRemote.manifest(name: "r", entry: "other.lua", exposes: [("x", ["x.lua"])])
        case "/r/x.lua": seen + "return 'cut' --"
        default: seen + texts[path]! + " --"
        }
    }

    /// A server whose answers for one path are not whole, until it is asked for the `after`-th time.
    private static func server(_ door: Door, _ incomplete: IncompleteAnswer, wholeAfter after: Int) -> LoopbackServer {
        let count = Locked(0)
        return LoopbackServer { request in
            guard request.path == door.path else {
                return [texts[request.path].map { .text($0) } ?? .reply(404)]
            }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number > after ? [.text(texts[request.path]!)] : incomplete.steps(tempting(request.path))
        }
    }

    private static func load(_ door: Door, _ server: LoopbackServer, plugins: String = "") -> String {
        let preload =
            door == .preloadedFile
            ? "local ok, err = pcall(mf.preloadRemote, { { nameOrAlias = 'r', exposes = { 'x' } } }) if not ok then error(err) end"
            : ""
        return """
            mf.init { name = "host", remotes = { { name = "r", entry = "\(server.url)\(door.entry)" } },
              plugins = { \(plugins) } }
            \(preload)
            return mf.loadRemote("r/x")
            """
    }

    /// Whether the chain of causes leads to a failure of fetching.
    private static func isOfFetch(_ error: any Error) -> Bool {
        var last: (any Error)? = error
        while let current = last as? MFError {
            if current.code.rawValue.hasPrefix("FETCH-") { return true }
            last = current.cause
        }
        return false
    }

    @Test(arguments: Door.allCases, IncompleteAnswer.allCases)
    func nothingOfItIsUsed(_ door: Door, _ incomplete: IncompleteAnswer) async throws {
        let server = Self.server(door, incomplete, wholeAfter: .max)
        defer { server.stop() }
        try await withNetwork { site in
            do {
                let result = try await site.lua(Self.load(door, server))
                Issue.record("it was used: \(result)")
            } catch {
                #expect(Self.isOfFetch(error), "\(error)")
            }
            #expect(site.log.messages.isEmpty)
        }
    }

    /// What gets the file once more.
    private static let cures = [
        "require('mf.plugins.retry') { times = 2, delay = 0, log = false }",
        """
        { name = 'p-plugin',
          fetch = function(args)
            local ok, response = pcall(args.retry)
            if ok then return response end
            return args.retry()
          end,
          loadEntryError = function(args) return args.retry() end,
          loadFileError = function(args) return args.retry() end }
        """,
    ]

    @Test(arguments: Door.allCases, IncompleteAnswer.allCases)
    func theWholeOneIsUsedWhenItIsAskedForAgain(_ door: Door, _ incomplete: IncompleteAnswer) async throws {
        for cure in Self.cures {
            let server = Self.server(door, incomplete, wholeAfter: 1)
            defer { server.stop() }
            try await withNetwork { site in
                let result = try await site.lua(Self.load(door, server, plugins: cure))
                #expect(result == ["whole"], "\(cure)")
                #expect(site.log.messages.isEmpty)
            }
        }
    }

    @Test(arguments: Door.allCases, IncompleteAnswer.allCases)
    func theWholeOneOfAnotherServerIsUsed(_ door: Door, _ incomplete: IncompleteAnswer) async throws {
        let server = Self.server(door, incomplete, wholeAfter: .max)
        let backup = Self.server(door, incomplete, wholeAfter: 0)
        defer {
            server.stop()
            backup.stop()
        }
        let cure = """
            require('mf.plugins.retry') { times = 1, delay = 0, log = false, url = function(url)
              return (url:gsub('^\(server.url)', '\(backup.url)')) end }
            """
        try await withNetwork { site in
            let result = try await site.lua(Self.load(door, server, plugins: cure))
            #expect(result == ["whole"])
            #expect(site.log.messages.isEmpty)
        }
    }

    /// What a load fetches ahead and nobody waits for is asked for again when it is required.
    @Test(arguments: IncompleteAnswer.allCases)
    func whatWasFetchedAheadInVainIsAskedForAgain(_ incomplete: IncompleteAnswer) async throws {
        let server = Self.server(.moduleFile, incomplete, wholeAfter: 1)
        defer { server.stop() }
        let entry = SampleRemote.entry(
            "['./x'] = function() require('mf').sleep(20) return require('x') end")
        let texts = Self.texts.merging(["/r/remoteEntry.lua": entry]) { $1 }
        let other = LoopbackServer { request in
            request.path == "/r/x.lua"
                ? [.reply(307, [("Location", server.url + request.path)])]
                : [texts[request.path].map { .text($0) } ?? .reply(404)]
        }
        defer { other.stop() }
        try await withNetwork { site in
            let result = try await site.lua(Self.load(.moduleFile, other))
            #expect(result == ["whole"])
            #expect(server.paths == ["/r/x.lua", "/r/x.lua"])
        }
    }

    @Test(arguments: IncompleteAnswer.allCases) func fetchOfAScriptFails(_ incomplete: IncompleteAnswer) async throws {
        let server = LoopbackServer { _ in incomplete.steps("{}") }
        defer { server.stop() }
        try await withNetwork { site in
            let script = "local ok, err = pcall(mf.fetch, '\(server.url)') return ok, err.code:sub(1, 6)"
            let result = try await site.lua(script)
            #expect(result == [false, "FETCH-"])
        }
    }
}
