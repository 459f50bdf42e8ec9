import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

/// What `mf.fetch` sends and what it refuses: one table, for the host's own scripts and for tenants of both levels.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FetchRulesTests {
    /// Who asks.
    enum Asker: String, CaseIterable, Sendable {
        case host, state, process
    }

    init() { useBuiltWorker() }

    /// Runs Lua code, in which `fetch(options)` tells whether the request was sent, as one of those who may ask; for a
    /// tenant the server is its own.
    ///
    /// - Parameter code: What returns a text.
    private func text(
        of code: String, as asker: Asker, server: LoopbackServer, net: [String] = []
    ) async throws -> String {
        let body = Self.prelude(server.url) + code
        let runtime = try Runtime()
        do {
            let result = try await runtime.evaluate(
                asker == .host
                    ? body
                    : """
                    local mf = require("mf")
                    mf.init { name = "host",
                      tenants = { guest = { level = "\(asker.rawValue)", net = { \(net.map { "\"\($0)\"" }.joined(separator: ", ")) },
                        cpu = "10s", wall = "30s", maxRestarts = 1000 } },
                      remotes = { { name = "own", entry = "\(server.url)/entry.lua", tenant = "guest" } } }
                    return mf.loadRemote("own/x")()
                    """)
            await runtime.shutdown()
            return result.first?.stringValue ?? "\(result)"
        } catch {
            await runtime.shutdown()
            throw error
        }
    }

    /// Runs code as an asker with a server of its own.
    private func told(_ code: String, as asker: Asker) async throws -> (text: String, asked: [LoopbackServer.Request]) {
        let requests = Locked<[LoopbackServer.Request]>([])
        let server = LoopbackServer { request in
            if request.path != "/entry.lua" { requests.withLock { $0.append(request) } }
            let host = request.headers["host"] ?? ""
            return request.path == "/entry.lua" ? [.text(Self.entry(code, server: "http://" + host))] : [.text("ok")]
        }
        defer { server.stop() }
        let text = try await text(of: code, as: asker, server: server)
        return (text, requests.withLock { $0 })
    }

    private static func entry(_ code: String, server: String) -> String {
        """
        return { init = function() end, get = function() return function() return function()
          \(prelude(server))\(code)
        end end end }
        """
    }

    private static func prelude(_ server: String) -> String {
        """
        local mf, server = require("mf"), "\(server)"
        local function fetch(options, url)
          local ok, err = pcall(mf.fetch, url or server .. "/x", options)
          return ok and "sent" or tostring(type(err) == "string" and err or err.code) .. " " .. tostring(err)
        end

        """
    }

    /// Runs a list of options, written in Lua, through `fetch`; returns what was told of each.
    private func outcomes(
        of options: [String], as asker: Asker
    ) async throws -> (told: [String], asked: [LoopbackServer.Request]) {
        let code = """
            local told = {}
            for i, options in ipairs { \(options.map { "function() return \($0) end" }.joined(separator: ", ")) } do
              told[i] = fetch(options()):gsub("\\n.*", "")
            end
            return table.concat(told, "\\n")
            """
        let (text, asked) = try await told(code, as: asker)
        return (text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), asked)
    }

    // MARK: - Headers

    private static let framing = [
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Keep-Alive", "Expect",
        "Proxy-Authorization", "Proxy-Connection", "Proxy-Anything", "Proxy-",
    ]

    @Test(arguments: Asker.allCases) func framingHeadersAreRefusedInAnySpelling(asker: Asker) async throws {
        let names = Self.framing.flatMap { name in
            let odd = String(
                name.enumerated().map { $0 % 2 == 0 ? Character($1.lowercased()) : Character($1.uppercased()) })
            let padded = [
                "%s ", " %s", "%s\\t", "%s:", "%s\\r\\n", "\\n%s", "%s\\0", "\\0%s", "X\\r\\n%s", "X: 1\\r\\n%s",
            ]
            .map { $0.split(separator: "%s", omittingEmptySubsequences: false).joined(separator: name) }
            return [name, name.lowercased(), name.uppercased(), odd] + padded
        }
        let (told, asked) = try await outcomes(of: names.map { "{ headers = { [\"\($0)\"] = \"1\" } }" }, as: asker)
        for (name, text) in zip(names, told) { #expect(text.contains("LUA-012"), "`\(name)`: \(text)") }
        #expect(told.count == names.count && asked.isEmpty, "\(asked)")
    }

    @Test(arguments: Asker.allCases) func aHeaderIsOneLine(asker: Asker) async throws {
        let values = ["a\\rb", "a\\nb", "a\\r\\nHost: b", "a\\0b", "\\r\\n", "\\n", "a\\127", "\\1", "a\\r\\n b"]
        let names = [
            "", " ", "a b", "a\\0", "a:b", "a\\228", "a(b", "a/b", "a@b", "a\\\"b", "[a]", "{a}", "a,b", "a;b", "a=b",
        ]
        let options =
            values.map { "{ headers = { A = \"\($0)\" } }" } + names.map { "{ headers = { [\"\($0)\"] = \"1\" } }" }
            + [
                "{ headers = { A = 1 } }", "{ headers = { A = {} } }", "{ headers = { \"A: 1\" } }",
                "{ headers = \"A: 1\" }",
            ]
        let (told, asked) = try await outcomes(of: options, as: asker)
        for (option, text) in zip(options, told) { #expect(text.contains("LUA-012"), "\(option): \(text)") }
        #expect(told.count == options.count && asked.isEmpty)
    }

    /// Names that the Fetch standard forbids to a page, or that look like those that are refused.
    private static let others = [
        "Accept-Charset", "Access-Control-Request-Headers", "Date", "DNT", "Sec-Fetch-Mode", "Set-Cookie",
        "Content-Type",
        "Authorization", "X-Host", "Hostname", "TEA", "Trailers", "Expect-CT", "Upgrade-Insecure-Requests", "Proxy",
        "Content-Encoding", "X-HTTP-Method-Override", "User-Agent", "Accept",
    ]
    private static let ofOthers = [
        "Cookie", "Origin", "Referer", "Via", "Forwarded", "X-Forwarded-For", "x-forwarded-host", "Accept-Encoding",
    ]

    @Test(arguments: Asker.allCases) func allOtherHeadersAreSent(asker: Asker) async throws {
        let (told, asked) = try await outcomes(
            of: Self.others.map { "{ headers = { [\"\($0)\"] = \"  a b  \" } }" }, as: asker)
        #expect(told == Array(repeating: "sent", count: Self.others.count))
        for (name, request) in zip(Self.others, asked) {
            #expect(request.headers[name.lowercased()]?.hasPrefix("a b") == true, "\(name): \(request.headers)")
        }
    }

    @Test(arguments: Asker.allCases) func headersOfOthersAreSentForTheHostOnly(asker: Asker) async throws {
        let (told, asked) = try await outcomes(
            of: Self.ofOthers.map { "{ headers = { [\"\($0)\"] = \"identity\" } }" }, as: asker)
        for (name, text) in zip(Self.ofOthers, told) {
            #expect(asker == .host ? text == "sent" : text.contains("LIMIT-009"), "\(name): \(text)")
        }
        #expect(told.count == Self.ofOthers.count && asked.count == (asker == .host ? Self.ofOthers.count : 0))
    }

    // MARK: - Methods, bodies, numbers

    @Test(arguments: Asker.allCases) func wrongOptionsAreRefusedAndNothingIsSent(asker: Asker) async throws {
        let methods = [
            "'TRACE'", "'trace'", "'CONNECT'", "'Connect'", "'TRACK'", "'tRACK'", "' GET'", "'GET '", "'GE T'", "''",
            "'GET\\r\\n'", "'GET\\0'", "'GET /x HTTP/1.1'", "'G\\228T'", "5", "true", "{}", "print",
        ].map { "{ method = \($0) }" }
        let bodies = ["{}", "{ 'a' }", "true", "false", "5", "1.5", "print", "coroutine.create(print)", "mf"].map {
            "{ method = 'POST', body = \($0) }"
        }
        let times = [
            "-1", "0", "-0.0", "0/0", "1/0", "-1/0", "math.mininteger", "math.maxinteger", "1e300", "-1e300", "'5'",
            "'5sec'",
            "true", "{}", "print",
        ].flatMap { ["{ timeout = \($0) }", "{ connectTimeout = \($0) }"] }
        let counts = ["-1", "1.5", "0/0", "1/0", "-1/0", "math.mininteger", "'5'", "true", "{}", "1e300"].flatMap {
            ["{ maxBytes = \($0) }", "{ maxRedirects = \($0) }"]
        }
        let options =
            methods + bodies + times + counts
            + [
                "{ maxBytes = 0 }", "{ method = 'HEAD', body = 'a' }", "{ timout = 5 }", "{ files = 'any' }",
                "{ policy = {} }",
            ]
        let (told, asked) = try await outcomes(of: options, as: asker)
        for (option, text) in zip(options, told) {
            #expect(["LUA-012", "LUA-009", "LUA-004"].contains { text.contains($0) }, "\(option): \(text)")
        }
        #expect(told.count == options.count && asked.isEmpty, "\(asked)")
    }

    @Test(arguments: Asker.allCases) func whatIsAtTheEdgeIsSent(asker: Asker) async throws {
        let options = [
            ("{ method = 'get' }", "GET"), ("{ method = 'post', body = '' }", "POST"),
            ("{ method = 'patch' }", "patch"),
            ("{ method = 'OPTIONS' }", "OPTIONS"), ("{ method = \"M-SEARCH\" }", "M-SEARCH"),
            ("{ method = 'DELETE', body = 'a\\0b' }", "DELETE"), ("{ timeout = 365 * 86400000 }", "GET"),
            ("{ maxBytes = math.maxinteger, maxRedirects = math.maxinteger }", "GET"), ("{ maxRedirects = 0 }", "GET"),
            ("{ timeout = 20000.5 }", "GET"), ("{}", "GET"), ("nil", "GET"), ("{ headers = {} }", "GET"),
        ]
        let (told, asked) = try await outcomes(of: options.map(\.0), as: asker)
        #expect(told == Array(repeating: "sent", count: options.count))
        #expect(asked.map(\.method) == options.map(\.1))
        #expect(asked.map { $0.body.count }.reduce(0, +) == 3)
    }

    // MARK: - Addresses

    /// Spellings of this machine that are none of a tenant's, and names that lead to it.
    private static let spellings = [
        "localhost", "LOCALHOST", "localhost.", "x.localhost", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1",
        "0X7F.0x0.0.01", "017700000001", "0177.0.0.1", "0", "0.0.0.0", "127.0.0.2", "127.0.0.1.", "127.0.0.1..",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]", "[::1%25lo]", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%00", "127.0.0.1%2f",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1", "127\u{3002}0\u{3002}0\u{3002}1", "loc\u{e0}lhost", "\u{24db}ocalhost",
        "own.example@127.0.0.1", "me:me@127.0.0.1", "127.0.0.1@localhost", "4294967297", "0x17f000001",
        "127.0.0.1.example",
        "ip6-localhost", "ip6-loopback",
    ]

    /// The address of another server of this machine, in each spelling: asked for, and led to.
    @Test(arguments: [Asker.state, .process]) func aTenantReachesNoOtherServerHoweverItIsSpelt(asker: Asker)
        async throws
    {
        let other = LoopbackServer { _ in [.text("secret")] }
        defer { other.stop() }
        let places = Self.spellings + ["127.0.0.1"]
        let urls =
            places.map { "http://\($0):\(other.port)/" }
            + [
                "file:///etc/passwd", "FILE:///etc/passwd", "file://localhost/etc/passwd",
                "ftp://127.0.0.1:\(other.port)/",
                "//127.0.0.1:\(other.port)/", "https://127.0.0.1:\(other.port)/",
            ]
        let list = urls.map { "\"\($0)\"" }.joined(separator: ", ")
        let code = """
            local told = {}
            for i, url in ipairs { \(list) } do
              told[#told + 1] = fetch(nil, url):gsub("\\n.*", "")
              told[#told + 1] = fetch(nil, server .. "/to/" .. i):gsub("\\n.*", "")
            end
            return table.concat(told, "\\n")
            """
        let server = LoopbackServer { request in
            if let number = request.path.split(separator: "/").last.flatMap({ Int($0) }), request.path.hasPrefix("/to/")
            {
                return [.reply([301, 302, 303, 307, 308][number % 5], [("Location", urls[number - 1])])]
            }
            return [.text(Self.entry(code, server: "http://" + (request.headers["host"] ?? "")))]
        }
        defer { server.stop() }
        // Names that are granted lead to public addresses only.
        let net = ["x.localhost", "ip6-localhost", "ip6-loopback", "localhost.example"]
        let told = try await text(of: code, as: asker, server: server, net: net)
            .split(separator: "\n", omittingEmptySubsequences: false)
        #expect(told.count == 2 * urls.count)
        for (number, text) in told.enumerated() {
            let isRefused = ["LIMIT-009", "FETCH-013", "FETCH-007", "FETCH-008", "FETCH-005"].contains {
                text.contains($0)
            }
            #expect(isRefused, "\(urls[number / 2]), \(number % 2 == 0 ? "asked for" : "led to"): \(text)")
        }
        #expect(other.connectionCount == 0)
    }

    @Test(arguments: Asker.allCases) func aRedirectLeadsToNoFileAndEnds(asker: Asker) async throws {
        let code =
            "return fetch(nil, server .. '/file') .. '|' .. fetch(nil, server .. '/again') .. '|' .. fetch(nil, server .. '/bad')"
        let server = LoopbackServer { request in
            switch request.path {
            case "/file": [.reply(302, [("Location", "file:///etc/passwd")])]
            case "/again": [.reply(302, [("Location", "/again")])]
            case "/bad": [.reply(302, [("Location", "http://a:99999/")])]
            default: [.text(Self.entry(code, server: "http://" + (request.headers["host"] ?? "")))]
            }
        }
        defer { server.stop() }
        let told = try await text(of: code, as: asker, server: server).split(separator: "|")
        #expect(told.count == 3)
        for text in told { #expect(text.contains("FETCH-007") || text.contains("LIMIT-009"), "\(text)") }
        #expect(server.paths.count { $0 == "/again" } == (asker == .host ? 6 : 4))
    }

    // MARK: - Other doors

    @Test(arguments: ["createScript", "createLink"], ["host", "state", "process"])
    func hooksThatMakeRequestsFrameNone(hook: String, level: String) async throws {
        let server = LoopbackServer { request in
            switch request.path {
            case "/r/mf-manifest.json": [.text(Self.manifest)]
            case "/r/remoteEntry.lua":
                [.text("return { init = function() end, get = function() return function() return 1 end end }")]
            default: [.text("return 1")]
            }
        }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        for options in [
            "headers = { Host = 'admin' }", "headers = { ['content-length'] = '1' }", "headers = { A = '1\\r\\nB: 2' }",
            "headers = { ['Transfer-Encoding '] = 'chunked' }", "method = 'TRACE'", "method = 'GET /x HTTP/1.1'",
            "timeout = -1", "timeout = 0/0", "maxBytes = math.mininteger", "headers = { ['Proxy-X'] = '1' }",
        ] {
            let plugin = try folder.write(
                "p-plugin.lua",
                "return { name = 'p-plugin', \(hook) = function(args) return { url = args.url, \(options) } end }")
            let tenant = level == "host" ? "" : ", tenant = 'guest'"
            let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical"))
            _ = try? await runtime.evaluate(
                """
                local mf = require("mf")
                mf.init { name = "host", tenants = { guest = { level = "\(level == "process" ? "process" : "state")",
                    changes = { "r/**" }, net = { "127.0.0.1" } } },
                  remotes = { { name = "r", entry = "\(server.url)/r/mf-manifest.json" } }, plugins = { { "\(plugin)"\(tenant) } } }
                pcall(mf.preloadRemote, { { nameOrAlias = "r", exposes = { "x" } } })
                return mf.loadRemote("r/x")
                """)
            await runtime.shutdown()
        }
        let odd = server.heads.filter { head in
            head.contains("admin") || head.contains("\r\nB: 2") || head.contains("TRACE") || head.contains("chunked")
                || head.lowercased().contains("content-length") || head.lowercased().contains("proxy-")
        }
        #expect(odd.isEmpty, "\(odd)")
        #expect(!server.heads.isEmpty)
    }

    private static let manifest = """
        {"id": "r", "name": "r", "metaData": {"name": "r", "type": "app", "buildInfo": {"buildVersion": "1",
        "buildName": "r"}, "remoteEntry": {"name": "remoteEntry.lua", "path": "", "type": "global"}, "types": {},
        "globalName": "r", "pluginVersion": "1", "publicPath": "auto"}, "shared": [], "remotes": [],
        "exposes": [{"id": "r:x", "name": "x", "path": "./x", "assets": {"js": {"sync": ["x.lua"], "async": []},
        "css": {"sync": ["x.css"], "async": []}}}]}
        """
}
