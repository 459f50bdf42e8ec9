import Glibc
import TestSupport
import Testing

/// `kill -9` at any moment leaves nothing behind that a later start trips over.
@Suite(.serialized, .timeLimit(.minutes(3))) struct KillTests {
    private static let host = """
        io.stdout:setvbuf("line")
        local mf = require("mf")
        print("begin")
        mf.init {
          name = "shell",
          tenants = { acme = { level = "process", wall = "60s", cpu = "60s" } },
          remotes = { { name = "boxed", entry = "file://" .. folder .. "/boxed.lua", tenant = "acme" } },
          plugins = { folder .. "/own-plugin.lua", { folder .. "/boxed-plugin.lua", {}, tenant = "acme" } },
        }
        local boxed = mf.loadRemote("boxed/x")
        print("loaded", boxed.version())
        if ... == "once" then return end
        mf.spawn(boxed.spin)
        mf.sleep(0)
        print("spinning")
        """
    private static let boxed = """
        return { init = function() end, get = function()
          return function() return { version = function() return 1 end, spin = function() while true do end end } end
        end }
        """

    private func site() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("host.lua", "local folder = '\(folder.path)'\n" + Self.host)
        try folder.write("boxed.lua", Self.boxed)
        try folder.write("own-plugin.lua", "return { name = 'own-plugin' }")
        try folder.write("boxed-plugin.lua", "return { name = 'boxed-plugin', onLoad = function() end }")
        try folder.write("tmp/.keep", "")
        return folder
    }

    private func start(_ folder: TemporaryFolder, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess(
            Places.mflua, arguments, environment: ["TMPDIR": folder.path + "/tmp"], folder: folder.path)
    }

    @Test(arguments: ["begin", "loaded", "spinning", "reloading"]) func hostStartsAgain(moment: String) async throws {
        let folder = try site()
        let files = entries(of: folder.path)
        let host = try start(folder, "--watch", "host.lua")
        var output = ""
        while !output.contains(moment == "reloading" ? "spinning" : moment) { output += try await host.nextOutput() }
        if moment == "reloading" {
            try folder.write("own-plugin.lua", "print('reloading') while true do end")
            while !output.contains("reloading") { output += try await host.nextOutput() }
        }
        let workers = Self.children(of: host.id)
        #expect(moment == "begin" || !workers.isEmpty)
        host.signal(SIGKILL)
        #expect(try await host.result().code == 128 + SIGKILL)
        for worker in workers { while Self.isAlive(worker) { sched_yield() } }
        #expect(entries(of: folder.path) == files)
        #expect(entries(of: folder.path + "/tmp") == [".keep"])

        try folder.write("own-plugin.lua", "return { name = 'own-plugin' }")
        let again = try await start(folder, "host.lua", "once").result()
        #expect(again.code == 0, "\(again)")
        #expect(again.output == "begin\nloaded\t1\n", "\(again)")
        #expect(again.errors.isEmpty, "\(again)")
    }

    /// The processes that a process has started.
    private static func children(of parent: pid_t) -> [pid_t] {
        entries(of: "/proc").compactMap { pid_t($0) }.filter { status(of: $0)?.parent == parent }
    }

    private static func isAlive(_ process: pid_t) -> Bool { status(of: process).map { $0.state != "Z" } ?? false }

    private static func status(of process: pid_t) -> (state: Substring, parent: pid_t)? {
        // `4711 (name) S 1 …`; the name may contain anything.
        guard let text = try? contents(of: "/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let words = text[end...].split(separator: " ")
        return words.count > 2 ? (words[1], pid_t(words[2]) ?? 0) : nil
    }
}
