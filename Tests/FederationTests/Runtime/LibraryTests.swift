import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What `require("mf")` offers besides the federation itself.
@Suite(.timeLimit(.minutes(2))) struct LibraryTests {
    // MARK: sleep, spawn, all

    @Test func sleepersWakeInTheOrderOfTheirDeadlines() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local order = {}
                local function sleeper(ms) return function() mf.sleep(ms) order[#order + 1] = ms end end
                mf.all { sleeper(20), sleeper(0), sleeper(10) }
                return order
                """)
            #expect(result == [[0, 10, 20]])
        }
    }

    @Test(arguments: ["-1", "0/0", "'soon'", "nil"])
    func sleepRefusesWhatIsNoTime(argument: String) async throws {
        try await withSite { site in
            let error = await site.failure(.badArgument, "mf.sleep(\(argument))")
            #expect(error?.message.contains("bad argument #1 to `sleep`") == true)
        }
    }

    @Test func spawnedTaskGoesOnBesideItsStarterAndGivesItsResults() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local order = ""
                local task = mf.spawn(function(a, b)
                  order = order .. "task "
                  mf.sleep(0)
                  return a + b, order
                end, 2, 3)
                order = order .. "starter "
                local before = task.status
                local sum = task:wait()
                return sum, order, before, task.status
                """)
            #expect(result[0] == 5)
            #expect(result[1] == "task starter " || result[1] == "starter task ")
            #expect(result[2...] == ["running", "done"])
        }
    }

    @Test func errorOfASpawnedTaskIsRaisedWhereItIsAwaited() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local task = mf.spawn(function() mf.sleep(0) error({ reason = "tired" }) end)
                local ok, problem = pcall(task.wait, task)
                return ok, problem.reason, task.status
                """)
            #expect(result == [false, "tired", "failed"])
        }
    }

    @Test func cancelledTaskDoesNotGoOn() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local went_on = false
                local task = mf.spawn(function() mf.sleep(1e9) went_on = true end)
                task:cancel()
                local ok, problem = pcall(task.wait, task)
                return ok, tostring(problem), went_on, task.status
                """)
            #expect(result == [false, "the task was cancelled", false, "cancelled"])
        }
    }

    @Test func allGivesTheResultsInTheOrderOfTheFunctions() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                return mf.all { function() mf.sleep(5) return "slow" end, function() return "fast" end, function() end }, mf.all {}
                """)
            #expect(result == [["slow", "fast"], .record(LuaRecord())] || result == [["slow", "fast"], []])
        }
    }

    @Test func firstFailureOfAllIsRaised() async throws {
        try await withSite { site in
            let error = await site.failure(
                .luaRuntime, "mf.all { function() mf.sleep(1e9) end, function() error('broken', 0) end }")
            #expect(error?.message == "broken")
        }
    }

    @Test func runtimeIsIdleWhenSpawnedTasksHaveEnded() async throws {
        try await withSite { site in
            try await site.lua("done = false mf.spawn(function() mf.sleep(1) mf.sleep(1) done = true end)")
            try await site.runtime.waitUntilIdle()
            #expect(try await site.lua("return done") == [true])
        }
    }

    // MARK: fetch

    @Test func fetchGivesStatusHeadersAndBody() async throws {
        let fetcher = InMemoryFetcher { request in
            #expect(request.method == "POST" && request.body == Array("ping".utf8))
            #expect(request.headers.contains { $0 == ("X-Token", "t") })
            #expect(request.timeout == .milliseconds(1500))
            return FetchResponse(
                status: 201, url: request.url, headers: [("Content-Type", "application/json")],
                body: Array("{\"a\":[1]}".utf8))
        }
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(
                """
                local answer = mf.fetch("http://api/x", {
                  method = "POST", body = "ping", headers = { ["X-Token"] = "t" }, timeout = 1500 })
                return answer.status, answer.ok, answer.headers["content-type"], answer.body, answer:text(), answer:json().a[1]
                """)
            #expect(result == [201, true, "application/json", "{\"a\":[1]}", "{\"a\":[1]}", 1])
        }
    }

    @Test func statusOtherThanSuccessIsAnAnswer() async throws {
        try await withSite { site in
            let result = try await site.lua("local a = mf.fetch('http://x/y') return a.status, a.ok")
            #expect(result == [404, false])
        }
    }

    @Test func everythingWrongWithTheOptionsOfFetchIsNamedAtOnceAndNothingIsSent() async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions,
                """
                mf.fetch("http://x/", { timeOut = 5, body = {}, headers = { "a" }, timeout = -5, connectTimeout = -1,
                  maxBytes = 0, method = "trace" })
                """)
            #expect(
                error?.message == """
                    invalid options for `fetch`: `method` is `trace`, which is not allowed; unknown key `headers[1]` \
                    (a table of headers has names as keys); `body`: expected a string, found a table; `timeout`: expected \
                    a time such as "5s", or a positive number of milliseconds, found the number -5; `connectTimeout`: \
                    expected a time such as "5s", or a positive number of milliseconds, found the number -1; `maxBytes`: expected a positive integer, found the number 0; \
                    unknown key `timeOut` (did you mean `timeout`?)
                    """)
            #expect(site.memory?.requests.isEmpty == true)
        }
    }

    @Test(
        arguments: [
            "math.mininteger", "-1", "-0.5", "0", "math.maxinteger", "math.huge", "-math.huge", "0/0", "'5'", "'5 s'",
            "{}",
        ],
        ["timeout", "connectTimeout"])
    func aTimeThatIsNoneIsRefusedByName(time: String, option: String) async throws {
        try await withSite { site in
            let error = await site.failure(.invalidOptions, "mf.fetch('http://x/', { \(option) = \(time) })")
            #expect(error?.message.contains("`\(option)`") == true)
            #expect(site.memory?.requests.isEmpty == true)
        }
    }

    @Test(
        arguments: [
            "Host", "content-length", "Transfer-Encoding", "CONNECTION", "Upgrade", "TE", "Trailer", "Keep-Alive",
            "Expect",
            "Proxy-Authorization", "proxy-connection", "a b", "X\\r\\nY",
        ])
    func headersThatFrameARequestAreRefused(name: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions, "mf.fetch('http://x/', { headers = { ['\(name)'] = '1' } })")
            #expect(error?.message.contains("headers") == true)
            #expect(site.memory?.requests.isEmpty == true)
        }
    }

    @Test func causesOfAnErrorEndAndAreTheSameEachTime() async throws {
        struct Foreign: Error {}
        let fetcher = InMemoryFetcher { _ in throw MFError(.fetchNetwork, "no", cause: Foreign()) }
        try await withSite(fetchingWith: fetcher) { site in
            let results = try await site.lua(
                """
                local ok, err = pcall(mf.fetch, "http://x/")
                local same, depth, last = err.cause == err.cause, 0, nil
                while err and depth < 100 do depth, last, err = depth + 1, tostring(err), err.cause end
                return same, depth, last
                """)
            #expect(results == [true, 2, "Foreign()"])
        }
    }

    @Test func headersOfAnAnswerAreFoundInAnyCase() async throws {
        let fetcher = InMemoryFetcher {
            FetchResponse(url: $0.url, headers: [("X-Kind", "right"), ("vary", "a"), ("Vary", "b")])
        }
        try await withSite(fetchingWith: fetcher) { site in
            let results = try await site.lua(
                """
                local headers, names = mf.fetch("http://x/").headers, {}
                for name in pairs(headers) do names[#names + 1] = name end
                return headers["X-Kind"], headers["x-kind"], headers["X-KIND"], headers.VARY, headers.none, names
                """)
            #expect(results == ["right", "right", "right", "a, b", .nil, .array(["x-kind", "vary"])])
        }
    }

    @Test func failingFetchIsAnErrorThatPcallCatches() async throws {
        let fetcher = InMemoryFetcher { request in throw MFError(.fetchNetwork, "cannot connect to `x`") }
        try await withSite(fetchingWith: fetcher) { site in
            let result = try await site.lua(
                "local ok, e = pcall(mf.fetch, 'http://x/') return ok, e.code, e.message, tostring(e)")
            #expect(result == [false, "FETCH-001", "cannot connect to `x`", "cannot connect to `x`"])
        }
    }

    // MARK: json

    @Test func jsonKeepsNullsAndListsApartFromNothingAndTables() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local value = mf.json.decode('{"none":null,"list":[],"number":1,"float":1.5}')
                return value.none == mf.null, value.absent == nil, math.type(value.number), math.type(value.float),
                  mf.json.encode(mf.json.array {}), mf.json.encode({ mf.null }), mf.json.encode({ a = 1 })
                """)
            #expect(result == [true, true, "integer", "float", "[]", "[null]", "{\"a\":1}"])
        }
    }

    @Test func jsonOfACycleNamesThePath() async throws {
        try await withSite { site in
            let error = await site.failure(.tooDeep, "local t = { list = { {} } } t.list[1].back = t mf.json.encode(t)")
            #expect(error?.rendered().contains("list[1].back") == true)
        }
    }

    @Test func brokenJsonNamesThePlace() async throws {
        try await withSite { site in
            let result = try await site.lua(
                "local ok, e = pcall(mf.json.decode, '{\"a\":\\n  nul}') return ok, tostring(e)")
            #expect(result[0] == false)
            #expect(result[1].stringValue?.contains("line 2") == true, "\(result)")
        }
    }

    // MARK: log

    @Test func logTakesAnyValues() async throws {
        try await withSite { site in
            try await site.lua(
                "mf.log.debug('unseen') mf.log.info('unseen') mf.log.warn('a', 1, nil, true) mf.log.error('b')")
            #expect(site.log.messages == ["warning: a 1 nil true", "error: b"])
        }
    }

    // MARK: Instances

    @Test func functionsOfMfSpeakToTheHostThatWasInitialised() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local host = mf.init { name = "first", remotes = {} }
                local other = mf.createInstance { name = "second", remotes = {} }
                return mf.getInstance().name, mf.getInstance("second").name, mf.getInstance("third"),
                  mf.getInstance(function(h) return h.name == "second" end) == other, mf.init { name = "first" } == host
                """)
            #expect(result == ["first", "second", .nil, true, true])
        }
    }

    // MARK: Wrong arguments

    /// Functions that take a number, a string, a table or a function first, and none of a wrong type.
    private static let functions = [
        "init", "createInstance", "registerGlobalPlugins", "addGlobalSnapshot", "sleep", "spawn", "all", "fetch",
        "response", "loadRemote", "loadShare", "loadShareSync", "preloadRemote", "registerRemotes", "removeRemotes",
        "tenantStats", "registerPlugins", "removePlugins", "live", "reload", "registerShared", "initOptions",
        "initRawContainer",
    ]

    @Test(arguments: functions) func wrongArgumentsAreNamedWithTheirFunction(name: String) async throws {
        try await withSite { site in
            for argument in ["true", ""] {
                let error = await site.failure(.badArgument, "mf.init { name = 'host' } mf.\(name)(\(argument))")
                #expect(error?.message.hasPrefix("bad argument #1 to `\(name)`: ") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("expected, got ") == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test func methodsAreToldToBeCalledWithAColon() async throws {
        try await withSite { site in
            for function in HostFunction.all {
                let error = await site.failure(
                    .badArgument, "local host = mf.init { name = 'host' } host.\(function.name)(5)")
                #expect(error?.message == "`\(function.name)` is a method of a host")
            }
        }
    }
}
