import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Authoring
@testable import Federation

/// What a build consists of.
@Suite struct BuiltRemoteTests {
    @Test func manifestIsOneForTheRuntime() throws {
        let built = try SampleProject(
            disk: "mf.loadShare('statsd') mf.loadRemote('storage/disk') return require('units')",
            keys: """
                shared = { statsd = { requiredVersion = "^1.0.0", import = false, singleton = true } },
                remotes = { storage = "store@https://cdn/m.json", logs = "https://cdn/l.json" }
                """
        ).build()
        let manifest = try Manifest(try JSON.decode(built.manifest))
        #expect(manifest.id == "checks" && manifest.name == "checks")
        #expect(manifest.metaData.buildVersion == "1.4.0" && manifest.metaData.buildName == "checks")
        #expect(manifest.metaData.remoteEntry.name == "remoteEntry.lua" && manifest.metaData.globalName == "checks")
        #expect(manifest.metaData.publicPath == built.folder + "/")
        #expect(manifest.exposes.map(\.name) == ["disk"] && manifest.exposes.map(\.path) == ["./disk"])
        #expect(manifest.exposes.map(\.assets.js.sync) == [["disk.lua", "units.lua"]])
        #expect(manifest.shared.map(\.name) == ["statsd"])
        #expect(manifest.remotes.map(\.federationContainerName) == ["logs", "store"])
        #expect(manifest.remotes.map(\.entry) == ["https://cdn/l.json", "https://cdn/m.json"])
        let integrity = try #require(try manifest.raw.field("integrity").luaEntries())
        #expect(
            integrity.map(\.key.stringValue) == [
                "@mf-types.lua", "@mf-types.zip", "disk.lua", "remoteEntry.lua", "units.lua",
            ])
        #expect(integrity.allSatisfy { $0.value.stringValue?.hasPrefix("sha256-") == true })
        _ = try Manifest(try JSON.decode(built.stats))
    }

    /// The keys that Module Federation's own readers look at, with the types they have in a bundler's manifest.
    @Test func manifestHasTheFormOfABundlers() throws {
        let real = try JSON.decode(try Fixture.bytes("manifests/humanlogio+perses-plugin.json"))
        let built = try SampleProject(
            disk: "mf.loadShare('statsd')", keys: "shared = { statsd = { import = false, requiredVersion = '^1.0.0' } }"
        ).build()
        let own = try JSON.decode(built.manifest)
        let others = ["prefetchInterface"]
        func compare(_ real: LuaValue, _ own: LuaValue, _ path: String) throws {
            if let elements = try real.luaElements(), let first = elements.first {
                if let mine = try own.luaElements()?.first { try compare(first, mine, path + "[]") }
                return
            }
            guard case .record(let record) = real else {
                #expect(own.luaTypeName == real.luaTypeName, "\(path)")
                return
            }
            for entry in record.entries where !others.contains(entry.key.stringValue ?? "") {
                try compare(entry.value, try own.field(entry.key.stringValue ?? ""), "\(path).\(entry.key)")
            }
        }
        try compare(real, own, "")
    }

    @Test func sameSourcesGiveTheSameBytes() throws {
        let (one, other) = (try SampleProject(), try SampleProject())
        let (first, second) = (try one.build(), try other.build())
        #expect(first.manifest == second.manifest && first.stats == second.stats && first.folder == second.folder)
        #expect(first.assets.map(\.bytes) == second.assets.map(\.bytes))
        #expect(first.manifest.last == UInt8(ascii: "\n"))
    }

    @Test func anyChangeGivesAnotherFolder() throws {
        let first = try SampleProject().build()
        let second = try SampleProject(["src/units.lua": "return { percent = print }"]).build()
        #expect(first.folder != second.folder)
        #expect(first.folder.hasPrefix("1.4.0-"))
        #expect(OutputFolder.isVersioned(first.folder))
    }

    @Test func publicPathOfTheCommandGoesBeforeThatOfTheConfiguration() throws {
        let sample = try SampleProject(disk: "", keys: "publicPath = 'https://cdn/a/'")
        func path(_ remote: BuiltRemote) throws -> String? {
            try Manifest(try JSON.decode(remote.manifest)).metaData.publicPath
        }
        let built = try BuiltRemote(sample.project)
        #expect(try path(built) == "https://cdn/a/\(built.folder)/")
        #expect(try path(try BuiltRemote(sample.project, publicPath: "https://b/")) == "https://b/\(built.folder)/")
    }

    @Test(arguments: ["a\"b\\c", "line\nbreak", "tab\tnul\u{0}é漢", "plain"]) func textsAreWrittenAsLua(text: String)
        async throws
    {
        let runtime = try Runtime()
        let source = "return " + text.luaLiteral
        let value = try await runtime.loop.perform { [runtime] in
            try runtime.state.call(try runtime.state.load(source, name: "=text")).first
        }
        #expect(value == .string(text))
        await runtime.shutdown()
    }
}
