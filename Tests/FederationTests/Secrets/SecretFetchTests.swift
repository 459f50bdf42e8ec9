import Diagnostics
import EventLoops
import LuaBridge
import Serving
import TestSupport
import Testing

@testable import Federation

/// `mf.fetch` with secrets as URL, header and body.
@Suite(.timeLimit(.minutes(2))) struct SecretFetchTests {
    private static let planted = "planted-7f3a"

    /// A plugin that fetches with the secret of its options; `url` is the server's.
    private static func script(_ url: String, _ fetch: String, secret: String? = nil) throws -> (
        TemporaryFolder, String
    ) {
        let folder = try TemporaryFolder()
        try folder.write(
            "x-plugin.lua",
            """
            local mf = require("mf")
            return {
              name = "x-plugin",
              options = { secret = { type = "string", secret = true }, url = { type = "url" } },
              plugin = function(o)
                return { errorLoadRemote = function() \(fetch) end }
              end,
            }
            """)
        return (
            folder,
            """
            mf.init { name = "host", plugins = {
              { "\(folder.path)/x-plugin.lua", { secret = "\(secret ?? planted)", url = "\(url)" } },
            } }
            return mf.loadRemote("none/x")
            """
        )
    }

    private static func echo() async throws -> HTTPServer {
        try await HTTPServer.start { request in
            .text("\(request.path) \(request.header("x-key") ?? "-") \(String(decoding: request.body, as: UTF8.self))")
        }
    }

    @Test func aSecretIsSentAsHeaderAndBody() async throws {
        let server = try await Self.echo()
        let (folder, script) = try Self.script(
            server.baseURL,
            "return mf.fetch(o.url .. '/a', { method = 'POST', headers = { ['X-Key'] = o.secret }, body = o.secret }):text()"
        )
        let seen = try await withNetwork { try await $0.lua(script) }
        #expect(seen == [.string("/a \(Self.planted) \(Self.planted)")])
        withExtendedLifetime(folder) {}
        await server.stop()
    }

    @Test func aSecretURLIsAskedAndNotShown() async throws {
        let server = try await Self.echo()
        let (folder, script) = try Self.script(
            server.baseURL, "local r = mf.fetch(o.secret) return r:text() .. '|' .. r.url",
            secret: "\(server.baseURL)/\(Self.planted)")
        let seen = try await withNetwork { try await $0.lua(script) }
        #expect(seen == [.string("/\(Self.planted) - |‹secret secret›")])
        withExtendedLifetime(folder) {}
        await server.stop()
    }

    /// Secret URLs that fail in one way or another: no message has them.
    @Test(arguments: [
        "http://127.0.0.1:1/planted-7f3a", "http://planted-7f3a.invalid/", "ftp://planted-7f3a/", "planted-7f3a",
        "http://planted-7f3a:99999/", "http:///planted-7f3a", "file:///planted-7f3a",
        "http://plantéd-7f3a.invalid/planted-7f3a",
    ]) func aFailureDoesNotTellTheURL(url: String) async throws {
        let (folder, script) = try Self.script(
            "http://x/",
            "local ok, e = pcall(mf.fetch, o.secret) return tostring(e) .. mf.json.encode(e.context) .. tostring(e.cause) .. tostring(e.hint)",
            secret: url)
        let seen = try await withNetwork { try await $0.lua(script) }
        #expect("\(seen)".contains("‹secret secret›"), "\(seen)")
        #expect(!"\(seen)".contains("planted-7f3a") && !"\(seen)".contains("plant"), "\(seen)")
        withExtendedLifetime(folder) {}
    }

    @Test func aSecretHeaderStaysBehindAtARedirectToAnotherServer() async throws {
        let other = try await Self.echo()
        let target = other.baseURL
        let first = try await HTTPServer.start { request in
            request.path == "/here"
                ? .text(request.header("user-agent") ?? "-")
                : .response(status: 307, headers: [("Location", request.path == "/same" ? "/here" : target + "/there")])
        }
        let headers = "headers = { ['X-Key'] = o.secret, ['User-Agent'] = o.secret }"
        let (folder, script) = try Self.script(
            first.baseURL,
            "return mf.fetch(o.url .. '/other', { \(headers) }):text() .. mf.fetch(o.url .. '/same', { \(headers) }):text()"
        )
        let seen = try await withNetwork { try await $0.lua(script) }
        #expect(seen == [.string("/there - \(Self.planted)")])
        withExtendedLifetime(folder) {}
        await first.stop()
        await other.stop()
    }

    @Test func aSecretBodyIsNotSentToAnotherServer() async throws {
        let other = try await Self.echo()
        let target = other.baseURL
        let first = try await HTTPServer.start { _ in .response(status: 307, headers: [("Location", target + "/there")])
        }
        let (folder, script) = try Self.script(
            first.baseURL,
            "local ok, e = pcall(mf.fetch, o.url, { method = 'POST', body = o.secret }) return tostring(ok) .. e.code")
        let seen = try await withNetwork { try await $0.lua(script) }
        #expect(seen == ["falseFETCH-007"])
        withExtendedLifetime(folder) {}
        await first.stop()
        await other.stop()
    }

    @Test func aSecretURLFollowsNoRedirect() async throws {
        let server = try await HTTPServer.start { _ in .response(status: 302, headers: [("Location", "/elsewhere")]) }
        let (folder, script) = try Self.script(
            server.baseURL, "return mf.fetch(o.secret).status", secret: server.baseURL)
        #expect(try await withNetwork { try await $0.lua(script) } == [302])
        withExtendedLifetime(folder) {}
        await server.stop()
    }

    @Test func theHostScriptSendsWhatItNames() async throws {
        let server = try await Self.echo()
        let folder = try TemporaryFolder()
        try folder.write("token", Self.planted + "\n")
        let script = """
            local file, command = mf.secret "file:\(folder.path)/token", mf.secret "cmd:cat \(folder.path)/token"
            return mf.fetch("\(server.baseURL)/a", { headers = { ["x-key"] = file }, method = "PUT", body = command }):text()
            """
        #expect(try await withNetwork { try await $0.lua(script) } == [.string("/a \(Self.planted) \(Self.planted)")])
        await server.stop()
    }

    @Test func aRemotesCodeSendsNone() async throws {
        let entry = """
            local mf = require("mf")
            return { init = function() end, get = function() return function()
              return select(2, pcall(mf.fetch, mf.secret "env:PATH")).code
            end end }
            """
        try await withSite(["http://r/entry.lua": entry]) { site in
            let seen = try await site.lua(
                "mf.init { name = 'h', remotes = { { name = 'r', entry = 'http://r/entry.lua' } } } return mf.loadRemote('r/x')"
            )
            #expect(seen == ["PLUGIN-005"])
        }
    }
}
