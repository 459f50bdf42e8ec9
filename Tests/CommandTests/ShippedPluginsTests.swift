import Serving
import Synchronization
import TestSupport
import Testing

/// The plugins that come with mflua, in a host script against a server that misbehaves.
@Suite(.timeLimit(.minutes(2))) struct ShippedPluginsTests {
    private static let manifest = """
        {"id": "checks", "name": "checks", "metaData": {"name": "checks", "type": "app", "buildInfo": {"buildVersion": "1",
        "buildName": "checks"}, "remoteEntry": {"name": "remoteEntry.lua", "path": "", "type": "global"}, "types": {},
        "globalName": "checks", "pluginVersion": "1", "publicPath": "auto"}, "shared": [], "remotes": [],
        "exposes": [{"id": "checks:disk", "name": "disk", "path": "./disk",
        "assets": {"js": {"sync": [], "async": []}, "css": {"sync": [], "async": []}}}]}
        """
    private static let entry = """
        return { init = function() end,
                 get = function(expose) return expose == "./disk" and function() return { free = 7 } end or nil end }
        """

    /// Answers each path with 503 so many times before the real thing.
    private func server(failing: [String: Int]) async throws -> HTTPServer {
        let left = Shared(failing)
        return try await HTTPServer.start { request in
            let isDown = left.counts.withLock { counts in
                let count = counts[request.path] ?? 0
                counts[request.path] = count - 1
                return count > 0
            }
            if isDown { return .text("come back later", status: 503) }
            return switch request.path {
            case "/mf-manifest.json": .json(Self.manifest)
            case "/remoteEntry.lua", "/mirror.lua": .text(Self.entry)
            default: .text("not found", status: 404)
            }
        }
    }

    private final class Shared: Sendable {
        let counts: Mutex<[String: Int]>
        init(_ counts: [String: Int]) { self.counts = Mutex(counts) }
    }

    private func host(_ server: HTTPServer, plugins: String, _ code: String) async throws -> ChildProcess.Result {
        try await mflua(
            "-e",
            """
            local mf = require("mf")
            mf.init {
                name = "host", plugins = { \(plugins) },
                remotes = { { name = "checks", entry = "\(server.baseURL)/mf-manifest.json" } },
            }
            \(code)
            """)
    }

    @Test func retryAsksAgainForAManifestAndForAnEntry() async throws {
        let server = try await server(failing: ["/mf-manifest.json": 2, "/remoteEntry.lua": 2])
        let result = try await host(
            server, plugins: "require('mf.plugins.retry') { times = 2, delay = 1, log = print }",
            "print(mf.loadRemote('checks/disk').free)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.last == "7", "\(result)")
        #expect(lines.count { $0.hasPrefix("retry-plugin: manifest") } == 2, "\(result)")
        #expect(lines.count { $0.hasPrefix("retry-plugin: entry") } == 2, "\(result)")
        await server.stop()
    }

    @Test func retryCanAskElsewhere() async throws {
        let server = try await server(failing: ["/remoteEntry.lua": 100])
        let result = try await host(
            server,
            plugins: """
                require('mf.plugins.retry') { times = 1, delay = 1, log = false, url = function(url, try, kind)
                    return kind == 'entry' and url:gsub('remoteEntry', 'mirror') or nil
                end }
                """, "print(mf.loadRemote('checks/disk').free)")
        #expect(result.output == "7\n", "\(result)")
        await server.stop()
    }

    @Test func retryGivesUpWithTheRealError() async throws {
        let server = try await server(failing: ["/mf-manifest.json": 100])
        let result = try await host(
            server, plugins: "require('mf.plugins.retry') { times = 1, delay = 1, log = false }",
            "local ok, problem = pcall(mf.loadRemote, 'checks/disk') print(ok, problem.code)")
        #expect(result.output == "false\tRUNTIME-003\n", "\(result)")
        await server.stop()
    }

    @Test func retryRefusesWrongOptions() async throws {
        let server = try await server(failing: [:])
        let result = try await host(server, plugins: "require('mf.plugins.retry') { times = 'often' }", "")
        #expect(
            result.errors.contains("options of retry-plugin: `times` is an integer from 0 on, got \"often\""),
            "\(result)")
        #expect(result.code == 1)
        await server.stop()
    }

    @Test func fallbackStandsInForWhatCannotBeLoaded() async throws {
        let server = try await server(failing: ["/mf-manifest.json": 100])
        let result = try await host(
            server,
            plugins: """
                require('mf.plugins.fallback') { log = print, modules = {
                    ['checks/disk'] = { free = -1 },
                    ['checks/*'] = function(args) return { free = args.id } end,
                } }
                """, "print(mf.loadRemote('checks/disk').free, mf.loadRemote('checks/other').free)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.last == "-1\tchecks/other", "\(result)")
        #expect(lines.first?.hasPrefix("fallback-plugin: using the fallback for checks/disk") == true, "\(result)")
        await server.stop()
    }

    @Test func traceShowsMilestonesOrEverything() async throws {
        let server = try await server(failing: [:])
        let load = "print(mf.loadRemote('checks/disk').free)"
        let info = try await host(server, plugins: "require('mf.plugins.trace')()", load)
        #expect(info.output == "7\n", "\(info)")
        let debug = try await host(
            server, plugins: "require('mf.plugins.trace') { level = 'debug', output = print }", load)
        #expect(debug.errors.isEmpty, "\(debug)")
        for hook in ["beforeRequest", "afterResolve", "onLoad"] {
            #expect(info.errors.contains(" \(hook) "), "\(info)")
            #expect(debug.output.contains(" \(hook) "), "\(debug)")
        }
        #expect(!info.errors.contains(" afterMatchRemote "), "\(info)")
        #expect(debug.output.contains(" afterMatchRemote "), "\(debug)")
        await server.stop()
    }

    @Test func traceShowsControlCharactersAsEscapes() async throws {
        let result = try await mflua(
            "-e",
            """
            local mf = require("mf")
            mf.init {
              name = "shell", plugins = { require("mf.plugins.trace") { output = print } },
              remotes = { { name = "checks", entry = "http://127.0.0.1:1/remoteEntry.lua" } },
            }
            pcall(mf.loadRemote, "checks/\\27[31m\\nred\\u{202e}\\u{9b}é")
            """)
        #expect(result.output.contains(#"checks/\u{1b}[31m\u{a}red\u{202e}\u{9b}é"#), "\(result)")
        for character in ["\u{1B}", "\u{202E}", "\u{9B}"] { #expect(!result.output.contains(character), "\(result)") }
    }
}
