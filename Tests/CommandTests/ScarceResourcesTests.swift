import Glibc
import TestSupport
import Testing

/// A process that lacks a resource says which, and ends with 1; or it works.
@Suite(.timeLimit(.minutes(2))) struct ScarceResourcesTests {
    /// Limits as `ulimit` takes them. Descriptors are counted after the three that are open.
    static let limits =
        (4...12).map { "-n \($0)" } + stride(from: 40_000, through: 110_000, by: 5_000).map { "-v \($0)" }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer needs more than any of the limits"), arguments: limits)
    func aLimitIsNamedOrDoesNotMatter(limit: String) async throws {
        let result = try await ChildProcess.run(
            "sh", ["-c", "ulimit \(limit) && exec \"$0\" -e 'print(6 * 7)'", Places.mflua])
        if result.code == 0 {
            #expect(result.output == "42\n")
        } else {
            // Below what the loader of shared libraries needs, the loader says it, and ends with 127.
            #expect([1, 127].contains(result.code) && !result.errors.isEmpty, "\(result)")
        }
    }

    /// A script that needs more threads, descriptors and memory as it goes on.
    private static let script = """
        local mf = require("mf")
        mf.all { function() mf.sleep(1) end, function() mf.sleep(1) end }
        local ok, err = pcall(mf.fetch, "http://127.0.0.1:1/")
        assert(not ok and err.code, "no error")
        local json = mf.json.encode { a = { 1, 2, 3 } }
        print(#mf.json.decode(json).a)
        """

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer needs more than any of the limits"), arguments: limits)
    func aScriptThatNeedsMoreAsItGoesOnEndsToo(limit: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("host.lua", Self.script)
        let command = "ulimit \(limit) && exec timeout 60 \"$0\" run \"$1\""
        let result = try await ChildProcess.run("sh", ["-c", command, Places.mflua, file])
        if result.code == 0 {
            #expect(result.output == "3\n")
        } else {
            #expect([1, 127].contains(result.code) && !result.errors.isEmpty, "\(result)")
        }
    }

    /// How many processes and threads a user may have, who has no others. The user is another than the tests', whom others
    /// start processes for: that needs root.
    @Test(
        .enabled(if: geteuid() == 0 && !Sanitizer.isOn, "only root becomes another user"), arguments: 1...12,
        ["-e", "serve", "run"])
    func fewThreadsAreNamedOrDoNotMatter(count: Int, how: String) async throws {
        let folder = try TemporaryFolder()
        chmod(folder.path, 0o755)
        let file = try folder.write("host.lua", Self.script)
        let arguments =
            switch how {
            case "serve": ["serve", "--port", "0", folder.path]
            case "run": ["run", file]
            default: ["-e", "print(3)"]
            }
        let user = "\(40_000 + Int.random(in: 0..<20_000))"
        let child = try ChildProcess(
            "setpriv",
            [
                "--reuid", user, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "prlimit",
                "--nproc=\(count)", Places.mflua,
            ] + arguments)
        if how == "serve", try await child.nextOutput().contains("http://") { child.signal(SIGTERM) }
        let result = try await child.result()
        if how == "serve", result.output.contains("http://") || result.code == 143 {
            #expect(result.code == 143, "\(result)")
        } else if result.code == 0 {
            #expect(result.output == "3\n")
        } else {
            #expect(result.code == 1 && result.errors.contains("there is no thread"), "\(result)")
        }
    }

    /// JSON that needs more memory than there is, whether it is made or read, is an error of the script.
    @Test(
        .enabled(if: !Sanitizer.isOn, "a sanitizer needs more than any of the limits"),
        arguments: [150_000, 200_000, 300_000, 600_000],
        [
            "mf.json.encode, { (('x'):rep(3e5) .. '%'):rep(100) , ('y'):rep(3e7), ('z'):rep(9e7), ('\\1'):rep(3e7) }",
            "mf.json.decode, '[' .. ('[],'):rep(7e6) .. '1]'",
            "mf.json.decode, '\"' .. ('\\\\u0001'):rep(3e5) .. '\"'",
            "function() local t, s = {}, ('x'):rep(1e6) for i = 1, 700 do t[i] = s end return mf.json.encode(t) end",
        ])
    func jsonThatIsTooLargeIsAnErrorOfTheScript(limit: Int, call: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            local ok, err = pcall(function() return pcall(\(call)) end)
            print("goes on")
            """)
        let command = "ulimit -v \(limit) && exec timeout 60 \"$0\" run \"$1\""
        let result = try await ChildProcess.run("sh", ["-c", command, Places.mflua, file])
        #expect(result.code == 0 && result.output == "goes on\n", "\(result)")
    }

    @Test func filesBelowAFolderAreReadWithoutOpenat2() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "app/entry.lua",
            "return { init = function() end, get = function(n) return function() return require(n:sub(3)) end end }")
        try folder.write("app/deep/x.lua", "return 'inside'")
        try folder.write("secret.lua", "return 'outside'")
        symlink("../secret.lua", folder.path + "/app/y.lua")
        symlink("..", folder.path + "/app/up")
        let file = try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.init { name = "host", tenants = { guest = {} },
              remotes = { { name = "r", entry = "file://\(folder.path)/app/entry.lua", tenant = "guest" } } }
            print(mf.loadRemote("r/deep.x"))
            for _, name in ipairs { "y", "up.secret", "none" } do print((pcall(mf.loadRemote, "r/" .. name))) end
            """)
        let result = try await ChildProcess.run(
            Places.products + "/refuse-seccomp", ["openat2", Places.mflua, "run", file])
        #expect(result.code == 0 && result.output == "inside\nfalse\nfalse\nfalse\n", "\(result)")
    }

    /// Again and again: libdispatch's threads end a process without `/proc`, where they happen to be busy at the wrong moment.
    @Test(arguments: 1...10) func runsWithoutProc(attempt: Int) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "host.lua", "require('mf').all { function() require('mf').sleep(1) end } print(arg[1], ...)")
        let script = "mount -t tmpfs none /proc && exec timeout 60 \"$0\" run \"$1\" a b"
        let result = try await ChildProcess.run("unshare", ["-rm", "sh", "-c", script, Places.mflua, file])
        // Where user namespaces are not allowed there is nothing to see.
        guard !result.errors.contains("unshare"), !result.errors.contains("mount") else { return }
        #expect(result.code == 0 && result.output == "a\ta\tb\n", "\(result)")
    }
}
