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

    /// How a file is saved.
    enum Saving: CaseIterable {
        /// Emptied and written anew, as simple editors do.
        case inPlace
        /// Written beside and renamed over.
        case byRename

        func save(_ text: String, in folder: TemporaryFolder) throws {
            let file = "remotes/checks/disk.lua"
            if self == .inPlace { try folder.write(file, text) } else { try folder.replace(file, with: text) }
        }
    }

    @Test(arguments: ["mf-manifest.json", "remoteEntry.lua"], Saving.allCases)
    func savedFileIsLiveInTheHost(entry: String, saving: Saving) async throws {
        let folder = try site()
        let (server, port) = try await serve(folder, "--watch", "--port", "0")
        let host = try host(folder, port: port, entry)
        try await host.awaitLine("loaded\t1")
        try saving.save("return { version = 2 }", in: folder)
        try await host.awaitLine("updated\t2")
        try saving.save("return {", in: folder)
        try await host.awaitLine("refused\trevalidate")
        try saving.save("return { version = 3 }", in: folder)
        try await host.awaitLine("updated\t3")

        // What is saved while the server is away is live when it is back; what was asked for meanwhile was refused.
        server.signal(SIGKILL)
        _ = try await server.result()
        try saving.save("return { version = 4 }", in: folder)
        let (again, _) = try await serve(folder, "--watch", "--port", "\(port)")
        try await host.awaitLine("updated\t4")
        host.signal(SIGTERM)
        let result = try await host.result()
        #expect(result.code == 143, "\(result)")
        let lines = result.errors.split(separator: "\n")
        // A file that is half written takes the place of none: each version is there once, and in its order.
        let updates = lines.compactMap { $0.split(separator: ":").dropFirst().first }.filter {
            $0.hasPrefix(" updated")
        }
        #expect(updates.count == 3, "\(result)")
        #expect(!result.errors.contains("boolean"), "\(result)")
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
    /// Reads what the process prints until a line of it is this one; what was refused is passed over.
    fileprivate func awaitLine(_ line: String) async throws {
        var printed = ""
        while !printed.split(separator: "\n").contains(Substring(line)) {
            #expect(!printed.contains("updated"), "\(printed)")
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
