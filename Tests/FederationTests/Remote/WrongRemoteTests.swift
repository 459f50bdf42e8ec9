import Diagnostics
import Fetch
import LuaBridge
import Serving
import TestSupport
import Testing

@testable import Federation

/// Manifests, entries and exposes that are wrong: the message names the remote, the place and a next step.
@Suite(.timeLimit(.minutes(2))) struct WrongRemoteTests {
    private static let manifestURL = "http://checks/mf-manifest.json"
    private static let entryURL = "http://checks/remoteEntry.lua"
    private static let entry = SampleRemote.entry("[\"./disk\"] = function() return 7 end")

    private static func load(_ request: String = "checks/disk", entry: String = manifestURL) -> String {
        """
        mf.init { name = "host", remotes = { { name = "checks", alias = "c", entry = "\(entry)" } } }
        return mf.loadRemote("\(request)")
        """
    }

    // MARK: Manifests

    /// What the server answers, and what the message has to contain.
    private static let manifests: [(text: String, code: MFError.Code, words: [String])] = [
        ("<!DOCTYPE html><title>Not here</title>", .manifestFailed, ["HTML"]),
        ("", .manifestFailed, ["empty"]),
        (String(SampleRemote.manifest().prefix(200)), .manifestFailed, ["line 3", "truncated"]),
        ("[1, 2]", .manifestInvalid, ["expected a table, found a list"]),
        ("7", .manifestInvalid, ["expected a table, found the number 7"]),
        ("{\"id\": \"checks\", \"name\": \"checks\"}", .manifestInvalid, ["metaData", "exposes", "shared"]),
        (
            SampleRemote.manifest().replacing("\"exposes\": [", with: "\"exposes\": 7, \"rest\": ["), .manifestInvalid,
            ["exposes", "7"]
        ),
        (
            SampleRemote.manifest().replacing("\"metaData\": {", with: "\"metaData\": [], \"rest\": {"),
            .manifestInvalid, ["metaData"]
        ),
        (
            SampleRemote.manifest().replacing("\"name\": \"remoteEntry.lua\"", with: "\"name\": 5"), .manifestInvalid,
            ["metaData.remoteEntry.name", "5"]
        ),
        (
            SampleRemote.manifest().replacing("\"publicPath\"", with: "\"place\""), .entryUrlMissing,
            ["no public path", "\"publicPath\": \"auto\""]
        ),
    ]

    @Test(arguments: manifests.indices) func manifestThatIsNoneNamesItsUrlAndItsFault(index: Int) async throws {
        let (text, code, words) = Self.manifests[index]
        try await withSite([Self.manifestURL: text, Self.entryURL: Self.entry]) { site in
            let error = await site.failure(code, Self.load())
            let shown = error?.rendered() ?? ""
            for word in words + ["checks", Self.manifestURL] { #expect(shown.contains(word), "\(word)\n\(shown)") }
            #expect(error?.hint != nil)
        }
    }

    /// How a server misbehaves, and what is said of it.
    private static let servers:
        [(name: String, reply: @Sendable () -> ServerReply, cause: MFError.Code, words: [String])] = [
            ("404", { .text("no", status: 404) }, .fetchStatus, ["404"]),
            ("500", { .text("no", status: 500) }, .fetchStatus, ["500", "its log"]),
            (
                "64 MB", { .response(status: 200, body: [UInt8](repeating: 32, count: 64 << 20)) }, .fetchTooLarge,
                ["16 MiB"]
            ),
            ("no end", { .stream(AsyncStream { [UInt8](repeating: 32, count: 1 << 20) }) }, .fetchTooLarge, ["16 MiB"]),
            (
                "circle", { .response(status: 302, headers: [("Location", "/mf-manifest.json")]) }, .fetchRedirects,
                ["5 redirects"]
            ),
            ("hung up", { .hangUp() }, .fetchNetwork, ["broke before an answer"]),
            ("no HTTP", { .raw(Array("hello\n".utf8), thenClose: true) }, .fetchProtocol, ["is not HTTP"]),
            (
                "cut short", { .response(status: 200, headers: [("Content-Length", "9999")], body: Array("{}".utf8)) },
                .fetchTruncated, ["before the body was whole"]
            ),
        ]

    @Test(arguments: servers.indices) func serverThatMisbehavesIsNamedWithTheUrl(index: Int) async throws {
        let (_, reply, cause, words) = Self.servers[index]
        let server = try await HTTPServer.start { _ in reply() }
        try await withNetwork { site in
            let url = server.baseURL + "/mf-manifest.json"
            let error = await site.failure(.manifestFailed, Self.load(entry: url))
            #expect((error?.cause as? MFError)?.code == cause, "\(error?.rendered() ?? "")")
            let shown = error?.rendered() ?? ""
            for word in words + ["checks", url] { #expect(shown.contains(word), "\(word)\n\(shown)") }
        }
        await server.stop()
    }

    @Test func manifestThatTricklesInIsGivenUpAtTheDeadline() async throws {
        let (stream, feed) = AsyncStream.makeStream(of: [UInt8].self)
        feed.yield([UInt8(ascii: "{")])
        let server = try await HTTPServer.start { _ in .stream(stream) }
        try await withNetwork(adjusting: { $0.timeout = .milliseconds(200) }) { site in
            let error = await site.failure(.manifestFailed, Self.load(entry: server.baseURL + "/mf-manifest.json"))
            #expect((error?.cause as? MFError)?.code == .fetchTimeout)
            #expect(error?.message.contains("no whole answer within 200 ms") == true)
        }
        feed.finish()
        await server.stop()
    }

    @Test func entryThatTricklesInIsGivenUpAtTheTimeoutOfCreateScript() async throws {
        let (stream, feed) = AsyncStream.makeStream(of: [UInt8].self)
        feed.yield([UInt8(ascii: "-")])
        let server = try await HTTPServer.start { _ in .stream(stream) }
        try await withNetwork { site in
            let error = await site.failure(
                .entryLoadFailed,
                """
                mf.init { name = "host", remotes = { { name = "checks", entry = "\(server.baseURL)/entry.lua" } },
                  plugins = { { name = "hurry-plugin", createScript = function() return { timeout = 150 } end } } }
                return mf.loadRemote("checks/disk")
                """)
            #expect(error?.message.contains("no whole answer within 150 ms") == true)
        }
        feed.finish()
        await server.stop()
    }

    @Test func deadPortIsNamed() async throws {
        let port = DeadPort()
        try await withNetwork { site in
            let entry = "http://127.0.0.1:\(port.number)/mf-manifest.json"
            let error = await site.failure(.manifestFailed, Self.load(entry: entry))
            #expect(error?.message.contains("cannot connect to `127.0.0.1:\(port.number)`") == true)
            #expect(error?.hint == "does a server listen there? `mflua serve DIR` starts one")
        }
    }

    @Test func unknownHostIsNamed() async throws {
        try await withNetwork { site in
            let error = await site.failure(
                .manifestFailed, Self.load(entry: "http://\(UnknownHost.name)/mf-manifest.json"))
            #expect(error?.message.contains("the host `\(UnknownHost.name)` is unknown") == true)
        }
    }

    @Test func urlThatIsNoneIsNamed() async throws {
        try await withNetwork { site in
            let error = await site.failure(.manifestFailed, Self.load(entry: "ftp://checks/mf-manifest.json"))
            #expect((error?.cause as? MFError)?.code == .fetchPolicy)
            #expect(error?.message.contains("`ftp`") == true)
        }
    }

    @Test func urlWithoutProtocolIsShownWithOne() async throws {
        try await withNetwork { site in
            let error = await site.failure(.manifestFailed, Self.load(entry: "localhost:3006/mf-manifest.json"))
            #expect(error?.hint == "write the URL with its protocol: `http://localhost:3006/mf-manifest.json`")
        }
    }

    // MARK: Entries

    /// The text of an entry, the error, and what it has to contain.
    private static let entries: [(text: String?, code: MFError.Code, words: [String])] = [
        (nil, .entryLoadFailed, ["status 404"]),
        ("return {\n  init = = 1\n}", .entryLoadFailed, ["remoteEntry.lua:2:", "unexpected symbol"]),
        ("\nerror('no luck')", .entryLoadFailed, ["remoteEntry.lua:2: no luck"]),
        ("error({ code = 'E7', message = 'no table luck' })", .entryLoadFailed, ["no table luck"]),
        ("error()", .entryLoadFailed, ["nil"]),
        ("local a = 1", .entryExportsNothing, ["returned nothing", "{ init = function"]),
        ("return 7", .entryExportsNothing, ["returned a number", "{ init = function"]),
        ("return { init = function() end }", .getExposeUndefined, ["no function `get`", "{ init = function"]),
        ("return { get = function() end }", .containerWithoutInit, ["no function `init`", "{ init = function"]),
        (
            "return { init = function() error('not ready') end, get = print }", .initAlreadyDone,
            ["failed to initialize", "not ready"]
        ),
        (
            "return { init = function() end, get = function() error('cannot give') end }", .luaRuntime,
            ["remoteEntry.lua:1: cannot give"]
        ),
        (
            "return { init = function() end, get = function() return 7 end }", .getExposeUndefined,
            ["returned a number, not a function"]
        ),
        (
            "return { init = function() end, get = function() return function() error('no module') end end }",
            .luaRuntime, ["no module"]
        ),
        ("\u{1B}Lua binary", .entryLoadFailed, ["binary"]),
        ("<!DOCTYPE html>", .entryLoadFailed, ["HTML", "not Lua"]),
        ("var checks;(()=>{\"use strict\"})();", .entryLoadFailed, ["JavaScript", "not Lua"]),
        ("require('elsewhere')", .entryLoadFailed, ["elsewhere"]),
    ]

    @Test(arguments: entries.indices, [false, true])
    func entryThatIsNoContainerNamesItsUrlAndItsFault(index: Int, withManifest: Bool) async throws {
        let (text, code, words) = Self.entries[index]
        var texts = [Self.manifestURL: SampleRemote.manifest()]
        texts[Self.entryURL] = text
        try await withSite(texts) { site in
            let error = await site.failure(code, Self.load(entry: withManifest ? Self.manifestURL : Self.entryURL))
            let shown = error?.rendered() ?? ""
            for word in words + ["checks", Self.entryURL] { #expect(shown.contains(word), "\(word)\n\(shown)") }
        }
    }

    // MARK: Requests

    @Test func misspeltExposeIsToldTheClosestOfTheManifest() async throws {
        let manifest = SampleRemote.manifest(exposes: [("disk", []), ("memory", [])])
        try await withSite([Self.manifestURL: manifest, Self.entryURL: Self.entry]) { site in
            let error = await site.failure(.exposeNotFound, Self.load("checks/disc"))
            #expect(error?.message == "remote `checks` does not expose `./disc`")
            #expect(error?.hint == "did you mean `./disk`? it exposes `./disk`, `./memory`")
            #expect(error?["request"] == "checks/disc")
        }
    }

    @Test func exposeOfAPureEntryIsNamed() async throws {
        try await withSite([Self.entryURL: Self.entry]) { site in
            let error = await site.failure(.exposeNotFound, Self.load("c/gone", entry: Self.entryURL))
            #expect(error?.message == "remote `checks` does not expose `./gone`")
            #expect(error?["entry"] == Self.entryURL)
        }
    }

    @Test(
        arguments: [
            ("check/disk", "did you mean `checks`?"), ("nothing/like/it", "the host knows `checks`, `c`"),
            ("", "the host knows `checks`, `c`"),
        ])
    func misspeltRemoteIsToldWhatThereIs(request: String, hint: String) async throws {
        try await withSite { site in
            let error = await site.failure(.remoteNotFound, Self.load(request))
            #expect(error?.message == "no remote of host `host` matches `\(request)`")
            #expect(error?.hint == hint)
        }
    }

    @Test func hostWithoutRemotesIsToldHowToRegisterOne() async throws {
        try await withSite { site in
            let error = await site.failure(.remoteNotFound, "mf.init { name = 'host' } mf.loadRemote('checks/disk')")
            #expect(error?.hint?.contains("remotes = { { name = \"checks\"") == true)
        }
    }

    @Test func loadBeforeInitIsToldToInit() async throws {
        try await withSite { site in
            let error = await site.failure(.hostNotFound, "mf.loadRemote('checks/disk')")
            #expect(error?.message == "`mf.loadRemote` was called before `mf.init`")
        }
    }

    @Test func hostWithoutNameIsAWarning() async throws {
        try await withSite { site in
            try await site.lua("mf.init {}")
            #expect(site.log.messages.contains { $0.hasPrefix("warning: a host has no `name`") })
        }
    }

    /// Options of `mf.init` that are wrong, and what the message has to contain.
    private static let options: [(lua: String, code: MFError.Code, words: [String])] = [
        ("{ name = 7 }", .invalidOptions, ["`name`", "expected a string", "7"]),
        ("7", .badArgument, ["table expected, got number"]),
        ("nil", .badArgument, ["table expected, got nil"]),
        ("{ name = 'h', remotes = 7 }", .invalidOptions, ["`remotes`", "7"]),
        ("{ name = 'h', remotes = { { entry = 'http://x/' } } }", .invalidOptions, ["`remotes[1].name` is missing"]),
        ("{ name = 'h', remotes = { { name = 7, entry = 'http://x/' } } }", .invalidOptions, ["remotes[1].name"]),
        (
            "{ name = 'h', remotes = { { name = 'a', entri = 'http://x/' } } }", .invalidOptions,
            ["unknown key `remotes[1].entri` (did you mean `entry`?)"]
        ),
        (
            "{ name = 'h', remotes = { { name = 'a', team = 'us' } } }", .invalidOptions,
            ["unknown key `remotes[1].team`", "put your own data into the remote's `metadata`"]
        ),
        ("{ name = 'h', shared = { a = 7 } }", .invalidOptions, ["`shared[\"a\"]`: expected a table"]),
        (
            "{ name = 'h', shared = { a = { verison = '1.0.0', lib = print } } }", .invalidOptions,
            ["unknown key `shared[\"a\"].verison` (did you mean `version`?)"]
        ),
        (
            "{ name = 'h', shared = { a = { version = '1.0.0', lib = print, singleton = true } } }", .invalidOptions,
            ["write `shareConfig = { singleton = … }`"]
        ),
        (
            "{ name = 'h', shared = { a = { version = '1.0.0', lib = 5 } } }", .invalidOptions,
            ["`shared[\"a\"].lib`: expected a function, found the number 5"]
        ),
        (
            "{ name = 'h', shareStrategy = 'newest' }", .invalidOptions,
            ["`shareStrategy`: expected \"version-first\" or \"loaded-first\", found the string \"newest\""]
        ),
        (
            "{ name = 'host', remote = {}, ours = 7 }", .invalidOptions,
            ["`remote` (did you mean `remotes`?)", "`ours`"]
        ),
        (
            "{ name = 'h', remotes = { { name = 'lib', entry = 'http://x/' }, { name = 'b', alias = 'lib', entry = 'http://y/' } } }",
            .remoteInvalid, ["alias `lib`", "`b`"]
        ),
    ]

    @Test(arguments: options.indices) func wrongOptionsOfInitAreNamed(index: Int) async throws {
        let (lua, code, words) = Self.options[index]
        try await withSite { site in
            let error = await site.failure(code, "mf.init(\(lua))")
            let shown = error?.rendered() ?? ""
            for word in words { #expect(shown.contains(word), "\(word)\n\(shown)") }
        }
    }

    @Test func remoteWithoutEntryIsToldToGiveOne() async throws {
        try await withSite { site in
            let error = await site.failure(
                .snapshotNotFound,
                "mf.init { name = 'host', remotes = { { name = 'r', version = '1.0.0' } } } mf.loadRemote('r/x')")
            #expect(error?.message == "there is no snapshot of remote `r` in version 1.0.0")
            #expect(error?.hint?.contains("`entry`") == true)
        }
    }

    // MARK: Modules

    @Test func moduleThatContainsItselfCanBeLoaded() async throws {
        let entry = SampleRemote.entry(
            "[\"./loop\"] = function() local m = { name = 'loop' } m.self = m m.list = { m } return m end")
        try await withSite([Self.entryURL: entry]) { site in
            let script = Self.load("checks/loop", entry: Self.entryURL).replacing("return mf", with: "local m = mf")
            let result = try await site.lua(script + " return m.self.list[1].name, rawequal(m, m.self)")
            #expect(result == ["loop", true])
        }
    }

    @Test func copyOfAModuleThatContainsItselfNamesThePath() async throws {
        let entry = SampleRemote.entry(
            "[\"./loop\"] = function() local m = { list = { {} } } m.list[1].back = m return m end")
        try await withSite([Self.entryURL: entry]) { site in
            let error = await site.failure(.tooDeep, Self.load("checks/loop", entry: Self.entryURL))
            #expect(error?.rendered().contains("list[1].back") == true, "\(error?.rendered() ?? "")")
        }
    }

    // MARK: Remotes of JavaScript

    @Test(
        arguments: [
            ("humanlogio+perses-plugin.json", "HumanlogDatasource"), ("rizkyhaksono+mf-product-provider.json", "x"),
        ])
    func manifestOfAJavaScriptRemoteIsReadAndItsEntryIsRefused(file: String, expose: String) async throws {
        let manifest = String(decoding: try Fixture.bytes("manifests/" + file), as: UTF8.self)
        let fetcher = InMemoryFetcher { request in
            let text = request.url == Self.manifestURL ? manifest : "var remote;(()=>{\"use strict\";var e={}})();"
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let error = await site.failure(.entryLoadFailed, Self.load("checks/\(expose)"))
            #expect(error?.message.contains("is JavaScript, not Lua") == true, "\(error?.rendered() ?? "")")
            #expect(error?.hint?.contains("built for another runtime") == true)
            #expect(error?["remote"] == "checks")
        }
    }
}
