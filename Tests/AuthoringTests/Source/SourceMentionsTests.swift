import Testing

@testable import Authoring

/// What a source mentions of modules, shares and remotes.
@Suite struct SourceMentionsTests {
    private func mentions(_ source: String) -> SourceMentions { SourceMentions(of: Array(source.utf8)) }

    @Test(arguments: [
        "require(\"a.b\")", "require 'a.b'", "require[[a.b]]", "require ( 'a' .. '.b' )", "local x = require'a.b'.y",
        "pcall(require, 'a.b')", "_G.require('a.b')", "_ENV.require 'a.b'", "require('a.b', 1)",
        "local require = require\nrequire 'a.b'", "local os, require, io = os, require, io require 'a.b'",
        "local io, require = _G.io, _G.require require 'a.b'", "_G.pcall(_G.require, 'a.b')",
        "pcall(require, 'a' .. '.b')", "load(\"return require 'a.b'\")()", "t.require('a.b')",
        "require --[[ x ]] 'a.b'",
    ]) func literalNamesAModule(source: String) {
        let found = mentions(source)
        #expect(found.modules.map(\.name) == ["a.b"])
        #expect(found.unclear.isEmpty)
    }

    @Test(arguments: [
        ("require(name)", SourceMentions.Unclear.Kind.computed(prefix: "")),
        ("require('plug.' .. name)", .computed(prefix: "plug.")),
        ("require('a' .. '.' .. name .. 'x')", .computed(prefix: "a.")),
        ("require(('plug.%s'):format(x))", .computed(prefix: "")),
        ("require('a' or 'b')", .computed(prefix: "")),
        ("require {}", .computed(prefix: "")),
        ("local load_module = require", .value),
        ("local require = require or other", .value), ("local a, require = require, a", .value),
        ("local f = _G.require", .value), ("pcall(require, 'plug.' .. name)", .computed(prefix: "plug.")),
        ("f(require)", .value), ("t = { require = require }", .value), ("return require", .value),
        ("pcall(require, name)", .computed(prefix: "")), ("(require)('a')", .value), ("_G['require']('a')", .value),
        ("rawget(_G, 'require')", .value),
    ]) func otherMentionIsUnclear(source: String, kind: SourceMentions.Unclear.Kind) {
        let found = mentions(source)
        #expect(found.modules.isEmpty)
        #expect(found.unclear == [.init(kind: kind, line: 1)])
    }

    @Test(arguments: [
        "-- require('a')", "x = \"call require('a')\"", "loader:require('a')", "function M.require(name) end",
        "local function require(x) end", "local f = function(a, require) end", "M.require = nil",
        "::require:: goto require",
        "local a, require = 1", "local a <const>, require <const> = 1", "x = { require = 1 }", "requires('a')",
        "function loader:require(x) end", "function a.b.require(x) end",
    ]) func whatIsNoMentionIsPassedOver(source: String) {
        let found = mentions(source)
        #expect(found.modules.isEmpty && found.unclear.isEmpty)
    }

    @Test func sharesAndRemotesAreNamed() {
        let found = mentions(
            """
            local a = mf.loadShare("statsd")()
            host:loadShareSync 'units'
            pcall(mf.loadRemote, "storage/disk")
            mf.live("logs/recent", {})
            mf.loadRemote("x" .. y) mf.loadShare(name) live("no")
            """)
        #expect(found.shares == [.init(name: "statsd", line: 1), .init(name: "units", line: 2)])
        #expect(found.remotes == [.init(name: "storage/disk", line: 3), .init(name: "logs/recent", line: 4)])
    }

    @Test func preloadedModulesAreKnown() {
        #expect(mentions("package.preload['a'] = f package.preload.b = g").preloaded == ["a", "b"])
    }
}
