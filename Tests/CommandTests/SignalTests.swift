import Glibc
import TestSupport
import Testing

/// How a running host script is ended from outside.
@Suite(.timeLimit(.minutes(2))) struct SignalTests {
    private func run(_ code: String, signals: [Int32]) async throws -> ChildProcess.Result {
        let child = try ChildProcess(Places.mflua, ["-e", code])
        #expect(try await child.nextOutput() == "ready\n")
        for signal in signals { child.signal(signal) }
        return try await child.result()
    }

    private static let waiting = "io.stdout:setvbuf('no') print('ready') require('mf').sleep(3600000)"

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func waitingScriptEndsQuietly(signal: Int32, code: Int32) async throws {
        let result = try await run(Self.waiting, signals: [signal])
        #expect(result.code == code, "\(result)")
        #expect(result.errors.isEmpty, "\(result)")
    }

    @Test func signalsThatTheStarterBlocksEndTheScript() async throws {
        let child = try ChildProcess("env", ["--block-signal=TERM", Places.mflua, "-e", Self.waiting])
        #expect(try await child.nextOutput() == "ready\n")
        child.signal(SIGTERM)
        #expect(try await child.result().code == 143)
    }

    @Test(arguments: [SIGINT, SIGTERM]) func variablesOfWaitingScriptsAndTasksAreClosed(signal: Int32) async throws {
        let result = try await run(
            """
            local mf = require("mf")
            local function closing(name)
              return setmetatable({}, { __close = function() io.stderr:write("closed ", name, "\\n") end })
            end
            mf.spawn(function() local variable <close> = closing("task") mf.sleep(3600000) end)
            mf.spawn(function() mf.sleep(1) io.stdout:setvbuf("no") print("ready") end)
            local variable <close> = closing("script")
            mf.sleep(3600000)
            """, signals: [signal])
        #expect(result.errors.split(separator: "\n").sorted() == ["closed script", "closed task"], "\(result)")
    }

    @Test func waitingTasksEndToo() async throws {
        let result = try await run(
            """
            local mf = require("mf")
            for _ = 1, 100 do mf.spawn(function() mf.sleep(3600000) end) end
            io.stdout:setvbuf("no") print("ready")
            """, signals: [SIGINT])
        #expect(result.code == 130, "\(result)")
    }

    @Test func spinningScriptIsEndedAllTheSame() async throws {
        let result = try await run("io.stdout:setvbuf('no') print('ready') while true do end", signals: [SIGINT])
        #expect(result.code == 130, "\(result)")
    }

    @Test func handlersOfTheEndRunFirstAndTheProcessDiesOfItsSignal() async throws {
        let result = try await run(
            """
            local mf = require("mf")
            mf.onShutdown(function() mf.sleep(1) print("saved") end)
            io.stdout:setvbuf("no") print("ready") mf.sleep(3600000)
            """, signals: [SIGTERM])
        #expect(result.code == 143 && result.output == "saved\n" && result.errors.isEmpty, "\(result)")
    }

    @Test func aSecondSignalEndsAtOnce() async throws {
        let child = try ChildProcess(
            Places.mflua,
            [
                "-e",
                """
                local mf = require("mf")
                mf.onShutdown(function() print("begun") mf.sleep("1h") end, { timeout = "1h" })
                io.stdout:setvbuf("no") print("ready") mf.sleep("1h")
                """,
            ])
        #expect(try await child.nextOutput() == "ready\n")
        child.signal(SIGTERM)
        #expect(try await child.nextOutput() == "begun\n")
        child.signal(SIGTERM)
        #expect(try await child.result().code == 143)
    }

    @Test func aHandlerTakesTheSignalsPlaceUntilItIsCancelled() async throws {
        let child = try ChildProcess(
            Places.mflua,
            [
                "-e",
                """
                local mf = require("mf")
                io.stdout:setvbuf("no")
                mf.init { name = "host" }
                mf.on("HUP", function(signal) print(signal) end)
                local handle handle = mf.on("SIGTERM", function(signal) print(signal) handle:cancel() print("ready") end)
                print("ready")
                """,
            ])
        var output = try await child.nextOutput()
        for signal in [SIGHUP, SIGTERM] {
            child.signal(signal)
            output += try await child.nextOutput()
        }
        while !output.hasSuffix("ready\nSIGHUP\nSIGTERM\nready\n") { output += try await child.nextOutput() }
        child.signal(SIGTERM)
        let result = try await child.result()
        #expect(result.code == 143 && result.errors.isEmpty, "\(result)")
    }

    @Test func aWatchTellsOfChangedFiles() async throws {
        let folder = try TemporaryFolder()
        try folder.write("sub/file", "old")
        let result = try await mflua(
            "-e",
            """
            local mf = require("mf")
            local folder, seen = "\(folder.path)", {}
            local function note(name, handle) return function(paths) seen[name] = paths[#paths] end end
            local handles = { mf.watch(folder, note("folder")), mf.watch(folder .. "/sub/file", note("file")) }
            repeat mf.fs.write(folder .. "/sub/file", tostring(mf.now())) mf.sleep(20) until seen.folder and seen.file
            for _, handle in ipairs(handles) do handle:cancel() end
            print(seen.folder == folder .. "/sub/file", seen.file == folder .. "/sub/file")
            """)
        #expect(result.output == "true\ttrue\n", "\(result)")
    }

    /// A mask would be inherited by what a script starts, and Ctrl-C would not end it.
    @Test func programsThatAScriptStartsHearSignals() async throws {
        let result = try await mflua("-e", "os.execute('grep SigBlk /proc/self/status')")
        #expect(result.output == "SigBlk:\t0000000000000000\n", "\(result)")
    }

    /// Without a watch: SIGHUP is the administrator's way.
    @Test func hangUpReloadsThePluginsOfTheHost() async throws {
        let folder = try TemporaryFolder()
        func plugin(_ version: Int) -> String {
            """
            print("read", \(version))
            return { name = "own-plugin", beforeReload = function() return \(version) end,
                     afterReload = function(args) print("took over", args.state, args.generation) end }
            """
        }
        try folder.write("own-plugin.lua", plugin(1))
        try folder.write(
            "host.lua",
            """
            io.stdout:setvbuf("line")
            local mf = require("mf")
            mf.init { name = "shell", plugins = { "./own-plugin.lua" } }
            print("ready")
            mf.sleep(3600000)
            """)
        let child = try ChildProcess(Places.mflua, ["host.lua"], folder: folder.path)
        var output = ""
        while !output.contains("ready") { output += try await child.nextOutput() }
        for (text, heard) in [
            (plugin(2), "took over\t1\t2"), ("print('broken') error('here')", "broken"), (plugin(3), "took over\t2\t3"),
        ] {
            try folder.write("own-plugin.lua", text)
            child.signal(SIGHUP)
            while !output.contains(heard) { output += try await child.nextOutput() }
        }
        child.signal(SIGTERM)
        let result = try await child.result()
        #expect(result.code == 143, "\(result)")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 3, "\(result)")
        #expect(lines.first?.hasPrefix("mflua: reloaded own-plugin in shell: generation 2, ") == true, "\(result)")
        #expect(lines.dropFirst().first?.hasPrefix("mflua: not reloaded own-plugin in shell: ") == true, "\(result)")
        #expect(lines.last?.hasPrefix("mflua: reloaded own-plugin in shell: generation 3, ") == true, "\(result)")
    }

    @Test func hangUpEndsAScriptWithoutAHost() async throws {
        #expect(try await run(Self.waiting, signals: [SIGHUP]).code == 128 + SIGHUP)
    }

    @Test(arguments: ["mf.init { name = 'host' }", "mf.createInstance { name = 'host' }"])
    func hangUpDoesNotEndAHostThatHasNothingToReload(host: String) async throws {
        let child = try ChildProcess(
            Places.mflua,
            ["-e", "local mf = require('mf') \(host) io.stdout:setvbuf('no') print('ready') mf.sleep(3600000)"])
        #expect(try await child.nextOutput() == "ready\n")
        child.signal(SIGHUP)
        while !child.errorsSoFar.contains("nothing to reload on SIGHUP") { await Task.yield() }
        child.signal(SIGTERM)
        #expect(try await child.result().code == 143)
    }
}
