import Diagnostics
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(120))) struct ManifestTests {
    @Test func readsRealManifests() throws {
        let manifest = try Manifest(JSON.decode(try Fixture.bytes("manifests/humanlogio+perses-plugin.json")))
        #expect(manifest.name == "Humanlog")
        #expect(manifest.metaData.remoteEntry.name == "__mf/js/Humanlog.a15eed62.js")
        #expect(manifest.metaData.publicPath == "/plugins/Humanlog/")
        #expect(manifest.metaData.buildVersion == "0.1.3")
        #expect(manifest.shared.first?.name == "@emotion/react")
        #expect(manifest.shared.first?.assets.js.async == ["__mf/js/async/6237.91741f82.js"])
        #expect(!manifest.exposes.isEmpty)
        #expect(manifest.raw["metaData"]["prefetchInterface"] == false)

        let other = try Manifest(JSON.decode(try Fixture.bytes("manifests/rizkyhaksono+mf-product-provider.json")))
        #expect(other.exposes.map(\.name).prefix(2) == ["ProductCard", "ProductGrid"])
    }

    @Test func readsTheLeastThereIs() throws {
        let manifest = try Manifest(sample())
        #expect(manifest.metaData.remoteEntry.path == "")
        #expect(manifest.remotes.isEmpty && manifest.shared.isEmpty)
        #expect(manifest.exposes.map(\.name) == ["add"])
        #expect(manifest.exposes[0].assets.js.sync.isEmpty)
    }

    @Test(arguments: [
        (["exposes", "shared"], "exposes, shared"), (["metaData"], "metaData"),
        (["metaData", "exposes", "shared"], "metaData, exposes, shared"),
    ])
    func namesWhatIsMissing(_ keys: [String], _ missing: String) throws {
        for replacement in [LuaValue.nil, .null, false, 0, ""] {
            var record = sample().recordValue!
            for key in keys { record[key] = replacement }
            let error = expectMFError(.manifestInvalid) { [record] in try Manifest(.record(record)) }
            #expect(error?["missing"] == missing)
        }
    }

    @Test(arguments: [
        ("exposes", LuaValue.string("x"), "`exposes`: expected a list, found the string \"x\""),
        ("exposes", .array([1]), "`exposes[0]`: expected a table, found the number 1"),
        ("exposes", .array([.record(LuaRecord())]), "`exposes[0].name`: expected a string, found nothing"),
        ("metaData", .array([1]), "`metaData`: expected a table, found a list"),
        ("metaData", .record(LuaRecord()), "`metaData.buildInfo`: expected a table, found nothing"),
        ("name", 5, "`name`: expected a string, found the number 5"),
        (
            "remotes", .array([.record(LuaRecord([("entry", "x")]))]),
            "`remotes[0].federationContainerName`: expected a string, found nothing"
        ),
        ("shared", .record(LuaRecord([("react", 1)])), "`shared`: expected a list, found a table"),
    ])
    func saysWhatIsWrongWhere(_ key: String, _ value: LuaValue, _ message: String) throws {
        var record = sample().recordValue!
        record[key] = value
        let error = expectMFError(.manifestInvalid) { [record] in try Manifest(.record(record)) }
        #expect(error?.message == message)
        #expect(error?["missing"] == nil)
    }

    @Test func saysWhatIsWrongDeepInside() throws {
        let text = """
            {"metaData":{"remoteEntry":{"name":"e"},"buildInfo":{}},"shared":[],
             "exposes":[{"name":"a"},{"name":"b","assets":{"js":{"sync":["x",null]}}}]}
            """
        let error = expectMFError(.manifestInvalid) { try Manifest(JSON.decode(text)) }
        #expect(error?["path"] == "exposes[1].assets.js.sync[1]")
        #expect(error?["expected"] == "a string" && error?["found"] == "null")
    }

    @Test(arguments: [LuaValue.nil, .null, 1, "x", .array([1]), true])
    func whatIsNoTableIsNoManifest(_ value: LuaValue) throws {
        expectMFError(.manifestInvalid) { try Manifest(value) }
    }

    /// `MFLUA_FUZZ=100000` for the long run.
    @Test func aDamagedManifestIsReadOrRefused() throws {
        let count = getenv("MFLUA_FUZZ").flatMap { Int(String(cString: $0)) } ?? 2_000
        var mutator = ManifestMutator(seed: 42)
        let originals = try ["humanlogio+perses-plugin", "rizkyhaksono+mf-product-provider"].map {
            try Fixture.bytes("manifests/\($0).json")
        }
        var accepted = 0
        for round in 0..<count {
            let text = originals[round % originals.count]
            do {
                let tree =
                    round % 4 == 0
                    ? try JSON.decode(mutator.damaged(text)) : mutator.changed(try JSON.decode(text))
                let snapshot = Snapshot(from: try Manifest(tree), url: "http://x/m.json")
                _ = snapshot.resourceURL(snapshot.remoteEntry ?? "")
                accepted += 1
            } catch MFError.Code.jsonSyntax {
            } catch MFError.Code.manifestInvalid {
            }
        }
        #expect(accepted > 0 && accepted < count)
    }

    private func sample() -> LuaValue {
        try! JSON.decode(
            """
            {"name":"app1","metaData":{"buildInfo":{},"remoteEntry":{"name":"remoteEntry.lua"}},
             "shared":[],"exposes":[{"path":"./add"}]}
            """)
    }
}
