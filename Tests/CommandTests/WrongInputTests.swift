import Serving
import TestSupport
import Testing

/// What a host script is told when its input is wrong: each error names the thing, the place and a next step.
@Suite(.timeLimit(.minutes(2))) struct WrongInputTests {
    /// A remote named `checks` whose manifest or entry is wrong.
    struct Case: Sendable, CustomTestStringConvertible {
        let about: String
        var manifest: @Sendable (String) -> ServerReply = { _ in .json(WrongInputTests.manifest) }
        var entry: @Sendable (String) -> ServerReply = { _ in .text(WrongInputTests.entry) }
        var request = "checks/disk"
        let code: String
        /// What the printed error has to contain.
        let words: [String]
        var testDescription: String { about }
    }

    static let manifest = """
        {"id": "checks", "name": "checks", "metaData": {"name": "checks", "type": "app", "buildInfo": {"buildVersion": "1",
        "buildName": "checks"}, "remoteEntry": {"name": "remoteEntry.lua", "path": "", "type": "global"}, "types": {},
        "globalName": "checks", "pluginVersion": "1", "publicPath": "auto"}, "shared": [], "remotes": [],
        "exposes": [{"id": "checks:disk", "name": "disk", "path": "./disk",
        "assets": {"js": {"sync": [], "async": []}, "css": {"sync": [], "async": []}}}]}
        """
    static let entry = """
        local exposes = { ["./disk"] = function() return { free = 7 } end }
        return { init = function() end, get = function(expose) return exposes[expose] end }
        """

    static let cases: [Case] = [
        Case(
            about: "manifest: not found", manifest: { _ in .text("no such thing", status: 404) }, code: "RUNTIME-003",
            words: ["checks", "/mf-manifest.json", "404"]),
        Case(
            about: "manifest: server error", manifest: { _ in .text("oops", status: 500) }, code: "RUNTIME-003",
            words: ["/mf-manifest.json", "500"]),
        Case(
            about: "manifest: HTML", manifest: { _ in .text("<!DOCTYPE html><html></html>") }, code: "RUNTIME-003",
            words: ["/mf-manifest.json", "this is HTML"]),
        Case(
            about: "manifest: cut short", manifest: { _ in .json(String(WrongInputTests.manifest.prefix(200))) },
            code: "RUNTIME-003", words: ["/mf-manifest.json", "line "]),
        Case(
            about: "manifest: fields missing", manifest: { _ in .json(#"{"id": "checks", "name": "checks"}"#) },
            code: "RUNTIME-013", words: ["/mf-manifest.json", "metaData"]),
        Case(
            about: "manifest: wrong type",
            manifest: { _ in
                .json(WrongInputTests.manifest.replacing(#""exposes": ["#, with: #""exposes": 7, "rest": ["#))
            }, code: "RUNTIME-013", words: ["/mf-manifest.json", "exposes"]),
        Case(
            about: "manifest: a list", manifest: { _ in .json("[1, 2]") }, code: "RUNTIME-013",
            words: ["/mf-manifest.json"]),
        Case(
            about: "manifest: 64 MB",
            manifest: { _ in .response(status: 200, body: [UInt8](repeating: 32, count: 64 << 20)) },
            code: "RUNTIME-003", words: ["/mf-manifest.json", "16"]),
        Case(
            about: "manifest: no end", manifest: { _ in .stream(WrongInputTests.endless()) }, code: "RUNTIME-003",
            words: ["/mf-manifest.json", "16"]),
        Case(
            about: "manifest: redirected in a circle",
            manifest: { _ in .response(status: 302, headers: [("Location", "/mf-manifest.json")]) },
            code: "RUNTIME-003", words: ["/mf-manifest.json", "redirect"]),
        Case(
            about: "manifest: hung up on", manifest: { _ in .hangUp() }, code: "RUNTIME-003",
            words: ["/mf-manifest.json"]),
        Case(
            about: "manifest: not HTTP", manifest: { _ in .raw(Array("hello\n".utf8), thenClose: true) },
            code: "RUNTIME-003", words: ["/mf-manifest.json"]),
        Case(
            about: "manifest: body shorter than said",
            manifest: { _ in .response(status: 200, headers: [("Content-Length", "9999")], body: Array("{}".utf8)) },
            code: "RUNTIME-003", words: ["/mf-manifest.json"]),
        Case(
            about: "entry: not found", entry: { _ in .text("no", status: 404) }, code: "RUNTIME-008",
            words: ["checks", "/remoteEntry.lua", "404"]),
        Case(
            about: "entry: syntax error", entry: { _ in .text("return {\n  init = = 1\n}") }, code: "RUNTIME-008",
            words: ["/remoteEntry.lua:2:", "unexpected symbol"]),
        Case(
            about: "entry: raises", entry: { _ in .text("\nerror('no luck')") }, code: "RUNTIME-008",
            words: ["/remoteEntry.lua:2: no luck"]),
        Case(
            about: "entry: returns nothing", entry: { _ in .text("local a = 1") }, code: "RUNTIME-001",
            words: ["checks", "/remoteEntry.lua", "let the entry end with"]),
        Case(
            about: "entry: without get", entry: { _ in .text("return { init = function() end }") },
            code: "RUNTIME-012", words: ["checks", "`get`"]),
        Case(
            about: "entry: without init", entry: { _ in .text("return { get = function() end }") },
            code: "RUNTIME-002", words: ["checks", "`init`"]),
        Case(
            about: "entry: JavaScript", entry: { _ in .text("(()=>{\"use strict\";var e={}})();") },
            code: "RUNTIME-008", words: ["/remoteEntry.lua", "JavaScript", "not Lua"]),
        Case(
            about: "expose: misspelt", request: "checks/disc", code: "RUNTIME-014",
            words: ["checks", "./disc", "did you mean `./disk`?"]),
        Case(
            about: "remote: misspelt", request: "check/disk", code: "RUNTIME-004",
            words: ["check/disk", "did you mean `checks`?"]),
    ]

    /// A body that goes on for as long as somebody reads.
    private static func endless() -> AsyncStream<[UInt8]> {
        AsyncStream { [UInt8](repeating: 32, count: 1 << 20) }
    }

    @Test(arguments: cases) func errorNamesThingPlaceAndNextStep(of wrong: Case) async throws {
        let server = try await HTTPServer.start { request in
            switch request.path {
            case "/mf-manifest.json": wrong.manifest(request.path)
            case "/remoteEntry.lua": wrong.entry(request.path)
            default: .text("not found", status: 404)
            }
        }
        let result = try await load(wrong.request, entry: server.baseURL + "/mf-manifest.json")
        expect(result, wrong.code, wrong.words)
        await server.stop()
    }

    @Test func deadPortIsNamed() async throws {
        let port = DeadPort()
        let entry = "http://127.0.0.1:\(port.number)/mf-manifest.json"
        expect(try await load("checks/disk", entry: entry), "RUNTIME-003", [entry, "cannot connect"])
    }

    @Test func unknownHostIsNamed() async throws {
        let entry = "http://\(UnknownHost.name)/mf-manifest.json"
        expect(try await load("checks/disk", entry: entry), "RUNTIME-003", [UnknownHost.name, "unknown"])
    }

    @Test func tlsFailureIsNamed() async throws {
        let server = try await HTTPServer.start { _ in .hangUp() }
        let entry = "https://127.0.0.1:\(server.port)/mf-manifest.json"
        expect(try await load("checks/disk", entry: entry), "RUNTIME-003", [entry, "TLS"])
        await server.stop()
    }

    @Test func credentialsAreNotShown() async throws {
        let server = try await HTTPServer.start { _ in .text("no", status: 403) }
        let entry = "http://user:secret@127.0.0.1:\(server.port)/mf-manifest.json"
        let result = try await load("checks/disk", entry: entry)
        expect(result, "RUNTIME-003", ["403"])
        #expect(!result.errors.contains("secret"), "\(result)")
        await server.stop()
    }

    @Test func javaScriptRemotesManifestIsReadAndItsEntryRefused() async throws {
        let manifest = try contents(of: Places.root + "/Fixtures/manifests/humanlogio+perses-plugin.json")
        let server = try await HTTPServer.start { request in
            request.path.hasSuffix("mf-manifest.json")
                ? .json(manifest) : .text("/*! For license information */\n\"use strict\";(self.x=self.x||[])")
        }
        let result = try await mflua(
            "-e",
            """
            local mf = require("mf")
            mf.init { name = "host", remotes = { { name = "Humanlog", entry = "\(server.baseURL)/mf-manifest.json" } } }
            mf.loadRemote("Humanlog/HumanlogDatasource")
            """)
        expect(result, "RUNTIME-008", ["JavaScript", "not Lua"])
        await server.stop()
    }

    // MARK: Plugins

    @Test(
        arguments: [
            ("return 42", "HOOK-006", ["plugin.lua", "number"]),
            (
                "return { name = 'x-plugin', beforeRequst = function() end }", "HOOK-001",
                ["beforeRequst", "x-plugin", "beforeRequest"]
            ),
            ("return { name = 'x-plugin', onLoad = 7 }", "HOOK-006", ["onLoad", "x-plugin", "number"]),
            ("return { onLoad = function() end }", "HOOK-005", ["plugin.lua", "name"]),
            ("return {", "HOOK-007", ["plugin.lua", "near <eof>"]),
            ("error('not today')", "HOOK-007", ["plugin.lua:1: not today"]),
        ] as [(String, String, [String])])
    func pluginIsRefused(source: String, code: String, words: [String]) async throws {
        let folder = try TemporaryFolder()
        try folder.write("plugin.lua", source)
        try folder.write("host.lua", "require('mf').init { name = 'host', remotes = {}, plugins = { './plugin.lua' } }")
        expect(try await mflua("host.lua", in: folder), code, words)
    }

    @Test func missingPluginFileIsNamed() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "require('mf').init { name = 'host', remotes = {}, plugins = { './gone.lua' } }")
        expect(try await mflua("host.lua", in: folder), "HOOK-007", ["./gone.lua"])
    }

    @Test func pluginNameThatBreaksTheConventionIsNoError() async throws {
        let result = try await mflua(
            "-e", "require('mf').init { name = 'host', remotes = {}, plugins = { { name = 'odd' } } } print('fine')")
        #expect(result.output == "fine\n", "\(result)")
        #expect(result.code == 0)
    }

    // MARK: Host code

    @Test(
        arguments: [
            (
                "mf.init { name = 'h', remotes = {}, plugins = { { name = 'x-plugin', init = function() mf.sleep(1) end } } }",
                "", ["x-plugin", "cannot wait"]
            ),
            ("table.sort({ 2, 1 }, function() mf.sleep(1) end)", "LUA-005", ["cannot wait"]),
            ("mf.init { name = 'h', remotes = {} } mf.loadShareSync('nothing')", "", ["nothing"]),
            (
                """
                local h = mf.init { name = 'h', remotes = {}, shared = { dep = { version = '1.0.0',
                    lib = function() return {} end, shareConfig = { singleton = true, requiredVersion = '^2.0.0',
                    strictVersion = true } } } }
                h:loadShareSync('dep')
                """, "", ["dep", "1.0.0", "^2.0.0"]
            ),
            ("mf.init { name = 'h' }:initOptions { name = 'other' }", "RUNTIME-010", ["`h`", "`other`"]),
            ("mf.loadRemote('a/b')", "RUNTIME-009", ["mf.init"]),
            ("mf.json.encode((function() local t = {} t.self = t return t end)())", "", ["self"]),
            ("mf.init { name = 'h', remotes = { { name = 'r' } } } mf.loadRemote('r/x')", "", ["r"]),
        ] as [(String, String, [String])])
    func hostCodeIsToldWhatIsWrong(code: String, expected: String, words: [String]) async throws {
        expect(try await mflua("-e", "local mf = require('mf') " + code), expected, words)
    }

    private func load(_ request: String, entry: String) async throws -> ChildProcess.Result {
        try await mflua(
            "-e",
            """
            local mf = require("mf")
            mf.init { name = "host", remotes = { { name = "checks", entry = "\(entry)" } } }
            mf.loadRemote("\(request)")
            """)
    }

    private func expect(
        _ result: ChildProcess.Result, _ code: String, _ words: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(result.code == 1, "\(result)", sourceLocation: sourceLocation)
        #expect(result.errors.hasPrefix("error: "), "\(result)", sourceLocation: sourceLocation)
        #expect(result.errors.contains("[\(code)"), "\(result)", sourceLocation: sourceLocation)
        for word in words {
            #expect(result.errors.contains(word), "\(word)\n\(result)", sourceLocation: sourceLocation)
        }
    }
}
