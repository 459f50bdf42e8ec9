import TestSupport
import Testing

/// `mflua [options] [script [arguments]]`, as users of `lua` expect it.
@Suite(.timeLimit(.minutes(2))) struct RunTests {
    @Test func scriptFindsItsArguments() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "print(arg[0], #arg, ...)\nprint(arg[1], arg[2], arg[3])\nprint(arg[-1] ~= nil)")
        let result = try await mflua("host.lua", "one", "-x", "--help", in: folder)
        #expect(result.output == "host.lua\t3\tone\t-x\t--help\none\t-x\t--help\ntrue\n", "\(result)")
        #expect(result.code == 0)
        #expect(try await mflua("run", "host.lua", "one", "-x", "--help", in: folder).output == result.output)
    }

    @Test func piecesAndModulesActInTheOrderTheyAreWritten() async throws {
        let folder = try TemporaryFolder()
        try folder.write("greeting.lua", "print('loaded', ...) return { text = 'hello' }")
        let result = try await mflua(
            "-e", "print('first')", "-lgreeting", "-l", "g=greeting", "-e", "print(greeting.text, g == greeting)",
            in: folder)
        #expect(result.output.hasPrefix("first\nloaded\tgreeting"), "\(result)")
        #expect(result.output.hasSuffix("hello\ttrue\n"), "\(result)")
    }

    @Test func pieceRunsBeforeTheScriptInTheSameGlobals() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "print(answer, ...)")
        let result = try await mflua("-eanswer = 42", "host.lua", "x", in: folder)
        #expect(result.output == "42\tx\n", "\(result)")
    }

    @Test func scriptIsReadFromStandardInput() async throws {
        for arguments in [["-", "a"], []] {
            let result = try await ChildProcess.run(
                Places.mflua, arguments, input: "#!/usr/bin/env mflua\nprint('read', ...)")
            #expect(result.output == (arguments.isEmpty ? "read\n" : "read\ta\n"), "\(result)")
        }
    }

    @Test func scriptWithAShebangLineIsAProgram() async throws {
        let folder = try TemporaryFolder()
        let script = try folder.write("tool", "#!\(Places.mflua)\nprint('ran', ...)\nerror('here')", mode: 0o755)
        let result = try await ChildProcess.run(script, ["x"])
        #expect(result.output == "ran\tx\n", "\(result)")
        #expect(result.errors.contains("tool:3: here"), "\(result)")
    }

    @Test func doubleDashEndsTheOptions() async throws {
        let folder = try TemporaryFolder()
        try folder.write("-odd.lua", "print('odd', ...)")
        #expect(try await mflua("--", "-odd.lua", "-i", in: folder).output == "odd\t-i\n")
    }

    @Test(
        arguments: [
            ("os.exit(7)", 7), ("os.exit(true)", 0), ("os.exit(false)", 1), ("os.exit(3, true)", 3), ("os.exit()", 0),
            ("coroutine.wrap(function() os.exit(5) end)()", 5), ("error('x')", 1), ("local x <close> = nil", 0),
        ] as [(String, Int32)])
    func exitCodeIsTheScripts(code: String, expected: Int32) async throws {
        let result = try await mflua("-e", "io.write('before ')" + code)
        #expect(result.code == expected, "\(result)")
        #expect(result.output == "before ", "\(result)")
    }

    /// A script and a task that wait, each with a variable to close.
    private static let closing = """
        local mf = require("mf")
        local function closing(name)
          return setmetatable({}, { __close = function() io.stderr:write("closed ", name, "\\n") end })
        end
        mf.spawn(function() local variable <close> = closing("task") mf.sleep(1e6) end)
        local variable <close> = closing("script")
        mf.sleep(0)

        """

    @Test(arguments: ["os.exit(7, true)", "mf.spawn(function() os.exit(7, true) end) mf.sleep(1e6)"])
    func exitThatClosesTheStateClosesTheVariablesOfScriptAndTasks(exit: String) async throws {
        let result = try await mflua("-e", Self.closing + exit)
        #expect(result.code == 7, "\(result)")
        #expect(result.errors.split(separator: "\n").sorted() == ["closed script", "closed task"], "\(result)")
    }

    @Test func exitWithoutClosingClosesNothing() async throws {
        let result = try await mflua("-e", Self.closing + "os.exit(7)")
        #expect(result.code == 7 && result.errors.isEmpty, "\(result)")
    }

    @Test func versionIsPrinted() async throws {
        let result = try await mflua("-v")
        #expect(result.output.hasPrefix("mflua "), "\(result)")
        #expect(result.output.contains("Lua 5.4"), "\(result)")
        #expect(result.code == 0)
    }

    @Test func environmentIsHonoured() async throws {
        let folder = try TemporaryFolder()
        try folder.write("mods/there.lua", "return 'found'")
        try folder.write("init.lua", "print('init file')")
        let path = try await mflua(
            "-e", "print((require('there')))", environment: ["LUA_PATH": folder.path + "/mods/?.lua;;"])
        #expect(path.output == "found\n", "\(path)")
        let code = try await mflua("-e", "print('piece')", environment: ["LUA_INIT": "print('init')"])
        #expect(code.output == "init\npiece\n", "\(code)")
        let file = try await mflua("-e", "", environment: ["LUA_INIT": "@" + folder.path + "/init.lua"])
        #expect(file.output == "init file\n", "\(file)")
        let ignored = try await mflua("-E", "-e", "", environment: ["LUA_INIT": "print('init')"])
        #expect(ignored.output.isEmpty, "\(ignored)")
    }

    @Test(arguments: [
        ("LUA_PATH", "package.path"), ("LUA_PATH_5_4", "package.path"), ("LUA_CPATH", "package.cpath"),
        ("LUA_CPATH_5_4", "package.cpath"),
    ])
    func environmentIsIgnoredWhenAskedTo(variable: String, field: String) async throws {
        let environment = [variable: "/from/the/environment/?.lua"]
        let heeded = try await mflua("-e", "print(\(field))", environment: environment)
        #expect(heeded.output == "/from/the/environment/?.lua\n", "\(heeded)")
        let ignored = try await mflua("-E", "-e", "print(\(field), os.getenv('\(variable)'))", environment: environment)
        #expect(ignored.output.hasSuffix("\t/from/the/environment/?.lua\n"), "\(ignored)")
        #expect(ignored.output.hasPrefix("/usr/local/"), "\(ignored)")
    }

    @Test func warningsAreShownWhenAskedFor() async throws {
        #expect(try await mflua("-e", "warn('look')").errors.isEmpty)
        #expect(try await mflua("-W", "-e", "warn('look')").errors == "Lua warning: look\n")
    }

    @Test func pluginFilesLookForCModulesWhereTheHostDoes() async throws {
        let folder = try TemporaryFolder()
        try folder.write("clib/broken.so", "no library")
        try folder.write(
            "own-plugin.lua",
            """
            for _, name in ipairs { "nowhere", "broken", "broken.part" } do print(select(2, pcall(require, name))) end
            return { name = "own-plugin" }
            """)
        try folder.write(
            "host.lua",
            """
            package.cpath = "./clib/?.so;./other/?.so"
            require("mf").init { name = "host", remotes = {}, plugins = { "./own-plugin.lua" } }
            """)
        let result = try await mflua("host.lua", in: folder)
        #expect(result.output.hasPrefix("module 'nowhere' not found:\n"), "\(result)")
        #expect(
            result.output.contains("\n\tno file './clib/nowhere.so'\n\tno file './other/nowhere.so'\n"), "\(result)")
        #expect(
            result.output.contains("error loading module 'broken' from file './clib/broken.so':\n\t"), "\(result)")
        #expect(result.output.contains("error loading module 'broken.part' from file './clib/broken.so'"), "\(result)")
    }

    @Test func modulesBesideTheWorkingFolderAreFound() async throws {
        let folder = try TemporaryFolder()
        try folder.write("lib/deep.lua", "return { name = ... }")
        #expect(try await mflua("-e", "print(require('lib.deep').name)", in: folder).output == "lib.deep\n")
    }

    @Test func scriptEndsWhenNoWorkIsLeft() async throws {
        let result = try await mflua(
            "-e",
            """
            local mf = require("mf")
            mf.spawn(function() mf.sleep(20) print("second") mf.spawn(function() mf.sleep(1) print("third") end) end)
            print("first")
            """)
        #expect(result.output == "first\nsecond\nthird\n", "\(result)")
        #expect(result.code == 0)
    }

    @Test func scriptMayWaitAtItsTop() async throws {
        let result = try await mflua("-e", "require('mf').sleep(5) print('after')")
        #expect(result.output == "after\n", "\(result)")
    }

    // MARK: Wrong input

    @Test func missingScriptIsNamedWithItsNeighbour() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "")
        let result = try await mflua("hots.lua", in: folder)
        #expect(result.code == 1)
        #expect(result.errors == "error: no script `hots.lua` [CLI-001]\n\nhint: did you mean `host.lua`?\n")
        let alone = try await mflua("elsewhere/nothing", in: folder)
        #expect(alone.errors.contains("hint: give the path of a Lua file"), "\(alone)")
    }

    @Test func folderIsNotAScript() async throws {
        let folder = try TemporaryFolder()
        let result = try await mflua(folder.path)
        #expect(result.code == 1)
        #expect(result.errors.contains("error: cannot read `\(folder.path)` [CLI-002]"), "\(result)")
        #expect(result.errors.contains("Is a directory"), "\(result)")
    }

    @Test func syntaxErrorNamesFileAndLine() async throws {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "local a = 1\nlocal b = = 2\n")
        let result = try await mflua("host.lua", in: folder)
        #expect(result.code == 1)
        #expect(result.errors.contains("host.lua:2:"), "\(result)")
        #expect(result.errors.contains("[LUA-001]"), "\(result)")
    }

    @Test func runtimeErrorHasItsTraceback() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "host.lua",
            "local function inner()\n  error('broken')\nend\nlocal function outer()\n  inner()\nend\nouter()")
        let result = try await mflua("host.lua", in: folder)
        #expect(result.code == 1)
        #expect(result.errors.contains("host.lua:2: broken"), "\(result)")
        #expect(result.errors.contains("host.lua:5"), "\(result)")
        #expect(result.errors.contains("[LUA-002]"), "\(result)")
        #expect(!result.errors.contains("\u{1b}"), "no colours without a terminal")
    }

    @Test func errorInACoroutineIsTold() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "host.lua", "local co = coroutine.wrap(function()\n  local t = nil\n  return t.field\nend)\nco()")
        let result = try await mflua("host.lua", in: folder)
        #expect(result.code == 1)
        #expect(result.errors.contains("host.lua:3: attempt to index a nil value (local 't')"), "\(result)")
    }

    @Test func errorInASpawnedTaskIsToldAndCountsWhenAllWorkIsDone() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.spawn(function()
              mf.sleep(1)
              error("late")
            end)
            mf.sleep(20)
            mf.spawn(function() mf.sleep(1) print("the host goes on") end)
            """)
        let result = try await mflua("host.lua", in: folder)
        #expect(result.code == 1, "\(result)")
        #expect(result.output == "the host goes on\n", "\(result)")
        #expect(result.errors.hasPrefix("error: host.lua:4: late [LUA-002]\n  task: spawned"), "\(result)")
        #expect(result.errors.contains("hint: catch it in the task with `pcall`"), "\(result)")
    }

    @Test(arguments: [
        "print(pcall(task.wait, task))", "pcall(task.wait, task)", "task:cancel()",
        "pcall(mf.all, { function() task:wait() end })",
    ])
    func errorInATaskThatSomebodyWaitsForOrCancelsIsHandled(code: String) async throws {
        let result = try await mflua(
            "-e", "local mf = require('mf') local task = mf.spawn(function() mf.sleep(1) error('late') end) \(code)")
        #expect(result.code == 0, "\(result)")
        #expect(result.errors.isEmpty, "\(result)")
    }

    @Test func exitCodeOfTheScriptGoesBeforeThatOfATask() async throws {
        let result = try await mflua(
            "-e", "local mf = require('mf') mf.spawn(error, 'soon') mf.sleep(1) os.exit(0)")
        #expect(result.code == 0, "\(result)")
        #expect(result.errors.contains("error: soon [LUA-002]"), "\(result)")
    }

    @Test(arguments: [["--help"], ["-h"], ["help"], ["run", "--help"], ["run", "-h"], ["help", "run"]])
    func helpListsTheOptionsBeforeAScript(arguments: [String]) async throws {
        let result = try await ChildProcess.run(Places.mflua, arguments)
        #expect(result.code == 0, "\(result)")
        for option in ["-e", "-l", "-i", "-v", "-E", "-W", "--watch", "--log-level", "--log-format"] {
            #expect(result.output.contains("  \(option)"), "\(option): \(result)")
        }
    }

    @Test func exitCodesAreListed() async throws {
        let result = try await mflua("help", "exit-codes")
        #expect(result.code == 0)
        let codes = result.output.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first }
        #expect(codes == ["0", "1", "13", "64", "128", "any"], "\(result)")
    }

    @Test func misspeltOptionsAndCommandsAreCorrected() async throws {
        let option = try await mflua("--wach", "host.lua")
        #expect(option.errors.contains("Unknown option '--wach'. Did you mean '--watch'?"), "\(option)")
        let command = try await mflua("serv", "remotes")
        #expect(command.errors.contains("hint: did you mean `mflua serve`?"), "\(command)")
    }

    @Test func everyErrorOfMfluaNamesANextStep() async throws {
        let result = try await mflua("-e", "x = = 1")
        #expect(result.errors.hasSuffix("hint: `mflua explain LUA-001` describes it\n"), "\(result)")
        let raised = try await mflua("-e", "error('my own words')")
        #expect(!raised.errors.contains("hint:"), "\(raised)")
    }

    @Test(arguments: [["-x", "host.lua"], ["--wach", "host.lua"], ["-e"], ["-l"]])
    func unknownUsageIsRefused(arguments: [String]) async throws {
        let result = try await ChildProcess.run(Places.mflua, arguments)
        #expect(result.code == 64, "\(result)")
        #expect(result.errors.contains("Usage: mflua"), "\(result)")
    }
}
