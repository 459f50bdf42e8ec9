import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Input that cannot be meant as it is written: it is refused by name, or warned about where it may be the author's own.
@Suite(.timeLimit(.minutes(1))) struct PassedOverInputTests {
    /// A call, the error that it ends with, and what the rendered error has to contain.
    struct Door: Sendable, CustomTestStringConvertible {
        let call: String
        let code: MFError.Code
        let words: [String]
        var testDescription: String { call }

        init(_ call: String, _ code: MFError.Code, _ words: String...) {
            (self.call, self.code, self.words) = (call, code, words)
        }
    }

    private static let host = """
        local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
          shared = { dep = { version = "1.0.0", lib = function() return {} end } } }

        """
    private static func shared(_ share: String) -> String { "mf.init { name = 'new', shared = { a = { \(share) } } }" }

    static let doors = [
        Door("host:initRawContainer('raw', 'http://raw/', 5)", .badArgument, "#3", "table expected, got number"),
        Door(
            "host:initRawContainer('raw', 'http://raw/', {})", .getExposeUndefined, "`raw`", "`get`", "get = function"),
        Door(
            "host:initRawContainer('raw', 'http://raw/', { gett = print })", .getExposeUndefined, "`raw`",
            "`gett` is not read: did you mean `get`?"),
        Door("host:initRawContainer('raw', 'http://raw/', { get = 5 })", .getExposeUndefined, "`raw`", "`get`"),
        Door(
            "host:initRawContainer('raw', 'http://raw/', { get = print, init = 5 })", .containerWithoutInit, "`raw`",
            "`init`"),
        Door("mf.revalidate { 'check' }", .remoteNotFound, "`check`", "did you mean `checks`?"),
        Door(
            "mf.init { name = 'new', remotes = { { name = 'a', entry = 'http://a/' }, { name = 'b', entry = '' } } }",
            .invalidOptions, "`remotes[2].entry`: expected a URL"),
        Door(
            "mf.registerRemotes { { name = 'b', entires = 'http://b/' } }", .invalidOptions,
            "`remotes[1].entires` (did you mean `entry`?)"),
        Door(shared("version = 'abc', lib = print"), .invalidOptions, "`shared[\"a\"].version`", "\"abc\"", "1.4.0"),
        Door(
            "mf.registerShared { a = { version = '1.x', lib = print } }", .invalidOptions, "`shared[\"a\"].version`",
            "\"1.x\""),
        Door(
            shared("version = '1.0.0', lib = print, shareConfig = { requiredVersion = '^x.y' }"), .invalidOptions,
            "`shared[\"a\"].shareConfig.requiredVersion`", "\"^x.y\"", "^1.2.0"),
        Door(
            "mf.loadShare('dep', { customShareInfo = { shareConfig = { requiredVersion = 'newest' } } })",
            .invalidOptions, "`customShareInfo.shareConfig.requiredVersion`", "\"newest\""),
        Door(
            "mf.loadShare('dep', { resolver = function() return 5 end })", .badArgument, "`resolver`", "`dep`",
            "the number 5"),
        Door(
            "mf.loadShareSync('dep', { resolver = function() return 'x' end })", .badArgument, "`resolver`", "`dep`",
            "the string \"x\""),
        Door("mf.response { status = 99999 }", .invalidOptions, "`status`", "100 to 999", "99999"),
        Door("mf.json.encode()", .badArgument, "#1", "`encode`", "value expected, got no value"),
        Door("mf.type()", .badArgument, "#1", "`type`", "value expected, got no value"),
        Door("mf.getInstance(5)", .badArgument, "string or function expected, got number"),
        Door("mf.preloadRemote { {} }", .invalidOptions, "`[1].nameOrAlias` is missing"),
        Door("mf.preloadRemote { { nameOrAlias = '' } }", .invalidOptions, "`[1].nameOrAlias`", "not empty"),
        Door("mf.sleep(coroutine.create(print))", .badArgument, "got thread"),
        Door("mf.init { name = 'new', remotes = coroutine.create(print) }", .invalidOptions, "found a coroutine"),
        Door(
            "mf.registerPlugins { { name = 'x-plugin', apply = 3 } }", .pluginInvalid, "`apply`", "`x-plugin`", "number"
        ),
        Door(
            "mf.registerPlugins { { name = 'x-plugin', afterReload = {} } }", .pluginInvalid, "`afterReload`", "table"),
    ]

    @Test(arguments: doors) func inputThatCannotBeMeantIsRefusedByName(door: Door) async throws {
        try await withSite { site in
            let text = await site.failure(door.code, Self.host + door.call)?.rendered() ?? ""
            for word in door.words { #expect(text.contains(word), "\(word)\n\(text)") }
        }
    }

    @Test func containerWithoutInitIsTakenAsModuleFederationTakesIt() async throws {
        try await withSite { site in
            let result = try await site.lua(
                Self.host + "return mf.type(host:initRawContainer('raw', 'http://raw/', { get = print }))")
            #expect(result == ["mf.Module"])
        }
    }

    @Test func remoteIsRevalidatedByItsAliasToo() async throws {
        let texts = ["http://checks/entry.lua": SampleRemote.entry("[\"./disk\"] = function() return 7 end")]
        try await withSite(texts) { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "checks", alias = "first", entry = "http://checks/entry.lua" } } }
                mf.loadRemote("checks/disk")
                return #mf.revalidate { "first" }
                """)
            #expect(result == [0])
            #expect(site.memory?.requestedURLs.count == 2)
        }
    }

    @Test func invalidURLIsInTheMessage() async throws {
        try await withNetwork { site in
            let error = await site.failure(.fetchBadURL, "mf.fetch('nosuch')")
            #expect(error?.message == "the URL `nosuch` is not valid: it has no protocol")
        }
    }

    // MARK: Hooks

    @Test(arguments: ["'404'", "99999", "20.5"])
    func tableThatAnswersWithAnImpossibleStatusIsRefused(status: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/mf-manifest.json" } }, plugins = {
                  { name = "x-plugin", fetch = function() return { status = \(status), body = "{}" } end } } }
                local _, e = pcall(mf.loadRemote, "checks/disk")
                return tostring(e) .. tostring(e.cause)
                """)
            let text = result.first?.stringValue ?? ""
            #expect(text.contains("`status`") && text.contains("100 to 999"), "\(text)")
        }
    }

    @Test func resolverOfAHookThatReturnsNoShareIsNamed() async throws {
        try await withSite { site in
            let error = await site.failure(
                .badHookValue,
                """
                mf.init { name = "host", remotes = {}, shared = { dep = { version = "1.0.0", lib = function() end } }, plugins = {
                  { name = "x-plugin", resolveShare = function(args) args.resolver = function() return 5 end return args end } } }
                mf.loadShare("dep")
                """)
            #expect(error?.message.contains("`resolver`") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("`resolveShare`") == true)
        }
    }

    // MARK: Warnings

    /// What a plugin's table has besides its name, and the line that is logged.
    private static let doubts = [
        ("version = 5", "`version` of plugin `x-plugin` is a number, not a string"),
        ("order = 5", "`order` of plugin `x-plugin` is a number: it is ignored, set it to `pre` or `post`"),
        ("Version = 5", "plugin `x-plugin` has the key `Version`, which is not read: did you mean `version`?"),
        ("appply = 3", "plugin `x-plugin` has the key `appply`, which is not read: did you mean `apply`?"),
        ("fliter = {}", "plugin `x-plugin` has the key `fliter`, which is not read: did you mean `filter`?"),
        (
            "onLaod = { handler = print }",
            "plugin `x-plugin` has the key `onLaod`, which is not read: did you mean `onLoad`?"
        ),
    ]

    @Test(arguments: doubts.indices) func misspeltKeyOfAPluginsTableIsWarnedAbout(index: Int) async throws {
        let (key, line) = Self.doubts[index]
        try await withSite { site in
            try await site.lua("mf.init { name = 'host', plugins = { { name = 'x-plugin', \(key) } } }")
            #expect(site.log.messages == ["warning: \(line)"])
        }
    }

    @Test func dataOfAPluginsAuthorIsNotWarnedAbout() async throws {
        try await withSite { site in
            try await site.lua(
                """
                mf.init { name = "host", plugins = { { name = "x-plugin", version = "1", versions = { 1 }, names = {}, title = "x",
                  settings = {}, applied = 0, onLoadCount = 0, loadEntryCache = {} } } }
                """)
            #expect(site.log.messages == [])
        }
    }

    @Test func unknownRemoteInDepsRemoteIsWarnedAboutOnce() async throws {
        let manifest = SampleRemote.manifest(name: "r", exposes: [("x", []), ("y", [])])
            .replacing(
                "\"remotes\": []",
                with:
                    #""remotes": [{"federationContainerName": "inner", "moduleName": "z", "alias": "inner", "entry": "http://inner/e.lua"}]"#
            )
        let texts = ["http://r/mf-manifest.json": manifest, "http://r/remoteEntry.lua": SampleRemote.entry("")]
        try await withSite(texts) { site in
            try await site.lua(
                """
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/mf-manifest.json" } } }
                mf.preloadRemote { { nameOrAlias = "r", exposes = { "x", "y" },
                  depsRemote = { { nameOrAlias = "inner" }, { nameOrAlias = "iner" } } } }
                """)
            #expect(
                site.log.messages == [
                    "warning: `depsRemote` of the preload of `r` names `iner` (did you mean `inner`?), which is none of its remotes"
                ])
        }
    }
}
