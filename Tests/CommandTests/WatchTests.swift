import Glibc
import TestSupport
import Testing

/// `mflua --watch host.lua` beside `mflua serve --watch DIR`: what is saved is live.
@Suite(.timeLimit(.minutes(2))) struct WatchTests {
    private static let entry = """
        return { init = function() end, get = function(name) return function() return require("disk") end end }
        """
    private static let manifest = """
        {"id":"checks","name":"checks","metaData":{"name":"checks","type":"app",
        "buildInfo":{"buildVersion":"1","buildName":"checks"},
        "remoteEntry":{"name":"remoteEntry.lua","path":"","type":"global"},
        "types":{"path":"","name":"","zip":"","api":""},"globalName":"checks","pluginVersion":"0",
        "publicPath":"auto"},"shared":[],"remotes":[],"exposes":[{"id":"checks:disk","name":"disk","path":"./disk",
        "assets":{"js":{"sync":["disk.lua"],"async":[]},"css":{"sync":[],"async":[]}}}]}
        """

    /// A folder of one remote, and a host beside it.
    private func site() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("remotes/checks/mf-manifest.json", Self.manifest)
        try folder.write("remotes/checks/remoteEntry.lua", Self.entry)
        try folder.write("remotes/checks/disk.lua", "return { version = 1 }")
        return folder
    }

    private func serve(_ folder: TemporaryFolder, _ options: String...) async throws -> (ChildProcess, port: Int) {
        let child = try ChildProcess(Places.mflua, ["serve", "--quiet"] + options + [folder.path + "/remotes"])
        var lines = ""
        while !lines.contains("mf-manifest.json\n") { lines += try await child.nextOutput() }
        return (child, try #require(lines.split(separator: "\n").first?.split(separator: ":").last.flatMap { Int($0) }))
    }

    private func host(_ folder: TemporaryFolder, port: Int, _ file: String) throws -> ChildProcess {
        try folder.write(
            "host.lua",
            """
            io.stdout:setvbuf("line")
            local mf = require("mf")
            mf.init {
              name = "shell",
              remotes = { { name = "checks", entry = "http://127.0.0.1:\(port)/checks/\(file)" } },
              plugins = { {
                name = "tell-plugin",
                afterUpdateRemote = function() print("updated", mf.loadRemote("checks/disk").version) end,
                errorLoadRemote = function(args) print("refused", args.lifecycle) end,
              } },
            }
            print("loaded", mf.loadRemote("checks/disk").version)
            """)
        return try ChildProcess(Places.mflua, ["--watch", "host.lua"], folder: folder.path)
    }

    @Test(arguments: ["mf-manifest.json", "remoteEntry.lua"]) func savedFileIsLiveInTheHost(entry: String) async throws
    {
        let folder = try site()
        let (server, port) = try await serve(folder, "--watch", "--port", "0")
        let host = try host(folder, port: port, entry)
        try await host.awaitLine("loaded\t1")
        try folder.replace("remotes/checks/disk.lua", with: "return { version = 2 }")
        try await host.awaitLine("updated\t2")
        try folder.replace("remotes/checks/disk.lua", with: "return {")
        try await host.awaitLine("refused\trevalidate")
        try folder.replace("remotes/checks/disk.lua", with: "return { version = 3 }")
        try await host.awaitLine("updated\t3")

        // What is saved while the server is away is live when it is back; what was asked for meanwhile was refused.
        server.signal(SIGKILL)
        _ = try await server.result()
        try folder.replace("remotes/checks/disk.lua", with: "return { version = 4 }")
        let (again, _) = try await serve(folder, "--watch", "--port", "\(port)")
        try await host.awaitLine("updated\t4")
        host.signal(SIGTERM)
        let result = try await host.result()
        #expect(result.code == 143, "\(result)")
        let lines = result.errors.split(separator: "\n")
        #expect(lines.first?.hasPrefix("mflua: updated checks in shell: generation 2, ") == true, "\(result)")
        #expect(lines.first?.hasSuffix(" ms (http://127.0.0.1:\(port)/checks/disk.lua)") == true, "\(result)")
        let refusal = lines.first { $0.hasPrefix("mflua: not updated checks in shell: ") }
        #expect(refusal?.contains("disk.lua:1: ") == true, "\(result)")
        #expect(refusal?.contains("generation 2 serves on (") == true, "\(result)")
        again.signal(SIGTERM)
        _ = try await again.result()
    }

    @Test func hostOfAServerThatTellsNothingEnds() async throws {
        let folder = try site()
        let (server, port) = try await serve(folder, "--port", "0")
        let result = try await host(folder, port: port, "mf-manifest.json").result()
        #expect(result.code == 0, "\(result)")
        #expect(result.output == "loaded\t1\n", "\(result)")
        #expect(result.errors.isEmpty, "\(result)")
        server.signal(SIGTERM)
        _ = try await server.result()
    }
}

extension ChildProcess {
    /// Reads what the process prints until a line of it is this one.
    fileprivate func awaitLine(_ line: String) async throws {
        var printed = ""
        while !printed.split(separator: "\n").contains(Substring(line)) {
            let next = try await nextOutput()
            if next.isEmpty {
                Issue.record("the process ended before it printed `\(line)`: \(printed)")
                throw CancellationError()
            }
            printed += next
        }
    }
}

extension TemporaryFolder {
    /// Puts a file in the place of another, as editors and deployments do.
    fileprivate func replace(_ name: String, with text: String) throws {
        let next = try write("next.tmp", text)
        guard rename(next, path + "/" + name) == 0 else { throw SystemError("rename \(name)") }
    }
}
