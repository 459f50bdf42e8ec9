import Glibc
import TestSupport
import Testing

/// `mf.serve`, `mf.connect` and `mf.metrics`: scripts that serve and ask themselves.
@Suite(.timeLimit(.minutes(2))) struct HostServerTests {
    private static let prelude = """
        local mf = require("mf")
        local function failure(f, ...)
          local ok, problem = pcall(f, ...)
          assert(not ok, "no error")
          print(problem.code, problem.message)
          if problem.hint then print("", problem.hint) end
        end
        local function serve(routes, more)
          local options = { listen = "127.0.0.1:0", routes = routes }
          for key, value in pairs(more or {}) do options[key] = value end
          return mf.serve(options)
        end
        local function get(server, path, options)
          local answer = mf.fetch(server.url .. path, options)
          return answer.status, (answer.body:gsub("\\n$", "")), answer.headers
        end

        """

    private static func run(_ script: String) async throws -> ChildProcess.Result {
        try await mflua("-", input: prelude + script)
    }

    @Test func requestsAreAnsweredByRoutes() async throws {
        let result = try await Self.run(
            """
            local server <close> = serve({
              ["GET /hi"] = function() return "hi" end,
              ["GET /disks/{name}"] = function(r)
                return { status = 201, headers = { ["X-Kind"] = "disk" },
                  body = { name = r.params.name, q = r.query.q, from = r.remoteAddress } }
              end,
              ["GET /disks/all"] = function(r) return r.method .. " " .. r.path end,
              ["GET /files/{path...}"] = function(r) return r.params.path .. "?" .. r.queryString end,
              ["POST /echo"] = function(r) mf.sleep(1) return r.headers["X-A"] .. r.body end,
              ["GET /nothing"] = function() end,
            })
            local function show(path, options, field)
              local status, body, headers = get(server, path, options)
              print(status, body, field and headers[field])
            end
            show("/hi", nil, "content-type")
            local status, body, headers = get(server, "/disks/sda%201?q=1+2%26")
            local disk = mf.json.decode(body)
            print(status, disk.name, disk.q, disk.from, headers["x-kind"], headers["content-type"])
            show("/disks/all")
            show("/files/a/b?x=1")
            show("/echo", { method = "POST", body = "body", headers = { ["X-A"] = "a" } })
            show("/nothing")
            show("/none")
            show("/echo", nil, "allow")
            show("/hi", { method = "HEAD" }, "content-length")
            show("/hi", { method = "DELETE" }, "allow")
            """)
        #expect(
            result.output == """
                200\thi\ttext/plain; charset=utf-8
                201\tsda 1\t1 2&\t127.0.0.1\tdisk\tapplication/json
                200\tGET /disks/all\tnil
                200\ta/b?x=1\tnil
                200\tabody\tnil
                204\t\tnil
                404\tnot found\tnil
                405\tmethod not allowed\tPOST
                200\t\t2
                405\tmethod not allowed\tGET, HEAD

                """, "\(result)")
        #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
    }

    @Test func anErrorIsLoggedAndNotShown() async throws {
        let result = try await Self.run(
            """
            local server <close> = serve({
              ["GET /raised"] = function() error("the password is 42", 0) end,
              ["GET /number"] = function() return 5 end,
              ["GET /key"] = function() return { statuss = 5 } end,
              ["GET /header"] = function() return { headers = { ["X-A"] = "a\\r\\nb" } } end,
              ["GET /slow"] = function() mf.sleep("1h") end,
            }, { timeouts = { handler = "20ms" } })
            for _, path in ipairs { "raised", "number", "key", "header", "slow" } do
              local status, body = get(server, "/" .. path)
              print(status, body)
            end
            """)
        #expect(
            result.output == String(repeating: "500\tinternal server error\n", count: 4)
                + "503\tthe answer takes too long\n",
            "\(result)")
        for text in [
            "GET /raised failed: the password is 42", "expected a string or a table, found the number 5",
            "unknown key `statuss` (did you mean `status`?)", "`headers[\"X-A\"]` contains a control character",
            "the handler took more than 0.02 seconds",
        ] {
            #expect(result.errors.contains(text), "\(result)")
        }
    }

    @Test func aBodyMayComeInParts() async throws {
        let result = try await Self.run(
            """
            local function parts(last)
              return function()
                local count = 0
                return { body = function()
                  count = count + 1
                  mf.sleep(1)
                  if count <= 3 then return "part" .. count .. " " end
                  return last()
                end }
              end
            end
            local server <close> = serve({
              ["GET /whole"] = parts(function() end), ["GET /torn"] = parts(function() error("torn", 0) end),
            })
            print((select(2, get(server, "/whole"))))
            failure(get, server, "/torn")
            """)
        #expect(result.output.hasPrefix("part1 part2 part3 \nFETCH-"), "\(result)")
        #expect(result.errors.contains("GET /torn failed: torn"), "\(result)")
    }

    @Test func aBodyThatIsTooLargeIsRefused() async throws {
        let result = try await Self.run(
            """
            local server <close> = serve({ ["POST /"] = function(r) return tostring(#r.body) end }, { maxBody = "1KB" })
            print((get(server, "/", { method = "POST", body = ("x"):rep(1024) })))
            print((get(server, "/", { method = "POST", body = ("x"):rep(1025) })))
            """)
        #expect(result.output == "200\n413\n", "\(result)")
    }

    @Test func stoppingLetsRequestsBeAnswered() async throws {
        let result = try await Self.run(
            """
            local begun = false
            local server = serve({ ["GET /"] = function() begun = true mf.sleep(50) return "answered" end })
            local task = mf.spawn(function() return (select(2, get(server, "/"))) end)
            while not begun do mf.sleep(1) end
            server:stop()
            print(server.status, task:wait())
            print((pcall(get, server, "/")))
            """)
        #expect(result.output == "stopped\tanswered\nfalse\n", "\(result)")
        #expect(result.code == 0, "\(result)")
    }

    @Test func aSignalLetsRequestsBeAnswered() async throws {
        let child = try ChildProcess(
            Places.mflua,
            [
                "-e",
                Self.prelude + """
                    io.stdout:setvbuf("no")
                    local server = serve({ ["GET /"] = function() print("begun") mf.sleep(50) return "answered" end })
                    mf.onShutdown(function() print("handler") end)
                    mf.spawn(function() print((select(2, get(server, "/")))) end)
                    """,
            ])
        var output = try await child.nextOutput()
        #expect(output == "begun\n")
        child.signal(SIGTERM)
        let result = try await child.result()
        output += result.output
        #expect(output == "begun\nanswered\nhandler\n" && result.code == 143, "\(result)")
    }

    @Test func aServerListensAtAUnixSocket() async throws {
        let folder = try TemporaryFolder()
        let result = try await Self.run(
            """
            local path = "\(folder.path)/agent.sock"
            mf.exec({ "python3", "-c", "import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path })
            local server = mf.serve { listen = "unix:" .. path, handler = function(r) return r.method .. " " .. r.path end }
            local socket <close> = mf.connect("unix:" .. path)
            socket:write("GET /x HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
            print(socket:read("l"), (socket:read("a"):match("\\r\\n\\r\\n(.*)")))
            failure(mf.serve, { listen = "unix:" .. path, handler = print })
            server:stop()
            print(mf.fs.stat(path))
            """)
        #expect(result.output.hasPrefix("HTTP/1.1 200 OK\r\tGET /x\nSERVE-001\tcannot listen on `unix:"), "\(result)")
        #expect(result.output.hasSuffix("\nnil\n") && result.code == 0, "\(result)")
    }

    @Test func aReloadedPluginListensWhereItsLastVersionDid() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "serve-plugin.lua",
            """
            local mf = require("mf")
            return function(options)
              local number = options.next()
              local server = mf.serve { listen = options.listen, handler = function() return tostring(number) end }
              options.tell(server)
              return { name = "serve-plugin" }
            end
            """)
        let result = try await Self.run(
            """
            local probe = serve({ ["GET /"] = print })
            local listen = "127.0.0.1:" .. probe.port
            probe:stop()
            local number, servers = 0, {}
            local host = mf.init { name = "host", plugins = { { "\(folder.path)/serve-plugin.lua", {
              listen = listen, next = function() number = number + 1 return number end,
              tell = function(server) servers[#servers + 1] = server end } } } }
            print((select(2, get(servers[1], "/"))))
            host:reload("serve-plugin")
            while servers[1].status ~= "stopped" do mf.sleep(1) end
            print((select(2, get(servers[2], "/"))))
            host:dispose()
            print(servers[2].status)
            """)
        #expect(result.output == "1\n2\nstopped\n", "\(result)")
        #expect(result.code == 0, "\(result)")
    }

    // MARK: Connections

    @Test func connectionsAreReadAndWritten() async throws {
        let result = try await Self.run(
            """
            local server <close> = serve({ ["GET /"] = function() return "one\\ntwo\\n" end })
            local socket <close> = mf.connect("tcp://127.0.0.1:" .. server.port, { timeout = "5s" })
            socket:write("GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            repeat local line = socket:read() until line == "\\r"
            print(socket:read(), socket:read(2), socket:read("l"))
            failure(socket.read, socket, "l", "10ms")
            socket:close()
            print(socket.status)
            failure(socket.read, socket)
            failure(socket.write, socket, "x")
            """)
        #expect(
            result.output.replacing(#/127\.0\.0\.1:\d+/#, with: "ADDRESS") == """
                one\ttw\to
                CONNECT-002\tconnection to `tcp://ADDRESS`: nothing came within 0.01 seconds
                \twhat has come is kept for the next read
                closed
                CONNECT-002\tconnection to `tcp://ADDRESS`: it is closed
                CONNECT-002\tconnection to `tcp://ADDRESS`: it is closed

                """, "\(result)")
        #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
    }

    @Test func datagramsAreSentAndReceived() async throws {
        let result = try await Self.run(
            """
            local echo <close> = mf.process { "python3", "-uc",
              "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1]); d, a = s.recvfrom(99); s.sendto(d * 2, a)" }
            local socket <close> = mf.connect("udp://127.0.0.1:" .. echo:read())
            socket:write("ab")
            print(socket:read("a", "10s"))
            """)
        #expect(result.output == "abab\n", "\(result)")
    }

    // MARK: Metrics

    @Test func figuresAreServedAsText() async throws {
        let result = try await Self.run(
            """
            local checks = mf.metrics.counter("checks_total", "Checks\\nrun", { "name", "result" })
            checks:inc(1, { name = 'a"b', result = "ok" })
            checks:inc(2, { name = 'a"b', result = "ok" })
            mf.metrics.counter("checks_total", "", { "name", "result" }):inc(nil, { name = "c", result = "bad" })
            local load = mf.metrics.gauge("load")
            load:set(2) load:inc() load:dec(0.5)
            mf.metrics.histogram("seconds"):observe(0.3)
            local server <close> = serve({ ["GET /metrics"] = mf.metrics.handler() })
            print((select(2, get(server, "/metrics"))))
            """)
        #expect(
            result.output == #"""
                # HELP checks_total Checks\nrun
                # TYPE checks_total counter
                checks_total{name="a\"b",result="ok"} 3
                checks_total{name="c",result="bad"} 1
                # TYPE load gauge
                load 2.5
                # TYPE seconds histogram
                seconds_bucket{le="0.005"} 0
                seconds_bucket{le="0.01"} 0
                seconds_bucket{le="0.025"} 0
                seconds_bucket{le="0.05"} 0
                seconds_bucket{le="0.1"} 0
                seconds_bucket{le="0.25"} 0
                seconds_bucket{le="0.5"} 1
                seconds_bucket{le="1"} 1
                seconds_bucket{le="2.5"} 1
                seconds_bucket{le="5"} 1
                seconds_bucket{le="10"} 1
                seconds_bucket{le="+Inf"} 1
                seconds_sum 0.3
                seconds_count 1

                """#, "\(result)")
    }

    // MARK: Wrong input

    static let refusals: [(call: String, code: String, message: String)] = [
        ("mf.serve, 5", "LUA-009", "bad argument #1 to `serve`: table expected, got number"),
        ("mf.serve, { handler = print }", "LUA-012", "invalid options for `serve`: `listen` is missing"),
        (
            "mf.serve, { listen = '127.0.0.1:0' }", "LUA-012",
            "invalid options for `serve`: neither `routes` nor `handler` is there: nothing would answer"
        ),
        (
            "mf.serve, { listen = '127.0.0.1:0', handlr = print, tls = {}, timeouts = { hed = 1 } }", "LUA-012",
            """
            invalid options for `serve`: unknown key `timeouts.hed` (did you mean `head`?); `tls` is not available in this \
            version; unknown key `handlr` (did you mean `handler`?)
            """
        ),
        (
            "mf.serve, { listen = '127.0.0.1:0', routes = { ['get /x'] = print } }", "LUA-012",
            """
            invalid options for `serve`: `routes["get /x"]` is no route: write a method and a path, such as "GET /healthz"
            """
        ),
        (
            "mf.serve, { listen = '127.0.0.1:0', routes = { ['GET /{a...}/b'] = print } }", "LUA-012",
            "invalid options for `serve`: `routes[\"GET /{a...}/b\"]` has steps after `{a...}`, which takes all that is left"
        ),
        (
            "mf.serve, { listen = '127.0.0.1:0', routes = { ['GET /{a}'] = print, ['GET /{b}'] = print } }", "LUA-012",
            "invalid options for `serve`: `routes[\"GET /{b}\"]` matches the same requests as another"
        ),
        ("mf.serve, { listen = 'here', handler = print }", "SERVE-001", "cannot listen on `here`: it is no address"),
        (
            "mf.serve, { listen = 'mflua.invalid:80', handler = print }", "SERVE-001",
            "cannot listen on `mflua.invalid:80`: it is no address of this machine"
        ),
        (
            "mf.serve, { listen = '192.0.2.1:8080', handler = print }", "SERVE-001",
            "cannot listen on `192.0.2.1:8080`: cannot assign requested address"
        ),
        (
            "mf.serve, { listen = 'unix:/mflua/none/x', handler = print }", "SERVE-001",
            "cannot listen on `unix:/mflua/none/x`: no such file or directory"
        ),
        ("mf.connect, 'here:80'", "LUA-009", "bad argument #1 to `connect`: `here:80` is no address"),
        (
            "mf.connect, 'tcp://127.0.0.1:9', { tls = true }", "LUA-012",
            "invalid options for `connect`: `tls` is not available in this version"
        ),
        (
            "mf.connect, 'unix:/mflua/none'", "CONNECT-001",
            "cannot connect to `unix:/mflua/none`: no such file or directory"
        ),
        ("mf.metrics.counter, '1a'", "LUA-009", "bad argument #1 to `counter`: `1a` is not the name of a metric"),
        (
            "mf.metrics.gauge, 'a', '', { 'le' }", "LUA-009",
            "bad argument #3 to `gauge`: `le` is not the name of a label"
        ),
        (
            "(function(c) return c.inc, c, -1 end)(mf.metrics.counter('a'))", "LUA-009",
            "bad argument #2 to `inc`: a counter does not go down"
        ),
        (
            "(function(c) return c.inc, c, 1, { cod = '1' } end)(mf.metrics.counter('b', '', { 'code' }))", "LUA-012",
            "invalid options for `inc`: `code` is missing; unknown key `cod` (did you mean `code`?)"
        ),
        (
            "(function(c) return c.set, c, 1 end)(mf.metrics.counter('a'))", "LUA-009",
            "bad argument #1 to `set`: `a` is a counter"
        ),
    ]

    @Test func whatFailsSaysSo() async throws {
        let result = try await Self.run(
            Self.refusals.map { "failure(\($0.call))\n" }.joined()
                + """
                local taken <close> = serve({ ["GET /"] = print })
                failure(mf.serve, { listen = "127.0.0.1:" .. taken.port, handler = print })
                taken:stop()
                failure(mf.connect, "tcp://127.0.0.1:" .. taken.port)
                failure(mf.connect, "tcp://mflua.invalid:80")
                """)
        let lines = result.output.split(separator: "\n").filter { !$0.hasPrefix("\t") }
        for (line, refusal) in zip(lines, Self.refusals) { #expect(line == "\(refusal.code)\t\(refusal.message)") }
        let rest = lines.dropFirst(Self.refusals.count)
        #expect(rest.count == 3, "\(result)")
        #expect(rest.first?.hasSuffix("address already in use") == true, "\(result)")
        #expect(rest.dropFirst().first?.hasSuffix("connection refused") == true, "\(result)")
        #expect(rest.last?.contains("cannot find the address of `mflua.invalid`") == true, "\(result)")
    }
}
