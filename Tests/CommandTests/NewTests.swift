import Glibc
import TestSupport
import Testing

/// `mflua new`, `mflua check`, and `mflua serve` of sources.
@Suite(.timeLimit(.minutes(2))) struct NewTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func newRemoteBuildsAndIsLoaded() async throws {
        let made = try await mflua("new", "remote", "checks", in: folder)
        #expect(made.code == 0 && made.output.contains("wrote checks/module-federation.config.lua\n"), "\(made)")
        #expect(try await mflua("check", "checks", in: folder).output == "2 files: no faults\n")
        #expect(try await mflua("build", "checks", in: folder).code == 0)
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.init { name = "h", remotes = { { name = "checks", entry = "file://" .. arg[1] } } }
            print(mf.loadRemote("checks/hello").greet("ada"))
            """)
        let result = try await mflua("host.lua", folder.path + "/checks/dist/mf-manifest.json", in: folder)
        #expect(result.output == "hello, ada, from checks\n", "\(result)")
    }

    @Test(arguments: ["remote", "host", "plugin"]) func specOfANewProjectPasses(kind: String) async throws {
        _ = try await mflua("new", kind, "mine", in: folder)
        let result = try await ChildProcess.run(Places.mflua, ["test"], folder: folder.path + "/mine")
        #expect(result.code == 0 && result.output.contains("1 passed, 0 failed"), "\(result)")
    }

    @Test(arguments: ["host", "plugin"]) func newProjectRunsAtOnce(kind: String) async throws {
        #expect(try await mflua("new", kind, "mine", "--quiet", in: folder).output.isEmpty)
        #expect(try await mflua("check", "mine", in: folder).code == 0)
        let result = try await ChildProcess.run(Places.mflua, ["host.lua"], folder: folder.path + "/mine")
        #expect(result.code == 0 && result.errors.isEmpty && !result.output.isEmpty, "\(result)")
    }

    @Test func wrongNamesAndExistingFoldersAreErrors() async throws {
        #expect(try await mflua("new", "remote", "../x", in: folder).errors.contains("[BUILD-006]"))
        #expect(try await mflua("new", "thing", "x", in: folder).code == 64)
        try folder.write("x/y", "")
        let result = try await mflua("new", "remote", "x", in: folder)
        #expect(result.code == 1 && result.errors.contains("error: `x` exists already [BUILD-007]"), "\(result)")
    }

    @Test func checkPrintsFindingsInThreeForms() async throws {
        try folder.write("a,b.lua", "local x = 1\ny = x\nreturn prnt")
        let text = try await mflua("check", in: folder)
        #expect(text.code == 1 && text.output.isEmpty)
        #expect(text.errors.hasPrefix("a,b.lua:2: assigns the global `y`\n  hint: write `local y`"), "\(text)")
        #expect(text.errors.contains("error: 2 faults [BUILD-008]"))
        let json = try await mflua("check", "--json", in: folder)
        #expect(json.code == 1)
        #expect(json.output.contains("\"rule\": \"global\""), "\(json)")
        #expect(json.output.contains("\"line\": 3"), "\(json)")
        let annotations = try await mflua("check", "--annotations", in: folder)
        #expect(
            annotations.output.hasPrefix("::error file=a%2Cb.lua,line=2,title=mflua global::assigns the global `y` ("),
            "\(annotations)")
        #expect(try await mflua("check", "--json", "--annotations", in: folder).code == 64)
        try folder.write("a,b.lua", "return 1")
        #expect(try await mflua("check", "--json", in: folder).output == "[]\n")
    }

    @Test func savedFileIsLiveInConnectedHosts() async throws {
        _ = try await mflua("new", "remote", "checks", in: folder)
        let server = try ChildProcess(
            Places.mflua, ["serve", "--watch", "--port", "0", "checks"], folder: folder.path)
        var lines = try await server.nextOutput()
        while !lines.contains("/mf-manifest.json\n") { lines += try await server.nextOutput() }
        let port = try #require(
            lines.split(separator: "\n").first?.split(separator: ":").last.flatMap { Int($0) }, "\(lines)")
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            local host = mf.init {
              name = "h", remotes = { { name = "checks", entry = arg[1] } },
              plugins = { { name = "seen", afterUpdateRemote = function() print(mf.live("checks/hello").greet("ada")) os.exit(0) end } },
            }
            print(mf.live("checks/hello").greet("ada"))
            io.stdout:flush()
            mf.sleep(60000)
            """)
        let host = try ChildProcess(
            Places.mflua, ["--watch", "host.lua", "http://127.0.0.1:\(port)/mf-manifest.json"], folder: folder.path)
        #expect(try await host.nextOutput() == "hello, ada, from checks\n")
        let source = folder.path + "/checks/src/hello.lua"
        try folder.write("checks/src/hello.lua", "return {")
        try folder.write(
            "checks/src/hello.lua",
            try contents(of: source).replacing(
                "return {", with: "return { greet = function(n) return 'new ' .. n end }"))
        let result = try await host.result()
        #expect(result.output == "new ada\n", "\(result)\n\(server.errorsSoFar)")
        server.signal(SIGTERM)
        _ = try await server.result()
        #expect(entries(of: folder.path + "/checks").contains(".mflua"))
    }
}
