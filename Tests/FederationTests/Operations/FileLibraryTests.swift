import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// `mf.fs`, `mf.hash`, `mf.base64` and the other small things.
@Suite(.timeLimit(.minutes(1))) struct FileLibraryTests {
    private static func lua(_ script: String, in folder: TemporaryFolder) async throws -> [LuaValue] {
        try await withSite { site in try await site.lua("local folder = '\(folder.path)' " + script) }
    }

    @Test func filesAreWrittenReadListedAndRemoved() async throws {
        let folder = try TemporaryFolder()
        let result = try await Self.lua(
            """
            mf.fs.mkdir(folder .. "/a/b")
            mf.fs.mkdir(folder .. "/a/b")
            mf.fs.write(folder .. "/a/x", "one\\0\\255")
            mf.fs.write(folder .. "/a/x", "two")
            local status = mf.fs.stat(folder .. "/a/x")
            local names = table.concat(mf.fs.list(folder .. "/a"), " ")
            local text = mf.fs.read(folder .. "/a/x")
            return text, names, status.type, status.size, mf.fs.stat(folder .. "/a").type, mf.fs.stat(folder .. "/none"),
              mf.fs.remove(folder .. "/a/x"), mf.fs.remove(folder .. "/a/x"), mf.fs.remove(folder .. "/a", { recursive = true })
            """, in: folder)
        #expect(result == ["two", "b x", "file", 3, "folder", .nil, true, false, true])
    }

    @Test func aFileThatIsReplacedKeepsItsPermissionsAndItsLink() async throws {
        let folder = try TemporaryFolder()
        try folder.write("real", "old", mode: 0o640)
        try folder.link("link", to: "real")
        let result = try await Self.lua(
            """
            mf.fs.write(folder .. "/link", "new")
            mf.fs.write(folder .. "/own", "x", { mode = "600" })
            return mf.fs.read(folder .. "/real"), mf.fs.stat(folder .. "/real").mode, mf.fs.stat(folder .. "/own").mode,
              #mf.fs.list(folder)
            """, in: folder)
        #expect(result == ["new", 0o640, 0o600, 3])
    }

    @Test func theLinesThatAreAddedToAFileAreFollowed() async throws {
        let folder = try TemporaryFolder()
        try folder.write("log", "one\n")
        let result = try await Self.lua(
            """
            local path, lines = folder .. "/log", {}
            local function count(number) while #lines < number do mf.sleep(1) end end
            local task = mf.spawn(function()
              for line in mf.fs.tail(path, { from = "start", interval = 1 }) do lines[#lines + 1] = line end
            end)
            local function add(text, mode) local file = io.open(path, mode) file:write(text) file:close() end
            count(1)
            add("two\\nthr", "a") count(2)
            add("ee\\n", "a") count(3)
            os.rename(path, path .. ".1") add("four\\n", "w") count(4)
            add("5\\n", "w") count(5)
            task:cancel()
            return table.concat(lines, " ")
            """, in: folder)
        #expect(result == ["one two three four 5"])
    }

    @Test func whatWasAddedBeforeAFileIsRotatedIsFollowed() async throws {
        let folder = try TemporaryFolder()
        try folder.write("log", "one\n")
        let result = try await Self.lua(
            """
            local path = folder .. "/log"
            local function add(name, text, mode) local file = io.open(name, mode) file:write(text) file:close() end
            local next_line = mf.fs.tail(path, { from = "start", interval = 1 })
            local lines = { next_line() }
            add(path, "lost\\nhalf", "a") os.rename(path, path .. ".1") add(path, "new\\n", "w")
            for i = 2, 4 do lines[i] = next_line() end
            local task = mf.spawn(next_line) mf.sleep(1)
            local ok, problem = pcall(next_line)
            task:cancel()
            return table.concat(lines, " "), ok, problem.message:find("another task follows", 1, true) ~= nil
            """, in: folder)
        #expect(result == ["one lost half new", false, true])
    }

    @Test func aFileBehindALinkIsReplacedOrMade() async throws {
        let folder = try TemporaryFolder()
        let result = try await Self.lua(
            """
            os.execute("cd " .. folder .. " && mkdir inner && ln -s inner/target link && ln -s loop loop")
            mf.fs.write(folder .. "/link", "made")
            mf.fs.write(folder .. "/link", "replaced")
            return mf.fs.read(folder .. "/inner/target"), mf.fs.stat(folder .. "/link").type,
              (pcall(mf.fs.write, folder .. "/loop", "x"))
            """, in: folder)
        #expect(result == ["replaced", "file", false])
    }

    @Test func theLoopGoesOnWhileAFileBlocks() async throws {
        let folder = try TemporaryFolder()
        try folder.makePipe("pipe")
        let result = try await Self.lua(
            """
            local text
            local task = mf.spawn(function() text = mf.fs.read(folder .. "/pipe") end)
            mf.sleep(1)
            mf.exec({ "sh", "-c", "echo through > pipe" }, { cwd = folder })
            task:wait()
            return text
            """, in: folder)
        #expect(result == ["through\n"])
    }

    @Test func theSmallThingsAreThere() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                return mf.hash("sha256", "abc"), mf.hash("md5", ""), mf.base64.encode("\\255\\254\\253"), mf.base64.decode("__79"),
                  mf.env.PATH == os.getenv("PATH"), math.abs(mf.time() - os.time()) < 2, mf.pid > 1, #mf.hostname > 0
                """)
            #expect(
                result == [
                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                    "d41d8cd98f00b204e9800998ecf8427e",
                    "//79", .bytes([255, 254, 253]), true, true, true, true,
                ])
        }
    }

    static let refusals: [(script: String, code: MFError.Code, message: String, hint: String?)] = [
        (
            "mf.fs.read('/mflua/none')", .fileMissing, "cannot read `/mflua/none`: no such file or directory",
            "check the path; a relative one begins at the working folder"
        ),
        ("mf.fs.list('/mflua/none')", .fileMissing, "cannot list `/mflua/none`: no such file or directory", nil),
        (
            "mf.fs.write(folder .. '/none/x', '')", .fileMissing,
            "cannot write `FOLDER/none/x`: no such file or directory",
            "`mf.fs.mkdir` makes the folder"
        ),
        ("mf.fs.read(folder)", .fileFailed, "cannot read `FOLDER`: is a directory", nil),
        ("mf.fs.write(folder, '')", .fileFailed, "cannot write `FOLDER`: is a directory", nil),
        ("mf.fs.write('/dev/full', 'x')", .fileFailed, "cannot write `/dev/full`: it is not a regular file", nil),
        (
            "mf.fs.mkdir(folder .. '/x') mf.fs.write(folder .. '/x/y', '') mf.fs.remove(folder .. '/x')", .fileFailed,
            "cannot remove `FOLDER/x`: directory not empty",
            "`recursive = true` removes a folder with all that it holds"
        ),
        (
            "mf.fs.write(folder .. '/x', '') mf.fs.mkdir(folder .. '/x')", .fileFailed,
            "cannot make `FOLDER/x`: file exists", nil
        ),
        (
            "mf.fs.read('/dev/zero', { maxBytes = 100 })", .fileFailed, "`/dev/zero` has more than 100 bytes",
            "raise `maxBytes`, or read it line by line with `io.lines`"
        ),
        (
            "mf.fs.write('/x', '', { mode = '9' })", .invalidOptions,
            "invalid options for `write`: `mode`: expected permissions such as \"640\", found the string \"9\"", nil
        ),
        (
            "mf.fs.remove('/x', { recursiv = true })", .invalidOptions,
            "invalid options for `remove`: unknown key `recursiv` (did you mean `recursive`?)", nil
        ),
        (
            "mf.fs.tail('/x', { from = 'middle' })", .invalidOptions,
            "invalid options for `tail`: `from`: expected \"end\" or \"start\", found the string \"middle\"", nil
        ),
        ("mf.fs.read('')", .badArgument, "bad argument #1 to `read`: the path is empty", nil),
        ("mf.fs.read('a\\0b')", .badArgument, "bad argument #1 to `read`: the path contains a zero byte", nil),
        ("mf.fs.write('/x', {})", .badArgument, "bad argument #2 to `write`: string expected, got table", nil),
        (
            "mf.hash('sha-256', '')", .badArgument, "bad argument #1 to `hash`: there is no algorithm `sha-256`",
            "did you mean `sha256`?"
        ),
        ("mf.base64.decode('a')", .badArgument, "bad argument #1 to `decode`: the text is not Base64", nil),
        ("mf.env.NAME = 'x'", .luaConversion, "the table is read-only", nil),
        (
            "mf.on('SIGKILL', print)", .badArgument,
            "bad argument #1 to `on`: `SIGKILL` cannot be handled: the system allows no handler", nil
        ),
        (
            "mf.on('SIGTEM', print)", .badArgument, "bad argument #1 to `on`: there is no signal `SIGTEM`",
            "did you mean `SIGTERM`?"
        ),
        (
            "mf.onShutdown(print, { timeout = -1 })", .invalidOptions,
            """
            invalid options for `onShutdown`: `timeout`: expected a time such as "5s", or a positive number of \
            milliseconds, found the number -1
            """, nil
        ),
        (
            "mf.watch('/x', print)", .watchFailed, "files cannot be watched in this program",
            "the program that embeds mflua has to start a `HotReloader`"
        ),
    ]

    @Test(arguments: refusals) func whatFailsSaysSo(
        _ entry: (script: String, code: MFError.Code, message: String, hint: String?)
    ) async throws {
        let folder = try TemporaryFolder()
        try await withSite { site in
            let error = await site.failure(entry.code, "local folder = '\(folder.path)' " + entry.script)
            #expect(error?.message == entry.message.replacing("FOLDER", with: folder.path))
            if let hint = entry.hint { #expect(error?.hint == hint) }
        }
    }

    @Test func tenantsHaveNoFiles() async throws {
        let entry = SampleRemote.entry("['./x'] = function() return require('mf').fs.read('/etc/passwd') end")
        try await withSite(["http://t/e.lua": entry]) { site in
            let error = await site.failure(
                .capabilityMissing,
                """
                mf.init { name = "host", tenants = { acme = {} },
                  remotes = { { name = "t", entry = "http://t/e.lua", tenant = "acme" } } }
                mf.loadRemote("t/x")
                """)
            #expect(error?.message == "`mf.fs.read` is not available to a tenant")
        }
    }

    // MARK: Handlers of the end

    @Test func shutdownHandlersComeInReverseOrderAndMayWaitAndFail() async throws {
        let folder = try TemporaryFolder()
        try await withSite { site in
            try await site.lua(
                """
                local function add(word) mf.fs.write("\(folder.path)/" .. word, tostring(mf.now())) end
                local order = 0
                local function handler(word) return function() order = order + 1 mf.sleep(1) add(order .. word) end end
                mf.onShutdown(handler("first"))
                mf.onShutdown(handler("cancelled")):cancel()
                mf.onShutdown(function() error("no", 0) end)
                mf.onShutdown(handler("second"))
                mf.onShutdown(function() mf.sleep("1h") end, { timeout = "1ms" })
                """)
            await site.runtime.shutdown()
            let names = entries(of: folder.path).sorted()
            #expect(names == ["1second", "2first"])
            #expect(
                site.log.messages == [
                    "error: shutdown handler (host.lua:8) failed: it took more than 0.001 seconds",
                    "error: shutdown handler (host.lua:6) failed: no",
                ])
        }
    }
}
