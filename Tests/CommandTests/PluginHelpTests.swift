import TestSupport
import Testing

/// `mflua plugin help`, and plugins with options and secrets in the built command.
@Suite(.timeLimit(.minutes(2))) struct PluginHelpTests {
    private static let planted = "planted-7f3a"
    private static let plugin = """
        local mf = require("mf")
        return {
          name = "x-plugin", options = { token = { type = "string", secret = true, required = true } },
          plugin = function(options)
            print("made with " .. tostring(options.token))
            mf.log.warn("log", options.token, mf.json.encode({ options.token }))
            return {
              errorLoadRemote = function() error("no " .. tostring(options.token)) end,
            }
          end,
        }
        """

    private static func folder(_ entry: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("x-plugin.lua", plugin)
        try folder.write("token", planted)
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.init {
              name = "host",
              plugins = {
                require("mf.plugins.trace") { level = "debug" },
                { "./x-plugin.lua", \(entry) },
              },
            }
            print(pcall(mf.loadRemote, "none/x"))
            mf.loadRemote("none/x")
            """)
        return folder
    }

    @Test(arguments: [
        "{ token = mf.secret 'env:X_TOKEN' }", "{ token = mf.secret 'file:token' }",
        "{ token = mf.secret 'cmd:cat token' }", "{ token = '\(planted)' }",
    ])
    func nothingThatIsPrintedHasTheSecret(entry: String) async throws {
        let folder = try Self.folder(entry)
        let result = try await mflua(
            "--log-level", "debug", "host.lua", environment: ["X_TOKEN": Self.planted], in: folder)
        #expect(result.output.contains("made with ‹secret "))
        #expect(!(result.output + result.errors).contains(Self.planted), "\(result.output)\(result.errors)")
    }

    @Test func badOptionsAreToldWithTheLineOfTheEntry() async throws {
        let folder = try Self.folder("{ tokn = 5 }")
        let result = try await mflua("host.lua", in: folder)
        #expect(result.code == 1)
        #expect(
            result.errors.contains(
                "host.lua:6: options of x-plugin: `tokn` is not an option (did you mean `token`?); `token` is missing [PLUGIN-001]"
            ),
            "\(result.errors)")
        #expect(!result.output.contains("made"))
    }

    @Test func eachFormIsPrinted() async throws {
        let folder = try Self.folder("{}")
        let forms: [([String], String)] = [
            ([], "token  string, required  Secret."), (["--markdown"], "| `token` | string, required | Secret. |"),
            (["--json-schema"], "\"writeOnly\": true"), (["--stubs"], "---@class x.Options"),
        ]
        for (flags, text) in forms {
            let result = try await ChildProcess.run(
                Places.mflua, ["plugin", "help", "x-plugin.lua"] + flags, folder: folder.path)
            #expect(result.output.contains(text), "\(result.output)\(result.errors)")
            #expect(!result.output.contains("made"))
        }
        let shipped = try await mflua("plugin", "help", "mf.plugins.retry")
        #expect(shipped.output.contains("times    integer from 0 on, 3 if absent"))
    }

    @Test(arguments: [
        ["plugin", "help", "missing.lua"], ["plugin", "help", "host.lua", "--stubs"], ["plugin", "help"],
        ["plugin", "help", "x-plugin.lua", "--stubs", "--markdown"],
    ])
    func whatCannotBeShownIsAnError(arguments: [String]) async throws {
        let folder = try Self.folder("{}")
        let result = try await ChildProcess.run(Places.mflua, arguments, folder: folder.path)
        #expect(result.code != 0)
        #expect(!result.errors.isEmpty)
    }
}
