import Glibc
import TestSupport
import Testing

/// `mflua test`, as a person runs it in a project.
@Suite(.timeLimit(.minutes(2))) struct TestCommandTests {
    /// A project with one module and one spec.
    private func project(_ spec: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write(
            "src/disk.lua",
            """
            local disk = {}
            function disk.free(size, used)
              if used > size then
                return 0
              end
              return size - used
            end
            return disk
            """)
        try folder.write("spec/disk_spec.lua", "local mf = require('mf')\nlocal disk = require('disk')\n" + spec)
        return folder
    }

    @Test func theLastLineCountsWhatPassedAndFailed() async throws {
        let folder = try project(
            """
            it("is right", function() assert.are.equal(3, disk.free(10, 7)) end)
            it("is wrong", function() assert.are.equal(4, disk.free(10, 7)) end)
            pending("comes later")
            """)
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n1 passed, 1 failed, 1 pending\n"), "\(result)")
        #expect(result.output.contains("FAILED   is wrong\n  spec/disk_spec.lua:4: expected 4, got 3\n"), "\(result)")
        #expect(result.code == 1)
        let filtered = try await mflua("test", "--filter", "is ri", "--verbose", in: folder)
        #expect(filtered.output.contains("passed   is right\n"), "\(filtered)")
        #expect(filtered.output.hasSuffix("\n1 passed, 0 failed\n") && filtered.code == 0, "\(filtered)")
    }

    @Test func eachFileHasAStateOfItsOwn() async throws {
        let folder = try project(
            "leaked = 1 package.loaded.leak = {} it('sees its own', function() assert(leaked) end)")
        try folder.write(
            "spec/zzz_spec.lua",
            "it('sees none', function() assert.is_nil(leaked) assert.is_nil(package.loaded.leak) end)")
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n2 passed, 0 failed\n"), "\(result)")
    }

    @Test func aTestMayWaitAndPutTheClockForward() async throws {
        let folder = try project(
            """
            it("waits", function() mf.sleep(1) end)
            it("is in no hurry", function()
              local woken = {}
              mf.spawn(function() mf.sleep("2h") woken[#woken + 1] = "second" end)
              mf.spawn(function() mf.sleep("1h") woken[#woken + 1] = "first" end)
              mf.test.clock:advance("90min")
              assert.are.same({ "first" }, woken)
              mf.test.clock:advance("30min")
              assert.are.same({ "first", "second" }, woken)
            end)
            """)
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n2 passed, 0 failed\n"), "\(result)")
    }

    @Test func remotesInMemoryAreLoadedAndFailAsTheTestSays() async throws {
        let folder = try project(
            """
            local remote, host
            before_each(function()
              remote = mf.test.remote { name = "checks", exposes = { ["./disk"] = function() return { free = 4 } end } }
              host = mf.test.host { remotes = { remote } }
            end)
            local function load() return host:loadRemote("checks/disk").free end
            it("loads", function() assert.are.equal(4, load()) end)
            it("sees a status", function()
              mf.test.net.fail(remote, 503)
              local ok, problem = pcall(load)
              assert.is_false(ok)
              assert.are.equal("FETCH-002", problem.cause.code)
              mf.test.net.heal(remote)
              assert.are.equal(4, load())
            end)
            it("sees a timeout", function()
              mf.test.net.fail("checks", "timeout")
              local _, problem = pcall(load)
              assert.are.equal("FETCH-003", problem.cause.code)
            end)
            it("sees a manifest that is cut", function()
              mf.test.net.fail("checks", "corrupt")
              assert.has_error(load)
            end)
            it("waits for a slow one", function()
              mf.test.net.fail("checks", "slow 2s")
              local task = mf.spawn(load)
              mf.test.clock:advance("10s")
              assert.are.equal(4, task:wait())
            end)
            it("records hooks", function()
              local calls = mf.test.record(host, { "beforeRequest", "onLoad" })
              load()
              assert.are.same({ "beforeRequest", "onLoad" }, { calls[1].hook, calls[2].hook })
            end)
            it("has one that does not fail any more", function() assert.are.equal(4, load()) end)
            """)
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n7 passed, 0 failed\n"), "\(result)")
    }

    @Test(arguments: [
        ("mf.test.net.fail('nobody', 503)", "there is no remote \"nobody\" in this spec"),
        ("mf.test.remote { name = 'a', expose = {} }", "mf.test.remote has no option `expose`"),
        ("mf.test.remote { name = 'a/b' }", "`name` is a word of letters"),
        ("mf.test.remote { name = 'a', exposes = { disk = {} } }", "has a name that begins with `./`, got \"disk\""),
        ("mf.test.remote { name = 'a', exposes = { ['./d'] = 'd.lua' } }", "is a module or a function that makes it"),
        ("mf.test.clock.advance('1s')", "with a colon"),
        ("mf.test.clock:advance(30)", "a time is a text such as \"30s\""),
        ("mf.test.net.fail(mf.test.remote { name = 'a' }, 'sometimes')", "a status from 300 to 599"),
        ("mf.test.net.fail(mf.test.remote { name = 'a' }, 'slow 2')", "names a time with its unit"),
        ("assert.is_purple(1)", "there is no assertion `purple`"),
        ("os.exit(0)", "os.exit was called in a test"),
        ("describe('inside', function() end)", "`describe` was called inside of a test"),
    ]) func wrongWordsSayWhatIsRight(code: String, message: String) async throws {
        let folder = try project("it('is wrong', function() \(code) end)")
        let result = try await mflua("test", in: folder)
        #expect(result.output.contains(message) && result.output.hasSuffix("\n0 passed, 1 failed\n"), "\(result)")
    }

    @Test(arguments: [
        ("it('stops', function() while true do end end)", "longer than"),
        ("it('waits', function() mf.spawn(function() mf.sleep('2h') end):wait() end)", "longer than"),
        (
            "describe('broken', function() error('in the block') end)",
            "FAILED   broken\n  spec/disk_spec.lua:3: in the block"
        ),
        ("setup(function() error('no setup') end) it('is not run', function() end)", "no setup"),
        ("it('ends' function() end)", "spec/disk_spec.lua:3: ')' expected"),
        (
            "it('passes', function() mf.spawn(function() error('alone') end) mf.sleep(20) collectgarbage() collectgarbage() end)",
            "a task that nobody waited for"
        ),
    ]) func whatFailsOutsideOfATestFailsTheRun(spec: String, message: String) async throws {
        let folder = try project(spec)
        let result = try await mflua("test", "--timeout", "0.5", in: folder)
        #expect(result.output.contains(message), "\(result)")
        #expect(result.output.contains(", 1 failed\n") && result.code == 1, "\(result)")
    }

    @Test func doublesAndFailuresEndWithWhatBeganThem() async throws {
        let folder = try project(
            """
            describe("a class", function()
              it("is mocked though it names itself", function()
                local class = { run = function() return 1 end }
                class.__index = class
                mock(class)
                class.run()
                assert.spy(class.run).was.called(1)
              end)
            end)
            it("counts a call that raised", function()
              local s = spy.new(function() error("no") end)
              pcall(s)
              assert.spy(s).was.called(1)
              assert.spy(s).was_not.returned_with(1)
            end)
            describe("a remote that failed in setup", function()
              local remote, host
              setup(function()
                remote = mf.test.remote { name = "checks", exposes = { ["./disk"] = { free = 4 } } }
                host = mf.test.host { remotes = { remote } }
                mf.test.net.fail(remote, 503)
              end)
              for _, name in ipairs { "first", "second" } do
                it("is down in the " .. name .. " test", function() assert.has_error(function() host:loadRemote("checks/disk") end) end)
              end
              it("is up where a test says so", function()
                mf.test.net.heal(remote)
                assert.are.equal(4, host:loadRemote("checks/disk").free)
              end)
            end)
            """)
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n5 passed, 0 failed\n"), "\(result)")
    }

    @Test func aListenersLimitHoldsWhereLinesAreCounted() async throws {
        let folder = try project(
            """
            it("goes on", function()
              local remote = mf.test.remote { name = "checks", exposes = { ["./disk"] = { free = 4 } } }
              local spins = { name = "spins-plugin", beforeRequest = function() while true do end end }
              local host = mf.test.host { remotes = { remote }, plugins = { { function() return spins end, fail = "open", cpu = "20ms" } } }
              assert.are.equal(4, host:loadRemote("checks/disk").free)
              assert.are.equal(3, disk.free(10, 7))
            end)
            """)
        let result = try await mflua("test", "--coverage", in: folder)
        #expect(result.output.contains(" 85 %  src/disk.lua") && result.code == 0, "\(result)")
    }

    @Test func aReportIsXMLWhateverTestsAreCalled() async throws {
        let folder = try project(
            "it('&\\u{301} <\\u{308} \\u{FFFF}', function() error(']]> &\\u{301}') end) error('in the file')")
        let result = try await mflua("test", "--junit", "report.xml", in: folder)
        #expect(result.output.contains("FAILED   spec/disk_spec.lua\n"), "\(result)")
        let report = try contents(of: folder.path + "/report.xml")
        #expect(!report.contains("\u{FFFF}") && !report.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(report.unicodeScalars.count { $0 == "<" } == report.unicodeScalars.count { $0 == ">" }, "\(report)")
        #expect(report.unicodeScalars.split(separator: "&").dropFirst().allSatisfy { $0.prefix(8).contains(";") })
    }

    @Test func linesThatDidNotRunAreNamed() async throws {
        let folder = try project(
            """
            it("counts", function()
              assert.are.equal(3, disk.free(10, 7))
              assert.are.equal(3, mf.spawn(function() return disk.free(10, 7) end):wait())
              assert.are.equal(3, coroutine.wrap(function() return disk.free(10, 7) end)())
            end)
            """)
        let result = try await mflua("test", "--coverage", "--lcov", "lines.info", in: folder)
        #expect(result.output.contains(" 85 %  src/disk.lua  not run: 4\n"), "\(result)")
        let lines = try contents(of: folder.path + "/lines.info")
        #expect(lines.hasPrefix("SF:src/disk.lua\nDA:1,1\n"), "\(lines)")
        #expect(lines.contains("DA:4,0\n") && lines.contains("DA:6,3\n"), "\(lines)")
    }

    @Test(arguments: [
        (["test", "nowhere"], "there are no tests in `nowhere`: there is no such file or folder [CLI-008]"),
        (["test", "src"], "there are no tests in `src`: no file in it ends with `_spec.lua` [CLI-008]"),
        (["test", "--timeout", "0"], "'--timeout' is a number of seconds above 0"),
        (["test", "--junit", "nowhere/report.xml"], "cannot write the report `nowhere/report.xml`"),
    ]) func wrongArgumentsAreErrors(arguments: [String], message: String) async throws {
        let folder = try project("it('passes', function() end)")
        let result = try await ChildProcess.run(Places.mflua, arguments, folder: folder.path)
        #expect(result.errors.contains(message) && result.code != 0, "\(result)")
    }

    @Test func aSavedFileRunsTheTestsAgain() async throws {
        let folder = try project("it('passes', function() assert.are.equal(3, disk.free(10, 7)) end)")
        let child = try ChildProcess(Places.mflua, ["test", "--watch"], folder: folder.path)
        var output = ""
        while !output.contains("1 passed, 0 failed\n") { output += try await child.nextOutput() }
        try folder.write("src/disk.lua", "return { free = function() return 4 end }")
        while !output.contains("0 passed, 1 failed\n") { output += try await child.nextOutput() }
        child.signal(SIGTERM)
        _ = try await child.result()
    }

    @Test func theArticlesSpecsPass() async throws {
        let folder = try TemporaryFolder()
        for block in try markedBlocks(of: Places.root + "/Sources/MFLua/MFLua.docc/Testing.md")
        where block.kind == "file" { try folder.write(block.name, block.text) }
        let result = try await mflua("test", in: folder)
        #expect(result.output.hasSuffix("\n3 passed, 0 failed\n"), "\(result)")
    }

    /// Names of tests, and what came of them, in a report of JUnit's form.
    private func verdicts(_ report: String) -> [String: String] {
        var verdicts: [String: String] = [:]
        for part in report.split(separator: "<testcase ").dropFirst() {
            guard
                let start = part.hasPrefix("name=") ? part.startIndex..<part.startIndex : part.firstRange(of: " name=")
            else { continue }
            let value = part[start.lowerBound...].drop { $0 != "=" }.dropFirst()
            let name = value.dropFirst().prefix { $0 != value.first }
            let end = part.firstRange(of: "</testcase>")?.lowerBound ?? part.firstRange(of: "/>")?.lowerBound
            let inner = part[..<(end ?? part.endIndex)]
            verdicts[String(name)] =
                inner.contains("<failure") || inner.contains("<error")
                ? "failed" : inner.contains("<skipped") ? "pending" : "passed"
        }
        return verdicts
    }

    /// Debian's `busted` with `mflua` as its interpreter.
    @Test(.enabled(if: access("/usr/bin/busted", X_OK) == 0)) func bustedComesToTheSameVerdicts() async throws {
        let folder = try TemporaryFolder()
        let spec = Places.root + "/Fixtures/specs/words_spec.lua"
        let own = try await mflua("test", spec, "--junit", "own.xml", in: folder)
        let busted = try await ChildProcess.run(
            "/usr/bin/busted", ["--lua=" + Places.mflua, "--output=junit", "-Xoutput", "busted.xml", spec],
            folder: folder.path)
        let verdicts = verdicts(try contents(of: folder.path + "/own.xml"))
        #expect(verdicts.count >= 70, "\(own)")
        #expect(verdicts == self.verdicts(try contents(of: folder.path + "/busted.xml")), "\(busted)")
    }
}
