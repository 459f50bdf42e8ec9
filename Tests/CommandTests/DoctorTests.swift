import TestSupport
import Testing

/// `mflua doctor` in the built command.
@Suite(.timeLimit(.minutes(2))) struct DoctorTests {
    private func doctor(_ script: String, _ flags: String...) async throws -> ChildProcess.Result {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "local mf = require('mf') print('from the script') " + script)
        return try await ChildProcess.run(Places.mflua, ["doctor"] + flags + ["host.lua"], folder: folder.path)
    }

    private static let cases: [(script: String, code: Int32, output: String)] = [
        ("mf.init { name = 'h' }", 0, "0 errors, 0 warnings, 0 ok\n"),
        (
            "mf.init { name = 'h', plugins = { { name = 'a-plugin', health = function(r) r.ok('well') end } } }", 0,
            "ok     h: plugin a-plugin: well\n0 errors, 0 warnings, 1 ok\n"
        ),
        (
            "mf.init { name = 'h', plugins = { { name = 'a-plugin', health = function(r) r.warn('old', 'renew\\nit') end } } }",
            1, "warn   h: plugin a-plugin: old\n       renew\\nit\n0 errors, 1 warnings, 0 ok\n"
        ),
        (
            "mf.init { name = 'h', plugins = { { 'x.lua', required = false } } }", 2,
            "error  h: plugin x: did not load: there is no plugin file `x.lua`\n       paths are resolved against the script's folder, then against the working directory; it is tried again when its file changes, and by `host:enablePlugins`\n1 errors, 0 warnings, 0 ok\n"
        ),
        ("os.exit(7)", 1, "warn   script: `host.lua` has made no host\n0 errors, 1 warnings, 0 ok\n"),
        ("mf.init { name = 'h' } os.exit(7)", 0, "0 errors, 0 warnings, 0 ok\n"),
        ("mf.init { name = 'h' } mf.spawn(function() mf.sleep(1e9) end)", 0, "0 errors, 0 warnings, 0 ok\n"),
    ]

    @Test(arguments: cases) func theReportAndTheExitCodeAgree(script: String, code: Int32, output: String) async throws
    {
        let result = try await doctor(script)
        #expect(result.output == output, "\(result.errors)")
        #expect(result.code == code)
        #expect(result.errors.hasPrefix("from the script"))
    }

    @Test(arguments: ["mf.sleep(1e9)", "while true do end"])
    func aScriptThatGoesOnIsChecked(rest: String) async throws {
        let result = try await doctor("mf.init { name = 'h' } " + rest, "--wait", "0.05")
        #expect(result.output == "0 errors, 0 warnings, 0 ok\n", "\(result.errors)")
        #expect(result.code == 0)
    }

    @Test func whatIsFoundAboutAPluginIsToldOfItsOwnHostAlone() async throws {
        let declared =
            "{ name = 'a-plugin', options = { new = { type = 'string', was = 'old' } }, plugin = function() return {} end }"
        let result = try await doctor(
            "mf.createInstance { name = 'one', plugins = { { \(declared), { old = 'x' } } } } mf.createInstance { name = 'two' }"
        )
        #expect(result.code == 1)
        #expect(
            result.output == """
                warn   one: plugin a-plugin: host.lua:1: option `old` of a-plugin is deprecated
                       use `new`
                0 errors, 1 warnings, 0 ok

                """, "\(result.output)")
    }

    @Test func aScriptThatFailsIsAnError() async throws {
        let result = try await doctor("mf.init { name = 'h' } error('broken')")
        #expect(result.code == 2)
        #expect(result.output.contains("error  script: host.lua:1: broken"))
    }

    @Test func jsonIsTheWholeOutput() async throws {
        let result = try await doctor(
            "mf.init { name = 'h', plugins = { { name = 'a-plugin', health = function(r) r.error('no', 'mend') end } } }",
            "--json")
        #expect(result.code == 2)
        #expect(
            result.output.filter { !$0.isWhitespace } == """
                {"status":"error","lines":[{"host":"h","level":"error","subject":"plugina-plugin","text":"no","advice":"mend"}]}
                """, "\(result.output)")
    }

    @Test(arguments: [["doctor"], ["doctor", "nobody.lua"], ["doctor", "--wait", "x", "host.lua"]])
    func wrongUsageIsAnError(arguments: [String]) async throws {
        let result = try await ChildProcess.run(Places.mflua, arguments, folder: Places.root)
        #expect(result.code != 0)
        #expect(result.output == "")
        #expect(!result.errors.isEmpty)
    }
}
