import Glibc
import TestSupport
import Testing

/// What is logged, and how.
@Suite(.timeLimit(.minutes(1))) struct LogTests {
    /// Logs one message of each level, and has a tenant print.
    private static let levels = """
        local log = require("mf").log
        for _, name in ipairs { "debug", "info", "warn", "error" } do log[name](name) end
        """

    private func levels(_ options: [String], _ environment: [String: String?] = [:]) async throws -> String {
        let result = try await ChildProcess.run(
            Places.mflua, options + ["-e", Self.levels], environment: environment)
        #expect(result.code == 0, "\(result)")
        return result.errors.split(separator: "\n").map { $0.prefix { $0 != ":" } }.joined(separator: " ")
    }

    @Test(
        arguments: [
            ([], nil, "warning error"), (["--log-level", "debug"], nil, "debug info warning error"),
            (["--log-level=info"], nil, "info warning error"), (["--log-level", "warn"], nil, "warning error"),
            (["--log-level", "error"], nil, "error"), ([], "info", "info warning error"),
            (["--log-level", "error"], "info", "error"), ([], "error,script=info", "info warning error"),
            ([], "debug,script=error", "error"),
        ] as [([String], String?, String)])
    func levelIsChosen(options: [String], variable: String?, shown: String) async throws {
        #expect(try await levels(options, ["MFLUA_LOG": variable]) == shown)
    }

    @Test(
        arguments: [
            (["--log-level", "inof"], nil, "--log-level: unknown log level `inof`: did you mean `info`?"),
            (["--log-level", "info,tennant=debug"], nil, "unknown part of the log `tennant`: did you mean `tenant`?"),
            (["--log-format", "jsn"], nil, "--log-format: unknown log format `jsn`: did you mean `json`?"),
            ([], "loud", "MFLUA_LOG: unknown log level `loud`: it is one of debug, info, notice, warning, error"),
        ] as [([String], String?, String)])
    func unknownLevelsAndFormatsAreRefused(options: [String], variable: String?, message: String) async throws {
        let result = try await ChildProcess.run(
            Places.mflua, options + ["-e", ""], environment: ["MFLUA_LOG": variable])
        #expect(result.code == 64, "\(result)")
        #expect(result.errors.contains(message), "\(result)")
    }

    /// A message that would be several lines, and would be obeyed by a terminal.
    private static let forged = #"a\nerror: b\r\27[31m\8\127\u{9b}\u{2028}\u{202e}""#

    @Test(arguments: [
        ("text", "error: "), ("json", #"{"time":""#), ("logfmt", "time="),
    ]) func oneMessageIsOneLine(format: String, start: String) async throws {
        let result = try await mflua(
            "--log-format", format, "-e", "require('mf').log.error(\"\(Self.forged))")
        #expect(result.errors.split(whereSeparator: \.isNewline).count == 1, "\(result)")
        #expect(result.errors.hasPrefix(start) && result.errors.hasSuffix("\n"), "\(result)")
        let raw = result.errors.dropLast().unicodeScalars.filter {
            $0.value < 0x20 || (0x7F...0x9F).contains($0.value) || $0.value == 0x2028 || $0.value == 0x202E
        }
        #expect(raw.isEmpty, "\(result)")
    }

    @Test(arguments: [
        ("text", "warning: disk full free=0 mount=\"/a b\"\n"),
        ("json", "\"part\":\"script\",\"message\":\"disk full\",\"free\":\"0\",\"mount\":\"/a b\"}\n"),
        ("logfmt", "part=script message=\"disk full\" free=0 mount=\"/a b\"\n"),
    ]) func aTableBehindTheMessageHasItsFields(format: String, end: String) async throws {
        let result = try await mflua(
            "--log-format", format, "-e", "require('mf').log.warn('disk', 'full', { mount = '/a b', free = 0 })")
        #expect(result.errors.hasSuffix(end), "\(result)")
    }

    @Test(arguments: [
        ("json", "\"message\":\"m\",\"a\\\"b\":\"1\",\"level_\":\"2\"}\n"),
        ("logfmt", "message=m a_b=1 level_=2\n"),
    ]) func aFieldTakesNoOthersPlaceAndBreaksNoFormat(format: String, end: String) async throws {
        let result = try await mflua(
            "--log-format", format, "-e", "require('mf').log.warn('m', { ['a\"b'] = 1, level = 2 })")
        #expect(result.errors.hasSuffix(end), "\(result)")
    }

    @Test func requestsOfFetchAreAPartOfTheirOwn() async throws {
        let script = """
            local mf = require("mf")
            local server <close> = mf.serve { listen = "127.0.0.1:0", handler = function() return "" end }
            mf.fetch(server.url .. "/x")
            """
        let shown = try await mflua("--log-level", "info,fetch=debug", "-e", script)
        #expect(shown.errors.hasPrefix("debug: GET http://127.0.0.1:"), "\(shown)")
        #expect(shown.errors.contains("/x 200 ms="), "\(shown)")
        #expect(try await mflua("--log-level", "info", "-e", script).errors.isEmpty)
    }

    @Test func theJournalGetsPriorities() async throws {
        let result = try await ChildProcess.run(
            "sh",
            [
                "-c", #"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@""#, "sh", Places.mflua,
                "--log-level",
                "debug", "-e", Self.levels,
            ])
        #expect(result.errors == "<7>debug\n<6>info\n<4>warn\n<3>error\n", "\(result)")
    }

    /// A host with a tenant whose plugin runs some code as it is loaded and asked.
    private func tenant(_ code: String, _ options: String...) async throws -> ChildProcess.Result {
        let folder = try TemporaryFolder()
        try folder.write(
            "guest-plugin.lua",
            "return { name = 'guest-plugin', beforeRequest = function(args) \(code) return args end }")
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.init { name = "host", remotes = { { name = "r", entry = "http://127.0.0.1:1/e.lua" } },
              tenants = { acme = { cpu = "5s", wall = "5s" } },
              plugins = { { "./guest-plugin.lua", tenant = "acme" } } }
            pcall(mf.loadRemote, "r/x")
            """)
        return try await ChildProcess.run(Places.mflua, options + ["host.lua"], folder: folder.path)
    }

    @Test func whatATenantPrintsIsSeenWithItsName() async throws {
        let result = try await tenant("print('hello') require('mf').log.error('a\\n[other] b')")
        #expect(result.errors == "notice: [acme] hello\nerror: [acme] a\\n[other] b\n", "\(result)")
        #expect(result.output.isEmpty, "\(result)")
        #expect(try await tenant("print('hello')", "--log-level", "warning").errors.isEmpty)
        #expect(try await tenant("print('hello')", "--log-level", "notice,tenant=error").errors.isEmpty)
    }

    @Test func whatATenantSaysTooMuchIsCounted() async throws {
        let result = try await tenant("for i = 1, 5000 do print(i) end")
        let lines = result.errors.split(separator: "\n")
        let dropped = try #require(lines.last { $0.hasPrefix("warning: ") && $0.contains(" of tenant `acme` dropped") })
        let count = try #require(dropped.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        #expect(lines.count { $0.hasPrefix("notice: [acme] ") } + count == 5000, "\(dropped)")
        #expect(lines.count < 2000)
    }
}
