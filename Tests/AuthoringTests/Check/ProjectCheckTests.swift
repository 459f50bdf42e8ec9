import Diagnostics
import Posix
import TestSupport
import Testing

@testable import Authoring

/// `mflua check` without the command.
@Suite struct ProjectCheckTests {
    /// What is wrong with a folder that holds one script.
    private func check(_ script: String, as path: String = "host.lua") throws -> [String] {
        let folder = try TemporaryFolder()
        try folder.write(path, script)
        return try ProjectCheck(folder.path).findings.map { "\($0.rule.rawValue) \($0.line ?? 0): \($0.message)" }
    }

    @Test(arguments: [
        ("\nx = 1", "global 2: assigns the global `x`"),
        ("local function f()\n  y = 1\nend", "global 2: assigns the global `y`"),
        ("print = 1", "global 1: assigns the global `print`, which others use"),
        ("\n\nreturn prnt()", "global 3: there is no global `prnt`"),
        ("return function()\n return function() return zz end end", "global 2: there is no global `zz`"),
        ("x = = 1", "syntax 1: unexpected symbol near '='"),
        ("mf.init { remote = {} }", "option 1: `remote` is not an option of `mf.init`"),
        ("mf.init({\n  nam = 'x' })", "option 2: `nam` is not an option of `mf.init`"),
        ("local h = mf.createInstance { ['plugin'] = {} }", "option 1: `plugin` is not an option of `mf.init`"),
        ("mf.init { remotes = { { name = 'a', entri = '' } } }", "option 1: `entri` is not an option of `remotes`"),
        (
            "mf.init { shared = { x = { version = '2.0.0', shareConfig = { requiredVersion = '^1.0.0' } } } }",
            "range 1: `x`: its version 2.0.0 is not in `^1.0.0`"
        ),
        (
            "mf.init { remotes = { { name = 'checks' } } } mf.loadRemote('check/disk')",
            "remotes 1: remote `check` is not among the `remotes` of `mf.init`"
        ),
        (
            "return { name = 'p', onLoad = f, beforeRequst = function() end }",
            "hook 1: there is no hook `beforeRequst`"
        ),
        (
            "return { name = 'p', verison = '1', onLoad = f, init = function() end }",
            "option 1: `verison` is not a key of a plugin"
        ),
        (
            "return { name = 'p', optoins = {}, plugin = function() end }",
            "option 1: `optoins` is not a key of a plugin"
        ),
        ("return { onLoad = function() end, onLaod = { handler = f } }", "hook 1: there is no hook `onLaod`"),
        (
            "return { name = 'p', createScript = function()\n  mf.sleep(5)\nend }",
            "wait 2: `mf.sleep` waits, and `createScript` is a synchronous hook"
        ),
        (
            "return { createScript = { handler = function() for i = 1, 2 do mf.fetch 'x' end end } }",
            "wait 1: `mf.fetch` waits, and `createScript` is a synchronous hook"
        ),
    ]) func faultIsFound(script: String, finding: String) throws {
        let script = "local mf, f = require('mf') " + script
        #expect(try check(script) == [finding])
    }

    @Test(arguments: [
        "_G.x = 1 print(_G.x)", "return { init = function() end, get = function() end }", "local x = 1 x = 2 return x",
        "return arg, dofile, loadfile",
        "local t = { name = 'x', handlers = {}, run = function() end }", "local o = { remote = 1 } other.init(o)",
        "return { name = 'p', onLoad = function() mf.sleep(5) end }",
        "return { name = 'p', createScript = function() mf.spawn(function() mf.sleep(5) end) end }",
        "mf.init { remotes = others } mf.loadRemote('x/y')",
        "mf.init { remotes = { { name = 'a' } } } mf.registerRemotes { { name = 'x' } } mf.loadRemote('x/y')",
        "mf.init { remotes = { { name = 'a', alias = 'b' } } } mf.loadRemote('b/y') mf.loadRemote('a' .. other)",
        "return { name = 'p', custom = function() end, onLoad = function() end }",
        "local function f() if a then return 1 elseif b then return 2 else return 3 end end return { x = f, y = 1 }",
    ]) func whatIsRightIsLeftAlone(script: String) throws {
        let script = "local mf, other, others, a, b = require('mf') " + script
        #expect(try check(script) == [])
    }

