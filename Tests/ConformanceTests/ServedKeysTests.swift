import Serving
import Testing

@testable import mflua_conformance

@Suite(.timeLimit(.minutes(2))) struct ServedKeysTests {
    private func served(_ text: String) throws -> ServedKeys {
        let keys = ServedKeys(try JSON.parse(text))
        keys.start(base: "http://127.0.0.1:1")
        return keys
    }

    private func answer(_ keys: ServedKeys, _ path: String) -> (status: Int, body: String)? {
        guard case .response(let status, _, let body, _) = keys.reply(to: ServerRequest(path: path)) else { return nil }
        return (status, String(decoding: body, as: UTF8.self))
    }

    @Test func longestKeyThatServesThePathWins() throws {
        let keys = try served(#"{"app1":{},"app1/static/js":{"name":"app1"}}"#)
        #expect(answer(keys, "/app1/remoteEntry.js")?.body.contains("container") == true)
        #expect(answer(keys, "/app1/static/js/mf-manifest.json")?.body.contains(#""name":"app1""#) == true)
        #expect(answer(keys, "/app1/other.js")?.status == 404)
    }

    @Test func queryCountsAsARequestOfItsOwn() throws {
        let keys = try served(#"{"app1":{}}"#)
        _ = answer(keys, "/app1/mf-manifest.json")
        _ = answer(keys, "/app1/mf-manifest.json?t=1")
        #expect(keys.requests.description == #"{"/app1/mf-manifest.json":1,"/app1/mf-manifest.json?t=1":1}"#)
    }

    @Test func manifestListsExposesInTheirOrder() throws {
        let keys = try served(#"{"a":{"exposes":{"./z":{"value":1},".":{"value":2}},"manifest":{"omit":["remotes"]}}}"#)
        let manifest = try #require(keys.manifest(of: "a"))
        #expect(manifest["exposes"]?.elements.map { $0["name"]?.text } == ["z", "."])
        #expect(manifest["remotes"] == nil)
        #expect(manifest["metaData"]?["publicPath"]?.text == "http://127.0.0.1:1/a/")
    }

    @Test func patchChangesWhatIsServed() throws {
        let keys = try served(#"{"a":{"manifest":false}}"#)
        #expect(answer(keys, "/a/mf-manifest.json")?.status == 404)
        keys.patch("a", with: try JSON.parse(#"{"manifest":{"status":500,"raw":"x"}}"#).members)
        #expect(answer(keys, "/a/mf-manifest.json")?.status == 500)
        #expect(answer(keys, "/a/mf-manifest.json")?.body == "x")
    }

    @Test func hangUpIsNoAnswer() throws {
        let keys = try served(#"{"a":{"entry":{"hangup":true}}}"#)
        #expect(answer(keys, "/a/remoteEntry.js") == nil)
    }
}
