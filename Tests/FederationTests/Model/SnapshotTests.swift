import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct SnapshotTests {
    private func manifest(_ metaData: String, _ rest: String = "") throws -> Manifest {
        try Manifest(
            JSON.decode(
                """
                {"metaData":{"buildInfo":{"buildVersion":"7"},"remoteEntry":{"name":"e.lua","path":"static","type":"global"},
                 "globalName":"app1"\(metaData)},
                 "shared":[{"name":"react","version":"18.0.0","assets":{"js":{"sync":["r.lua"]}}}],
                 "exposes":[{"name":"add","path":"./add","assets":{"js":{"sync":["add.lua"],"async":["lazy.lua"]},"css":{"sync":["a.css"]}}}]\(rest)}
                """))
    }

    @Test func theEntrysUrlFollowsWhatItIsMadeOf() throws {
        let snapshot = Snapshot(from: try manifest(",\"publicPath\":\"http://x/\""), url: "http://m/m.json")
        #expect(snapshot.entryURL(manifest: "http://m/m.json") == "http://x/static/e.lua")
        snapshot.publicPath = "../y/"
        #expect(snapshot.entryURL(manifest: "http://m/a/m.json") == "http://m/y/static/e.lua")
        #expect(snapshot.entryURL(manifest: "http://n/a/b/m.json") == "http://m/y/static/e.lua")
        snapshot.remoteEntry = "f.lua"
        #expect(snapshot.entryURL(manifest: nil) == "http://m/y/f.lua")
        snapshot.remoteEntry = ""
        #expect(snapshot.entryURL(manifest: nil) == nil)
    }

    @Test func carriesWhatLoadingNeeds() throws {
        let snapshot = Snapshot(from: try manifest(",\"publicPath\":\"http://x/\""), url: "http://m/m.json")
        #expect(snapshot.version == "http://m/m.json")
        #expect(snapshot.remoteEntry == "static/e.lua")
        #expect(snapshot.remoteEntryType == "global")
        #expect(snapshot.buildVersion == "7")
        #expect(snapshot.globalName == "app1")
        #expect(snapshot.resourceURL("static/e.lua") == "http://x/static/e.lua")
        #expect(snapshot.moduleNames == ["add"])
        #expect(snapshot.lists(asset: "lazy.lua") && snapshot.lists(asset: "r.lua") && !snapshot.lists(asset: "z.lua"))
        #expect(snapshot.shared?.elements.first?.version == "18.0.0")
        #expect(!snapshot.isManifestProvider)
        #expect(Snapshot(remoteEntry: "http://x/m.json").isManifestProvider)
    }

    @Test(arguments: [
        (",\"publicPath\":\"auto\"", "http://m/app/f.lua"), (",\"publicPath\":\"\"", "http://m/app/f.lua"),
        (",\"publicPath\":\"/plugins/\"", "http://m/plugins/f.lua"),
        (",\"publicPath\":\"//cdn/x/\"", "http://cdn/x/f.lua"),
        (",\"publicPath\":\"https://cdn/\"", "https://cdn/f.lua"), ("", "http://m/app/f.lua"),
        (",\"getPublicPath\":\"function() { return 'http://g/'; }\"", "http://g/f.lua"),
        (",\"getPublicPath\":\"return \\\"/g/\\\"\"", "http://m/g/f.lua"),
        (",\"getPublicPath\":\"function() { return base + '/' }\"", "http://m/app/f.lua"),
    ])
    func findsFilesBelowThePublicPath(_ metaData: String, _ url: String) throws {
        let snapshot = Snapshot(from: try manifest(metaData), url: "http://m/app/m.json?v=1")
        #expect(snapshot.resourceURL("f.lua") == url)
    }

    @Test func knowsTheRemotesOfTheRemote() throws {
        let text = """
            ,"remotes":[{"federationContainerName":"a","entry":"http://a/m.json"},
             {"federationContainerName":"b","version":"1.0.0","entry":"http://b/m.json"}]
            """
        let given = try manifest("", text)
        let versions = { (snapshot: Snapshot) in
            snapshot.remotesInfo?.pairs.map { "\($0.key)=\($0.value.matchedVersion)" } ?? []
        }
        #expect(versions(Snapshot(from: given)) == ["a=http://a/m.json", "b=1.0.0"])
        #expect(versions(Snapshot(from: given, overrides: ["a": "2.0.0"])) == ["a=2.0.0", "b=1.0.0"])
        let chosen = Snapshot(
            from: given, remotes: [(key: "c", value: "3"), (key: "b", value: "4")], overrides: ["b": "5"])
        #expect(versions(chosen) == ["c=3", "b=5"])
    }

    @Test func luaReadsWritesAndEnumeratesIt() throws {
        let snapshot = Snapshot(from: try manifest(",\"publicPath\":\"auto\""), url: "http://m/m.json")
        #expect(try snapshot.luaGet("publicPath") == "http://m/")
        #expect(snapshot.luaKeys.contains("modules") && !snapshot.luaKeys.contains("getPublicPath"))
        try snapshot.luaSet("publicPath", "http://other/")
        try snapshot.luaSet("mine", .array([1]))
        #expect(snapshot.resourceURL("x") == "http://other/x")
        #expect(try snapshot.luaGet("mine") == .array([1]))
        #expect(snapshot.luaKeys.last == "mine")
        try snapshot.luaSet("modules", .array([.record(LuaRecord([("moduleName", "sub")]))]))
        #expect(snapshot.moduleNames == ["sub"])
        try snapshot.luaSet("modules", .nil)
        #expect(snapshot.modules == nil)
        expectMFError(.luaConversion) { try snapshot.luaSet("modules", "x") }
    }

    @Test func writesDeepInsideAreSeenByTheEngine() throws {
        let snapshot = Snapshot(from: try manifest(""))
        try #require(try snapshot.luaGet("remotesInfo").objectValue)
            .luaSet("dep", .record(LuaRecord([("matchedVersion", "1.0.0")])))
        #expect(snapshot.remotesInfo?["dep"]?.matchedVersion == "1.0.0")
        let modules = try #require(snapshot.modules)
        let module = try #require(try modules.luaGet(1).objectValue)
        let assets = try #require(try module.luaGet("assets").objectValue)
        let js = try #require(try assets.luaGet("js").objectValue)
        try #require(try js.luaGet("sync").objectValue).luaSet(2, "more.lua")
        #expect(snapshot.modules?.elements.first?.assets.js.sync == ["add.lua", "more.lua"])
        try module.luaSet("assets", .record(LuaRecord([("js", .record(LuaRecord([("sync", .array(["z.lua"]))])))])))
        #expect(snapshot.lists(asset: "z.lua") && !snapshot.lists(asset: "add.lua"))
    }

    @Test func isMadeOfATableWithWhateverItHas() throws {
        let table = try JSON.decode(
            """
            {"version":"1.0.0","remoteEntry":"","remotesInfo":{"a":{"matchedVersion":"2"}},"modules":null,"consumerList":["x"]}
            """)
        let snapshot = try Snapshot.fromLua(table)
        #expect(snapshot.version == "1.0.0" && snapshot.modules == nil)
        #expect(snapshot.remotesInfo?["a"]?.matchedVersion == "2")
        #expect(try snapshot.luaGet("consumerList") == .array(["x"]))
        #expect(try Snapshot.fromLua(.object(snapshot)) === snapshot)
    }
}
