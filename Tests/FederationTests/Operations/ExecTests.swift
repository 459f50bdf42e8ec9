import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// `mf.exec` and `mf.process`.
@Suite(.timeLimit(.minutes(2))) struct ExecTests {
    // MARK: What they do

    @Test func theResultHasCodeAndStreams() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local r = mf.exec { "sh", "-c", "cat; echo err >&2; exit 3" , }
                local s = mf.exec({ "sh", "-c", "cat; echo $A $B; pwd; kill -TERM $$" },
                  { stdin = "in ", cwd = "/", env = { A = "a", B = false } })
                return r.code, r.signal, r.stdout, r.stderr, r.duration > 0, s.code, s.signal, s.stdout
                """)
            #expect(result == [3, .nil, "", "err\n", true, 143, "SIGTERM", "in a\n/\n"])
        }
    }

    @Test func theLoopGoesOnMeanwhile() async throws {
        try await withSite { site in
            // The program ends when the task that runs beside it lets it.
            let result = try await site.lua(
                """
                local p = mf.process({ "cat" }, { stdin = true })
                local t = mf.spawn(function() mf.sleep(1) p:write("done") p:closeInput() end)
                return p:read("a"), p:wait().code, t:wait()
                """)
            #expect(result == ["done", 0])
        }
    }

    @Test func aProcessIsReadAsAFile() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local p <close> = mf.process({ "sh", "-c", "printf 'a\\nb\\ncd'; echo e >&2" }, { stderr = "drop" })
                local lines = {}
                lines[1] = p:read("L")
                for line in p:lines(1) do lines[#lines + 1] = line end
                return table.concat(lines, "|"), p:read(), p:read("a"), p:read(1), p:wait().code
                """)
            #expect(result == ["a\n|b|\n|c|d", .nil, "", .nil, 0])
        }
    }

    @Test func aClosedVariableKillsTheProcess() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local kept
                do local p <close> = mf.process { "sleep", "1000" } kept = p end
                return kept.status, kept:wait().signal, kept:kill()
                """)
            #expect(result == ["ended", "SIGKILL", false])
        }
    }

    @Test func aSignalIsSentByNameOrNumber() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local names = {}
                for _, signal in ipairs { "SIGTERM", "INT", 9 } do
                  local p = mf.process { "sleep", "1000" }
                  p:kill(signal)
                  names[#names + 1] = p:wait().signal
                end
                return table.concat(names, " ")
                """)
            #expect(result == ["SIGTERM SIGINT SIGKILL"])
        }
    }

    @Test func aCancelledTaskKillsItsProgram() async throws {
        let folder = try TemporaryFolder()
        try await withSite { site in
            let result = try await site.lua(
                """
                local t = mf.spawn(function() mf.exec { "sh", "-c", "echo $$ > \(folder.path)/new; mv \(folder.path)/new \(folder.path)/pid; sleep 1000" } end)
                local file
                repeat mf.sleep(1) file = io.open("\(folder.path)/pid") until file
                local pid = file:read("n")
                t:cancel()
                mf.sleep(0) mf.sleep(0)
                return pid
                """)
            #expect(kill(Int32(try #require(result.first?.intValue)), 0) != 0)
        }
    }

    // MARK: Wrong input

    static let refusals: [(script: String, code: MFError.Code, message: String, hint: String?)] = [
        (
            "mf.exec('ls -l')", .badArgument, "bad argument #1 to `exec`: list of words expected, got string",
            "write { \"ls\", \"-l\" }"
        ),
        (
            "mf.process('ls | wc')", .badArgument, "bad argument #1 to `process`: list of words expected, got string",
            "there is no shell in between: write { \"sh\", \"-c\", \"ls | wc\" } to use one"
        ),
        ("mf.exec()", .badArgument, "bad argument #1 to `exec`: list of words expected, got no value", nil),
        (
            "mf.exec {}", .invalidOptions,
            "invalid options for `exec`: `argv` is empty: its first element is the program", nil
        ),
        ("mf.exec { '' }", .invalidOptions, "invalid options for `exec`: `argv[1]` is empty: it is the program", nil),
        (
            "mf.exec { 'sleep', 5 }", .invalidOptions,
            "invalid options for `exec`: `argv[2]`: expected a string, found the number 5", nil
        ),
        (
            "mf.exec { 'a\\0b' }", .invalidOptions, "invalid options for `exec`: `argv[1]` contains a zero byte", nil
        ),
        (
            "mf.exec({ 'true' }, { chek = true })", .invalidOptions,
            "invalid options for `exec`: unknown key `chek` (did you mean `check`?)", nil
        ),
        (
            "mf.process({ 'true' }, { stdin = 'text', stderr = 'here' })", .invalidOptions,
            """
            invalid options for `process`: `stdin`: expected a boolean, found the string "text"; `stderr`: expected \
            "inherit" or "merge" or "drop", found the string "here"
            """, nil
        ),
        (
            "mf.exec({ 'true' }, { timeout = '5' })", .invalidOptions,
            """
            invalid options for `exec`: `timeout`: expected a time such as "5s", or a positive number of milliseconds, \
            found the string "5"
            """, "a text has a unit: write \"5s\" for seconds, or use `us`, `ms`, `min`, `h` or `d`"
        ),
        (
            "mf.exec({ 'true' }, { env = { ['A=B'] = 'x', C = 5 }, maxOutput = 0 })", .invalidOptions,
            """
            invalid options for `exec`: `env["C"]`: expected a string or false, found the number 5; `env["A=B"]` is not \
            the name of a variable; `maxOutput`: expected a size such as "16MB", found the number 0
            """, nil
        ),
        (
            "mf.exec { 'mflua-no-such-program' }", .cannotStart,
            "there is no program `mflua-no-such-program` on `PATH`",
            "check the spelling; `command -v mflua-no-such-program` tells where a shell finds it"
        ),
        (
            "mf.process { '/mflua/none' }", .cannotStart, "there is no program `/mflua/none`",
            "check the spelling; `command -v /mflua/none` tells where a shell finds it"
        ),
        (
            "mf.exec { 'ls -l' }", .cannotStart, "there is no program `ls -l` on `PATH`",
            "the first element is the program alone, each argument an element of its own"
        ),
        ("mf.exec { '/etc/passwd' }", .cannotStart, "`/etc/passwd` is not executable", nil),
        (
            "mf.exec({ 'true' }, { cwd = '/mflua/none' })", .cannotStart,
            "cannot run `true` in `/mflua/none`: No such file or directory",
            "`cwd` has to be a folder that this user may enter"
        ),
        (
            "mf.exec({ 'sleep', '1000' }, { timeout = 20 })", .programTooSlow, "`sleep` took more than 0.02 seconds",
            nil
        ),
        (
            "mf.process({ 'sleep', '1000' }, { timeout = '20ms' }):wait()", .programTooSlow,
            "`sleep` took more than 0.02 seconds", nil
        ),
        (
            "mf.exec({ 'cat', '/dev/zero' }, { maxOutput = '1KB' })", .tooMuchOutput,
            "`cat` writes more than 1024 bytes", "raise `maxOutput`, or read line by line with `mf.process`"
        ),
        (
            "mf.exec({ 'sh', '-c', 'echo first >&2; echo no disk >&2; exit 4' }, { check = true })", .programFailed,
            "`sh` exited with 4: no disk", nil
        ),
        (
            "mf.exec({ 'sh', '-c', 'kill -9 $$' }, { check = true })", .programFailed, "`sh` was ended by SIGKILL", nil
        ),
        (
            "mf.process({ 'sleep', '1000' }):write('x')", .streamUnusable, "`sleep` has no input",
            "start it with `stdin = true`"
        ),
        (
            "local p = mf.process({ 'true' }, { stdin = true }) p:wait() p:write('x')", .streamUnusable,
            "`true` does not read any more: Broken pipe", "`process:wait()` tells how it has ended"
        ),
        (
            "local p <close> = mf.process { 'sleep', '1000' } mf.spawn(p.read, p) mf.sleep(0) p:read()",
            .streamUnusable,
            "another task reads the output of `sleep`", nil
        ),
        (
            "mf.process({ 'true' }):kill('SIGTEM')", .badArgument,
            "bad argument #2 to `kill`: there is no signal `SIGTEM`",
            "did you mean `SIGTERM`?"
        ),
        (
            "mf.process({ 'true' }):read(-1)", .badArgument,
            "bad argument #2 to `read`: expected a number of bytes, \"l\", \"L\" or \"a\", found the number -1", nil
        ),
        (
            "mf.sleep('5')", .badArgument,
            "bad argument #1 to `sleep`: expected a time such as \"5s\", found the string \"5\"",
            "a text has a unit: write \"5s\" for seconds, or use `us`, `ms`, `min`, `h` or `d`"
        ),
    ]

    @Test(arguments: refusals) func whatFailsSaysSo(
        _ entry: (script: String, code: MFError.Code, message: String, hint: String?)
    ) async throws {
        try await withSite { site in
            let error = await site.failure(entry.code, entry.script)
            #expect(error?.message == entry.message)
            if let hint = entry.hint { #expect(error?.hint == hint) }
        }
    }

    @Test(arguments: ["exec { 'true' }", "process { 'true' }"]) func tenantsRunNoPrograms(call: String) async throws {
        let entry = SampleRemote.entry("['./x'] = function() return require('mf').\(call) end")
        try await withSite(["http://t/e.lua": entry]) { site in
            let error = await site.failure(
                .capabilityMissing,
                """
                mf.init { name = "host", tenants = { acme = {} },
                  remotes = { { name = "t", entry = "http://t/e.lua", tenant = "acme" } } }
                mf.loadRemote("t/x")
                """)
            #expect(error?.hint == "a tenant runs no programs: let a plugin of the host run it and pass on the result")
        }
    }

    // MARK: Owners

    /// What ends the code that has begun something, and who that was.
    enum Owner: CaseIterable, Sendable {
        case removedRemote, replacedRemote, disposedHost, reloadedPlugin, removedPlugin, endedRuntime

        var isOfPlugin: Bool { self == .reloadedPlugin || self == .removedPlugin }
        var end: String {
            switch self {
            case .removedRemote: "mf.removeRemotes { 'r' }"
            case .replacedRemote:
                "mf.registerRemotes({ { name = 'r', entry = 'http://r/e.lua' } }, { force = true })"
            case .disposedHost: "mf.getInstance():dispose()"
            case .reloadedPlugin: "mf.getInstance():reload('p-plugin')"
            case .removedPlugin: "mf.removePlugins { 'p-plugin' }"
            case .endedRuntime: ""
            }
        }
    }

    @Test(arguments: Owner.allCases) func aProcessEndsWithTheCodeThatBeganIt(owner: Owner) async throws {
        let folder = try TemporaryFolder()
        let begin = "mf.process { 'sleep', '1000' }.pid"
        try folder.write(
            "p-plugin.lua",
            """
            local mf = require("mf")
            return function(options) options.tell(\(begin)) return { name = "p-plugin" } end
            """)
        let entry = SampleRemote.entry("['./x'] = function() local mf = require('mf') return \(begin) end")
        let pid = try await withSite(["http://r/e.lua": entry]) { site in
            let results = try await site.lua(
                """
                local pid
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua" } },
                  plugins = { { "\(folder.path)/p-plugin.lua", { tell = function(number) pid = pid or number end } } } }
                local own = mf.loadRemote("r/x")
                return \(owner.isOfPlugin ? "pid" : "own")
                """)
            let pid = Int32(try #require(results.first?.intValue))
            #expect(kill(pid, 0) == 0)
            try await site.lua(owner.end)
            return pid
        }
        #expect(kill(pid, 0) != 0)
    }
}
