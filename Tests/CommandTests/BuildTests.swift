import Glibc
import TestSupport
import Testing

/// `mflua build`.
@Suite(.timeLimit(.minutes(2))) struct BuildTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            "module-federation.config.lua",
            """
            return {
              name = "checks", version = "1.4.0", exposes = { ["./disk"] = "src/disk.lua" },
              shared = {
                statsd = { import = false, requiredVersion = "^1.0.0" },
                units = { import = "src/units.lua", version = "2.0.0" },
              },
            }
            """)
        try folder.write(
            "src/disk.lua",
            """
            local mf = require("mf")
            local text = require("text.join")
            return { report = function() return text(mf.loadShare("units")().name, mf.loadShare("statsd")().name) end }
            """)
        try folder.write("src/text/join.lua", "return function(...) return table.concat({ ... }, '+') end")
        try folder.write("src/units.lua", "return { name = 'units' }")
    }

    private static let host = """
        local mf = require("mf")
        mf.init {
          name = "host", remotes = { { name = "checks", entry = arg[1], tenant = arg[2] } },
          shared = { statsd = { version = "1.3.0", lib = function() return { name = "statsd" } end } },
        }
        print(mf.loadRemote("checks/disk").report())
        """

    @Test func builtFolderIsLoadedByItsManifestAlone() async throws {
        let result = try await mflua("build", in: folder)
        #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
        #expect(result.output.hasPrefix("built checks 1.4.0: 6 files in dist/1.4.0-"), "\(result)")
        let elsewhere = try TemporaryFolder()
        try elsewhere.write("host.lua", Self.host)
        let server = try ChildProcess(Places.mflua, ["serve", "--port", "0", folder.path + "/dist"])
        let port = try #require(
            try await server.nextOutput().split(separator: "\n").first?.split(separator: ":").last.flatMap { Int($0) })
        for entry in ["http://127.0.0.1:\(port)/mf-manifest.json", "file://\(folder.path)/dist/mf-manifest.json"] {
            let loaded = try await mflua("host.lua", entry, in: elsewhere)
            #expect(loaded.output == "units+statsd\n", "\(loaded)")
        }
        server.signal(SIGTERM)
        _ = try await server.result()
    }

    /// A sandbox has no instances: what the remote asks for is given by the host, as far as the tenant may have it.
    @Test(arguments: ["state", "process"]) func builtFolderIsLoadedByATenant(level: String) async throws {
        _ = try await mflua("build", in: folder)
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            mf.init {
              name = "host", tenants = { acme = { level = arg[2], shared = { "statsd", "units" } } },
              remotes = { { name = "checks", entry = "file://" .. arg[1], tenant = "acme" } },
              shared = {
                statsd = { version = "1.3.0", lib = function() return { name = "statsd" } end },
                units = { version = "2.0.0", lib = function() return { name = "host's" } end },
              },
            }
            print(mf.loadRemote("checks/disk").report())
            """)
        let result = try await mflua("host.lua", "\(folder.path)/dist/mf-manifest.json", level, in: folder)
        #expect(result.output == "host's+statsd\n", "\(result)")
    }

    @Test func bytesDoNotDependOnTheMachine() async throws {
        let other = try TemporaryFolder()
        for (place, environment) in [
            (folder.path + "/dist", ["TZ": "Asia/Tokyo", "LC_ALL": "C"]),
            (other.path + "/deep/er", ["TZ": "America/New_York", "LC_ALL": "de_DE.UTF-8", "HOME": "/nowhere"]),
        ] {
            let result = try await ChildProcess.run(
                "sh",
                ["-c", "umask 077; cd /; exec \"$0\" build \"$1\" --out \"$2\"", Places.mflua, folder.path, place],
                environment: environment)
            #expect(result.code == 0, "\(result)")
        }
        let compared = try await ChildProcess.run("diff", ["-r", folder.path + "/dist", other.path + "/deep/er"])
        #expect(compared.code == 0, "\(compared)")
    }

    @Test func everyFaultIsPrintedWithItsPlaceAndTheLastBuildStays() async throws {
        #expect(try await mflua("build", "--quiet", in: folder).output.isEmpty)
        let manifest = try contents(of: folder.path + "/dist/mf-manifest.json")
        try folder.write("src/disk.lua", "local a = require('text.jion')\nlocal b = require(arg[1])\n")
        let result = try await mflua("build", in: folder)
        #expect(result.code == 1)
        #expect(
            result.errors.hasPrefix(
                """
                src/disk.lua:1: no module `text.jion` in the project
                  hint: did you mean `text.join`?
                src/disk.lua:2: `require` with a computed name: the modules that it loads are not known
                """), "\(result)")
        #expect(result.errors.contains("error: `checks` was not built: 2 faults [BUILD-003]"), "\(result)")
        #expect(try contents(of: folder.path + "/dist/mf-manifest.json") == manifest)
    }

    @Test func wrongConfigurationIsAnError() async throws {
        try folder.write("module-federation.config.lua", "return { name = 'checks', version = '1.0.0', expose = {} }")
        let result = try await mflua("build", in: folder)
        #expect(result.code == 1)
        #expect(
            result.errors.contains(
                "error: `module-federation.config.lua`: `exposes` is missing; unknown key `expose` (did you mean `exposes`?)"
            ),
            "\(result)")
        #expect(try await mflua("build", "src", in: folder).errors.contains("[BUILD-001]"))
    }

    @Test func publicPathEndsInASlash() async throws {
        #expect(try await mflua("build", "--public-path", "https://cdn", in: folder).code == 64)
    }

    @Test func watchBuildsAgainWhenAFileIsSaved() async throws {
        let child = try ChildProcess(Places.mflua, ["build", "--watch"], folder: folder.path)
        #expect(try await child.nextOutput().hasPrefix("built checks 1.4.0"))
        try folder.write("src/units.lua", "return { name = 'new' }")
        #expect(try await child.nextOutput().hasPrefix("built checks 1.4.0"))
        child.signal(SIGINT)
        #expect(try await child.result().code == 130)
    }

    /// The project of the article is built and loaded as it is printed.
    @Test func remoteOfTheArticleIsBuiltAndLoaded() async throws {
        let article = Places.root + "/Sources/MFLua/MFLua.docc/PublishingARemote.md"
        for block in try markedBlocks(of: article) where block.kind == "file" {
            try folder.write(block.name, block.text)
        }
        let built = try await mflua("build", "sources", in: folder)
        #expect(built.code == 0 && built.errors.isEmpty, "\(built)")
        #expect(try await mflua("check", "sources", in: folder).output == "2 files: no faults\n")
        try folder.write(
            "host.lua",
            """
            local mf = require("mf")
            local statsd = { count = print }
            mf.init {
              name = "host", remotes = { { name = "checks", entry = "file://" .. arg[1] } },
              shared = { statsd = { version = "1.3.0", lib = function() return statsd end } },
            }
            print(mf.loadRemote("checks/disk").usage("/"))
            """)
        let result = try await mflua("host.lua", "\(folder.path)/sources/dist/mf-manifest.json", in: folder)
        #expect(result.output == "usage /\n90 %\n", "\(result)")
    }
}
