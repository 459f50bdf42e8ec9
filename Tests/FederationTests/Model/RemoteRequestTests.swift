import LuaBridge
import TestSupport
import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct RemoteRequestTests {
    private let table: LuaValue

    init() throws {
        table = try JSON.decode(try Fixture.bytes("conformance/match.json"))
    }

    private func rows(_ name: String) throws -> [LuaValue] { try #require(table[name].arrayValue) }

    /// The remotes of a set, by their place in it.
    private func index(_ set: LuaValue) throws -> RemoteIndex<Int> {
        var index = RemoteIndex<Int>()
        for (place, remote) in try #require(table["sets"][set.stringValue!].arrayValue).enumerated() {
            index.add(place, name: remote["name"].stringValue!, alias: remote["alias"].stringValue)
        }
        return index
    }

    @Test func matchesAsRecorded() throws {
        for row in try rows("match") {
            let (set, id) = (row[1].stringValue!, row[2].stringValue!)
            // D9: the longest matching name wins, whatever the order of registration.
            let isLonger = set == "nested" && id.hasPrefix("lib/sub")
            let match = try index(row[1]).match(id)
            #expect(match?.value == (isLonger ? 1 : row[3]["index"].intValue), "\(id) in \(set)")
            let name = isLonger ? "lib/sub" : row[3]["pkgNameOrAlias"].stringValue
            #expect(match?.request.pkgNameOrAlias == name, "\(id) in \(set)")
            #expect(match?.request.expose == (isLonger ? "./x" : row[3]["expose"].stringValue), "\(id) in \(set)")
        }
    }

    @Test func findsByNameOrAliasAsRecorded() throws {
        for row in try rows("matchName") {
            #expect(try index(row[1]).remote(named: row[2].stringValue!) == row[3].intValue, "\(row)")
        }
    }

    @Test func composesAsRecorded() throws {
        for row in try rows("requestId") {
            #expect(RemoteRequest.id(remote: row[1].stringValue!, expose: row[2].stringValue!) == row[3].stringValue)
        }
        for row in try rows("moduleName") {
            let name = RemoteRequest.moduleName(remote: row[1].stringValue!, expose: row[2].stringValue!)
            #expect(name == row[3].stringValue)
        }
        for row in try rows("joinEntry") {
            #expect(Remote.joinEntry(path: row[1].stringValue!, name: row[2].stringValue!) == row[3].stringValue)
        }
        for row in try rows("autoPublicPath") {
            #expect(Remote.autoPublicPath(of: row[1].stringValue!) == row[2].stringValue)
        }
        for row in try rows("snapshotKey") {
            let remote = row[1]
            let key = Remote.snapshotKey(
                name: remote["name"].stringValue!, version: remote["version"].stringValue,
                entry: remote["entry"].stringValue)
            #expect(key == row[2].stringValue)
        }
        for row in try rows("sameResource") {
            #expect(Remote.isSameResource(row[1].stringValue!, row[2].stringValue!) == row[3].boolValue)
        }
    }

    @Test(arguments: [
        ("", "e.js", "e.js"), (".", "e.js", "e.js"), ("./", "e.js", "e.js"), ("./a", "e.js", "a/e.js"),
        ("/a/", "e.js", "a/e.js"), ("//", "e.js", "e.js"), ("a/b/", "e.js", "a/b/e.js"),
    ])
    func joinsFolderAndName(_ path: String, _ name: String, _ joined: String) {
        #expect(Remote.joinEntry(path: path, name: name) == joined)
    }

    @Test(arguments: [
        ("http://x/a/m.json", "http://x/a/"), ("http://x/a/m.json#/b/c", "http://x/a/"), ("m.json", "m.json"),
        ("http://x/m.json?v=1#f", "http://x/"), ("http://x", "http://"),
    ])
    func takesTheManifestsFolder(_ url: String, _ folder: String) {
        #expect(Remote.autoPublicPath(of: url) == folder)
    }

    @Test(arguments: [
        ("HTTPS://x/a", "//x/a", true), ("http:/x", "/x", false), ("ftp://x", "http://x", false), ("x//", "x/", false),
        ("", "/", true),
    ])
    func comparesResources(_ a: String, _ b: String, _ areSame: Bool) {
        #expect(Remote.isSameResource(a, b) == areSame)
    }

    @Test(arguments: [
        ("http://x/mf-manifest.json", true), ("http://x/m.json?t=1#a", true), ("http://x/a.json/entry.lua", false),
        ("http://x/entry.lua?from=m.json", false), ("", false),
    ])
    func onlyAPathThatEndsInJSONIsAManifest(_ entry: String, _ isOne: Bool) {
        #expect(Remote.isManifest(entry: entry) == isOne)
    }
}
