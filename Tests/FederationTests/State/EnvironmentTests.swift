import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What the code of a remote sees: globals of its own, and its own files.
@Suite(.timeLimit(.minutes(2))) struct EnvironmentTests {
    /// A host with the remotes `one` and `two`, by their entries.
    private static let host = """
        mf.init { name = "host", remotes = {
          { name = "one", entry = "http://one/app/entry.lua" }, { name = "two", entry = "http://two/app/entry.lua" },
          { name = "listed", entry = "http://listed/mf-manifest.json" } } }

        """

    /// A remote whose expose `./run` is the result of some code.
    private static func running(_ code: String, before: String = "") -> String {
        SampleRemote.entry("[\"./run\"] = function() \(code) end", before: before)
    }

    // MARK: Globals

    @Test func globalsOfARemoteAreNotSeenByAnotherNorByTheHost() async throws {
        let texts = [
            "http://one/app/entry.lua": Self.running("secret = secret or 'of one' return secret"),
            "http://two/app/entry.lua": Self.running("return tostring(secret)"),
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(
                Self.host + "return mf.loadRemote('one/run'), mf.loadRemote('two/run'), tostring(secret)")
            #expect(result == ["of one", "nil", "nil"])
        }
    }

    @Test func globalsOfTheHostAreNotSeenByARemote() async throws {
        try await withSite(["http://one/app/entry.lua": Self.running("return tostring(secret) .. tostring(_G.secret)")])
        { site in
            let result = try await site.lua(Self.host + "secret = 'of the host' return mf.loadRemote('one/run')")
            #expect(result == ["nilnil"])
        }
    }

    @Test func remoteCannotChangeTheLibrariesOfOthers() async throws {
        let texts = [
            "http://one/app/entry.lua": Self.running("return (pcall(function() string.upper = nil end))"),
            "http://two/app/entry.lua": Self.running("return string.upper('x')"),
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run'), mf.loadRemote('two/run')")
            #expect(result == [false, "X"])
        }
    }

    @Test func loadedCodeOfARemoteSharesTheRemotesGlobals() async throws {
        let texts = ["http://one/app/entry.lua": Self.running("here = 7 return load('return here')()")]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run')")
            #expect(result == [7])
        }
    }

    // MARK: require

    @Test func requireFindsWhatTheContainerBroughtAlong() async throws {
        let entry = Self.running(
            "return require('parts').name", before: "package.preload.parts = function() return { name = 'part' } end")
        try await withSite(["http://one/app/entry.lua": entry]) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run')")
            #expect(result == ["part"])
            #expect(site.memory?.requestedURLs == ["http://one/app/entry.lua"])
        }
    }

    @Test func requireFindsFilesBesideAPureEntryAndFetchesThemOnce() async throws {
        let texts = [
            "http://one/app/entry.lua": Self.running("return require('util.text').name .. require('tools').name"),
            "http://one/app/util/text.lua": "return { name = 'text' }",
            "http://one/app/tools/init.lua": "return { name = 'tools' .. require('util.text').name }",
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run'), mf.loadRemote('one/run')")
            #expect(result == ["texttoolstext", "texttoolstext"])
            #expect(
                site.memory?.requestedURLs == [
                    "http://one/app/entry.lua", "http://one/app/util/text.lua", "http://one/app/tools.lua",
                    "http://one/app/tools/init.lua",
                ])
        }
    }

    @Test func requireFindsTheFilesThatAManifestListsBelowThePublicPath() async throws {
        let texts = [
            "http://listed/mf-manifest.json": SampleRemote.manifest(
                name: "listed", publicPath: "http://cdn/files/", exposes: [("run", ["disk.lua"])]),
            "http://cdn/files/remoteEntry.lua": Self.running("return require('disk').name"),
            "http://cdn/files/disk.lua": "return { name = 'disk' }",
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('listed/run')")
            #expect(result == ["disk"])
            #expect(site.memory?.requestedURLs.filter { $0 == "http://cdn/files/disk.lua" }.count == 1)
        }
    }

    @Test func requireDoesNotFetchWhatTheManifestDoesNotList() async throws {
        let texts = [
            "http://listed/mf-manifest.json": SampleRemote.manifest(name: "listed", exposes: [("run", [])]),
            "http://listed/remoteEntry.lua": Self.running("return require('hidden')"),
            "http://listed/hidden.lua": "return {}",
        ]
        try await withSite(texts) { site in
            let error = await site.failure(.moduleNotFound, Self.host + "mf.loadRemote('listed/run')")
            #expect(error?.message.contains("hidden") == true)
            #expect(error?.rendered().contains("does not list `hidden.lua`") == true, "\(error?.rendered() ?? "")")
            #expect(site.memory?.requestedURLs.contains("http://listed/hidden.lua") == false)
        }
    }

    @Test func requireFindsMfLast() async throws {
        let texts = ["http://one/app/entry.lua": Self.running("return require('mf').json.encode({ 1, 2 })")]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run')")
            #expect(result == ["[1,2]"])
        }
    }

    @Test func requireNeverFindsTheHostsFiles() async throws {
        let folder = try TemporaryFolder()
        try folder.write("hostfile.lua", "return 'a file of the host'")
        let texts = ["http://one/app/entry.lua": Self.running("return require('hostfile')")]
        try await withSite(texts) { site in
            let script = "package.path = '\(folder.path)/?.lua' local found = require('hostfile') "
            let found = try await site.lua(script + "return found")
            #expect(found == ["a file of the host"])
            let error = await site.failure(.moduleNotFound, script + Self.host + "mf.loadRemote('one/run')")
            #expect(error?.rendered().contains(folder.path) == false)
        }
    }

    @Test func modulesOfOneRemoteAreNotSeenByAnother() async throws {
        let texts = [
            "http://one/app/entry.lua": Self.running("return require('parts')"),
            "http://one/app/parts.lua": "return 'parts of one'",
            "http://two/app/entry.lua": Self.running("return require('parts')"),
            "http://two/app/parts.lua": "return 'parts of two'",
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run'), mf.loadRemote('two/run')")
            #expect(result == ["parts of one", "parts of two"])
        }
    }

    @Test func remoteAsksForTheStateThatAllCodeShares() async throws {
        let run =
            "return collectgarbage('count') > 0 and collectgarbage() == 0 and io.output() == io.stdout and os.setlocale()"
        try await withSite(["http://one/app/entry.lua": Self.running(run)]) { site in
            let result = try await site.lua(Self.host + "return mf.loadRemote('one/run') == os.setlocale()")
            #expect(result == [true])
        }
    }

    /// What all code shares, and how a remote would change it.
    static let changes = [
        "getmetatable('').__index.upper = nil", "getmetatable('').__index = nil", "debug.getmetatable('').__add = nil",
        "debug.setmetatable('', {})", "debug.setmetatable(0, {})", "debug.setmetatable(nil, {})",
        "debug.setmetatable(print, {})", "getmetatable(io.stdout).__index.write = nil",
        "debug.setmetatable(io.stdout, {})", "debug.getregistry()._LOADED = {}", "string.upper = nil",
        "getmetatable(_G).__index.print = nil", "debug.getmetatable = nil", "rawset(string, 'upper', nil)",
        "rawset(getmetatable('').__index, 'upper', nil)", "rawset(getmetatable(''), '__index', nil)",
        "rawset(getmetatable(_G).__index, 'print', nil)", "debug.setmetatable(string, {})",
        "debug.getmetatable(string).__index = {}", "debug.setuservalue(io.stdout, 1)", "mf.json.encode = nil",
        "rawset(mf.json, 'encode', nil)", "rawset(mf.log, 'info', nil)", "getmetatable(mf).__index.json = nil",
        "rawset(getmetatable(mf).__index, 'json', nil)", "getmetatable(mf).__index.json.encode = nil",
        "debug.getmetatable(mf.spawn(print)).__index = nil", "debug.setmetatable(mf.spawn(print), {})",
        "debug.getmetatable(mf.getInstance()).__index = nil", "debug.setmetatable(mf.getInstance(), {})",
        "debug.getmetatable(mf.response {}).__index = nil",
        "debug.getmetatable(select(2, pcall(mf.loadRemote))).__tostring = nil", "io.output('/dev/null')",
        "io.output(io.stderr)", "io.input('/dev/null')", "io.close()", "collectgarbage('stop')",
        "collectgarbage('generational')", "collectgarbage('setpause', 1)", "os.setlocale('C')",
    ]

    @Test(arguments: changes) func noRemoteChangesWhatAllCodeShares(change: String) async throws {
        let texts = [
            "http://one/app/entry.lua": Self.running(
                "local mf = require('mf') return (pcall(function() \(change) end))"),
            "http://two/app/entry.lua": Self.running(
                "return string.upper('x') .. require('mf').json.encode { 1 } .. type(print)"),
        ]
        try await withSite(texts) { site in
            let result = try await site.lua(
                Self.host
                    + """
                    return mf.loadRemote('one/run'), ('abc'):upper(), type(io.stdout.write), 1 + '1',
                      mf.json.encode { 1 }, mf.spawn(function() return 7 end):wait(), mf.loadRemote('two/run')
                    """)
            #expect(result == [false, "ABC", "function", 2, "[1]", 7, "X[1]function"])
        }
    }
}