    @Test(arguments: [
        ("spec/a_spec.lua", "describe('x', function() it('y', function() end) end)", 0),
        ("src/a.lua", "describe('x')", 1), ("src/a_test.lua", "describe('x')", 0),
    ]) func wordsOfTestsAreKnownInTests(path: String, script: String, count: Int) throws {
        #expect(try check(script, as: path).count == count)
    }

    @Test func optionsOfAPluginAreThoseOfItsFile() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "plugins/log-plugin.lua",
            "return { name = 'log', options = { prefix = { type = 'string' } }, plugin = function() return {} end }")
        try folder.write("plugins/plain-plugin.lua", "return function(options) return { name = options.name } end")
        try folder.write(
            "bin/host.lua",
            """
            require("mf").init { plugins = {
              { "../plugins/log-plugin.lua", { prefix = "a" } }, { "../plugins/plain-plugin.lua", { x = 1 } }, "./a.lua",
              { "../plugins/log-plugin.lua", { prefx = "a" } }, { "../plugins/none-plugin.lua", { y = 1 } } } }
            """)
        let findings = try ProjectCheck(folder.path).findings
        #expect(findings.map(\.place) == ["bin/host.lua:3"])
        #expect(findings.first?.message == "`prefx` is not an option of `../plugins/log-plugin.lua`")
        #expect(findings.first?.hint == "did you mean `prefix`?")
    }

    @Test func sourcesOfARemoteHaveNoGlobalsOfHosts() throws {
        let sample = try SampleProject(disk: "return dofile, arg")
        #expect(
            try ProjectCheck(sample.folder.path).findings.map(\.message) == [
                "a remote has no global `arg`", "a remote has no global `dofile`",
            ])
    }

    @Test func configurationIsComparedWithTheSources() throws {
        let sample = try SampleProject(
            disk: "return require('units')",
            keys: """
                shared = {
                  a = { import = false }, b = { import = "src/units2.lua", version = "2.0.0", requiredVersion = "^1.0.0" },
                },
                remotes = { c = "https://cdn/m.json" }, external = { "d", "socket.*" },
                """, others: ["src/units2.lua": ""])
        #expect(
            try ProjectCheck(sample.folder.path).findings.map(\.message) == [
                "`external` lists `d`, and no source requires it",
                "`external` lists `socket.*`, and no source requires it",
                "`remotes[\"c\"]` is declared, and no source loads it",
                "`shared[\"a\"]` is declared, and no source loads it",
                "`shared[\"b\"]`: its version 2.0.0 is not in `^1.0.0`",
            ])
    }

    @Test func wrongConfigurationIsAFinding() throws {
        let sample = try SampleProject([ProjectConfig.fileName: "return {}"])
        #expect(try ProjectCheck(sample.folder.path).findings.map(\.rule) == [.config])
    }

    @Test func eachFileOfABuildIsCompared() throws {
        let sample = try SampleProject()
        let output = sample.folder.path + "/dist"
        let built = try ProjectBuild(folder: sample.folder.path, output: output).run()
        #expect(try ProjectCheck(sample.folder.path).findings == [])
        for asset in built.assets {
            let path = "dist/\(built.folder)/\(asset.path)"
            let location = sample.folder.path + "/" + path
            let bytes = try File.read(location)
            try sample.folder.delete(path)
            #expect(
                try ProjectCheck(sample.folder.path).findings.map(\.place) == [path], "\(asset.path) is missing")
            #expect(try ProjectCheck(output).findings.count == 1)
            try File.write(bytes + [0], to: location)
            #expect(
                try ProjectCheck(sample.folder.path).findings.map(\.message) == [
                    "differs from its `integrity` in mf-manifest.json"
                ])
            try File.write(bytes, to: location)
        }
        try sample.folder.write("dist/\(built.folder)/more.lua", "return 1")
        #expect(
            try ProjectCheck(sample.folder.path).findings.map(\.message) == ["is not listed in mf-manifest.json"])
    }

    @Test func handWrittenManifestIsComparedWithItsFiles() throws {
        for name in ["disk", "logs"] {
            #expect(try ProjectCheck(Places.root + "/Fixtures/remotes/\(name)").findings == [])
        }
    }

    @Test func folderThatIsNotThereIsAnError() {
        expectMFError(.folderMissing) { try ProjectCheck("/no/such/folder") }
    }
}
