import TestSupport
import Testing

/// `mflua bisect`, `mflua --safe` and `MFLUA_DISABLE` in the built command.
@Suite(.timeLimit(.minutes(2))) struct BisectTests {
    /// A host of ten plugins, some from files, that fails where all plugins of `bad` are attached.
    private static func folder(bad: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for number in 1...5 {
            try folder.write("p\(number)-plugin.lua", "return { name = 'p\(number)-plugin' }")
        }
        try folder.write("other.lua", "return { name = 'p6-plugin' }")
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            local function inline(name) return { name = name .. "-plugin" } end
            local host = mf.init { name = "host", plugins = {
              "./p1-plugin.lua", { "./p2-plugin.lua" }, { "./p3-plugin.lua", required = true }, "./p4-plugin.lua",
              "./p5-plugin.lua", "./other.lua", inline "p7", inline "p8", inline "p9",
              { function() return inline "p10" end },
            } }
            local attached = {}
            for _, plugin in ipairs(host:plugins()) do attached[plugin.name:match("^%w+")] = plugin.state == "on" end
            local bad = true
            for _, name in ipairs { \(bad.map { "'\($0)'" }.joined(separator: ", ")) } do bad = bad and attached[name] end
            local on = {}
            for name, is in pairs(attached) do on[#on + 1] = is and name or nil end
            table.sort(on)
            print(table.concat(on, " "))
            os.exit(bad and 3 or 0)
            """)
        return folder
    }

    private static let command = ["bisect", "host.lua", "--", Places.mflua, "host.lua"]

    private func run(_ arguments: [String], in folder: TemporaryFolder) async throws -> ChildProcess.Result {
        try await ChildProcess.run(Places.mflua, arguments, folder: folder.path)
    }

    @Test(arguments: [
        (["p4"], "p4-plugin"), (["p10"], "p10-plugin"), (["p6"], "p6-plugin"),
        (["p8", "p2"], "p2-plugin with p8-plugin; each alone is good"),
        (["p9", "p1", "p6"], "p1-plugin, p6-plugin and p9-plugin; without any one of them it is good"),
    ])
    func theCulpritsAreFound(bad: [String], verdict: String) async throws {
        let result = try await run(Self.command, in: Self.folder(bad: bad))
        #expect(result.code == 0, "\(result.errors)")
        let lines = result.output.split(separator: "\n")
        #expect(lines.first.map(String.init) == verdict)
        let runs = lines.last?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        #expect(runs <= 2 + 7 * bad.count)
    }

    @Test(arguments: ["a,b/x-plugin.lua", " ,x-plugin.lua", "a\\b,/x, y-plugin.lua"])
    func aPathWithCommasIsFound(path: String) async throws {
        let folder = try TemporaryFolder()
        try folder.write(path, "return { name = 'x-plugin' }")
        try folder.write(
            "host.lua",
            """
            local host = require("mf").init { name = "host", plugins = { [[./\(path)]], { name = "y-plugin" } } }
            for _, plugin in ipairs(host:plugins()) do
              if plugin.name == "x-plugin" and plugin.state == "on" then os.exit(3) end
            end
            """)
        let result = try await run(Self.command, in: folder)
        #expect(result.output.hasPrefix("x-plugin\n"), "\(result)")
    }

    @Test func theCommandTakesSignals() async throws {
        let folder = try Self.folder(bad: [])
        let result = try await run(
            ["bisect", "host.lua", "--verbose", "--", "grep", "SigBlk", "/proc/self/status"], in: folder)
        #expect((result.output + result.errors).contains("SigBlk:\t0000000000000000"), "\(result)")
    }

    @Test func whatIsPinnedStaysAttached() async throws {
        let folder = try Self.folder(bad: ["p2", "p8"])
        let result = try await run(["bisect", "--pin", "p2-plugin"] + Self.command.dropFirst(), in: folder)
        #expect(result.output.hasPrefix("p8-plugin\n"))
        let both = try await run(
            ["bisect", "--pin", "p2-plugin", "--pin", "p8-plugin"] + Self.command.dropFirst(), in: folder)
        #expect(both.code == 1)
        #expect(both.errors.contains("the command is bad with the pinned plugins alone [CLI-007]"))
    }

    private static let refused: [(arguments: [String], message: String)] = [
        (["bisect", "host.lua", "--", "true"], "the command is good with all plugins"),
        (["bisect", "host.lua", "--", "false"], "the command has attached no plugins of `host.lua`"),
        (
            ["bisect", "host.lua", "--", "sh", "-c", "\(Places.mflua) host.lua; exit 1"],
            "the command is bad with none of the plugins"
        ),
        (["bisect", "host.lua", "--", "./nobody"], "cannot run `./nobody`"),
        (["bisect", "hots.lua", "--", "true"], "no script `hots.lua`"),
        (["bisect", "--pin", "p4-plugn"] + command.dropFirst(), "`p4-plugn` (did you mean `p4-plugin`?)"),
        (["bisect", "host.lua"], "Name the command behind '--'"),
    ]

    @Test(arguments: refused) func whatCannotBeBisectedIsSaid(arguments: [String], message: String) async throws {
        let result = try await run(arguments, in: Self.folder(bad: ["p4"]))
        #expect(result.code != 0)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.output == "")
    }

    @Test func aPluginThatBreaksTheHostIsFound() async throws {
        let folder = try Self.folder(bad: ["nobody"])
        try folder.write("p2-plugin.lua", "error('broken')")
        let result = try await run(Self.command, in: folder)
        #expect(result.output.hasPrefix("p2-plugin\n"), "\(result.errors)")
    }

    @Test func safelyOnlyRequiredPluginsAreAttached() async throws {
        let folder = try Self.folder(bad: ["p3"])
        let result = try await mflua("--safe", "host.lua", in: folder)
        #expect(result.code == 3)
        #expect(result.output == "p3\n")
    }

    @Test func namesOfTheVariableAreLeftOutAndUnknownOnesTold() async throws {
        let folder = try Self.folder(bad: ["p4"])
        let script = try contents(of: folder.path + "/host.lua")
        try folder.write("host.lua", script.replacing("os.exit(bad and 3 or 0)", with: ""))
        let result = try await mflua(
            "host.lua", environment: ["MFLUA_DISABLE": "p1-plugin, ./p2-plugin.lua,p6-plugin,p8-plugin,p3-plugn"],
            in: folder)
        #expect(result.output == "p10 p3 p4 p5 p7 p9\n")
        #expect(
            result.errors.contains(
                "MFLUA_DISABLE names `p3-plugn`, which no host lists (did you mean `p3-plugin`?)"),
            "\(result.errors)")
        #expect(!result.errors.contains("`p1-plugin`"))
    }
}
