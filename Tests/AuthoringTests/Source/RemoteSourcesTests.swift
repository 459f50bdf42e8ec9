import TestSupport
import Testing

@testable import Authoring

/// The files that a remote consists of.
@Suite struct RemoteSourcesTests {
    @Test func eachExposeHasItsWholeClosure() throws {
        let sources = try SampleProject([
            "src/units.lua": "return require('format.number')", "src/format/number.lua": "require('units')",
            "src/unused.lua": "return 1",
        ]).sources()
        #expect(sources.findings == [])
        #expect(sources.closure(of: ["disk.lua"]) == ["disk.lua", "format/number.lua", "units.lua"])
        #expect(sources.parts["unused.lua"] == nil)
    }

    @Test func namesBeginAtTheFolderAtSrcAndBesideExposes() throws {
        let project = try SampleProject([
            ProjectConfig.fileName: """
            return { name = "c", version = "1.0.0", exposes = { ["./a"] = "lib/a.lua", ["./b"] = "src/deep/b/init.lua" } }
            """,
            "lib/a.lua": "require('beside') require('units') require('top') require('src.units')",
            "lib/beside.lua": "", "src/deep/b/init.lua": "require('deep.b')", "top.lua": "",
        ])
        let sources = try project.sources()
        #expect(sources.findings == [])
        #expect(sources.exposes["./a"]?.module == "lib.a")
        #expect(sources.exposes["./b"]?.module == "deep.b")
        #expect(
            sources.closure(of: ["lib/a.lua"]) == ["beside.lua", "lib/a.lua", "src/units.lua", "top.lua", "units.lua"])
    }

    @Test(arguments: [
        ("require('unit')", "", "src/disk.lua:1: no module `unit` in the project", "did you mean `units`?"),
        (
            "\nlocal lfs = require('lfs')", "", "src/disk.lua:2: no module `lfs` in the project",
            "add it, or list `lfs` in `external` if the host provides it"
        ),
        (
            "require('plug.' .. x)", "include = { 'src/units.lua' }",
            "src/disk.lua:1: `require` with a computed name that begins with `plug.`",
            "write the name as one text, or list the files in `include` of module-federation.config.lua"
        ),
        ("require('../units')", "", "src/disk.lua:1: no module `../units` in the project", nil),
        (
            "mf.loadShare('units')", "shared = { unit = { import = false } }",
            "src/disk.lua:1: `units` is not declared in `shared`", "did you mean `unit`?"
        ),
        (
            "require('units')", "shared = { units = { import = false } }",
            "src/disk.lua:1: `units` is shared: `require` would load a second copy", "write `mf.loadShare(\"units\")()`"
        ),
        (
            "mf.loadRemote('storge/disk')", "remotes = { storage = 'https://cdn/m.json' }",
            "src/disk.lua:1: remote `storge` is not declared in `remotes`", "did you mean `storage`?"
        ),
        ("local x = = 1", "", "src/disk.lua:1: unexpected symbol near '='", nil),
        (
            "", "include = { 'plug/*.lua' }",
            "module-federation.config.lua: `include`: no Lua file matches `plug/*.lua`", nil
        ),
        (
            "", "shared = { x = { import = 'src/unit.lua', version = '1.0.0' } }",
            "module-federation.config.lua: `shared[\"x\"].import`: no file `src/unit.lua`",
            "did you mean `src/units.lua`?"
        ),
    ]) func faultIsTold(disk: String, keys: String, text: String, hint: String?) throws {
        let findings = try SampleProject(disk: disk, keys: keys).findings()
        #expect(findings.map { "\($0.place): \($0.message)" } == [text])
        if let hint { #expect(findings.first?.hint == hint) }
    }

    @Test(arguments: [
        ("require('lfs')", "external = { 'lfs' }"), ("require('socket.http')", "external = { 'socket.*' }"),
        ("require('mf') require('string') require('mf.plugins.retry')", ""),
        ("package.preload['own'] = f require('own')", ""),
        ("require(name)", "include = { 'src/units.lua' }"),
        ("require('un' .. x)", "include = { '**/units.lua' }"),
        ("mf.loadRemote('@acme/storage/disk')", "remotes = { ['@acme/storage'] = 'https://cdn/m.json' }"),
        ("mf.loadShare('x')", "shared = { x = { import = 'src/units.lua', version = '1.0.0' } }"),
    ]) func whatIsDeclaredIsAccepted(disk: String, keys: String) throws {
        #expect(try SampleProject(disk: disk, keys: keys).findings() == [])
    }

    @Test func computedNamesReachWhatIncludeLists() throws {
        let sources = try SampleProject(
            disk: "return require('plug.' .. x)", keys: "include = { 'src/plug/*.lua', 'src/units.lua' }",
            others: ["src/plug/a.lua": "", "src/plug/b.lua": ""]
        ).sources()
        #expect(sources.parts["disk.lua"]?.needs == ["plug/a.lua", "plug/b.lua", "units.lua"])
        #expect(sources.notes.map(\.place) == ["src/disk.lua:1"])
    }

    @Test func allFaultsAreToldAtOnce() throws {
        let findings = try SampleProject([
            "src/disk.lua": "require('a')\nrequire('b')", "src/memory.lua": "return require",
        ]).findings()
        #expect(findings.map(\.place) == ["src/disk.lua:1", "src/disk.lua:2", "src/memory.lua:1"])
    }
}
