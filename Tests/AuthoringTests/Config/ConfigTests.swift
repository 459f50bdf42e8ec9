import Diagnostics
import TestSupport
import Testing

@testable import Authoring

/// `module-federation.config.lua`.
@Suite struct ConfigTests {
    private func config(_ text: String) throws -> ProjectConfig {
        let folder = try TemporaryFolder()
        try folder.write(ProjectConfig.fileName, text)
        return try Project(folder: folder.path).config
    }

    @Test func everyKeyIsRead() throws {
        let config = try config(
            """
            return {
              name = "checks", version = "1.4.0-rc.1", exposes = { ["./disk"] = "./src/disk.lua", ["."] = "main.lua" },
              shared = {
                statsd = { singleton = true, requiredVersion = "^1.0.0", import = false },
                units = { version = "2.1.0", import = "vendor/units.lua", eager = true, strictVersion = true },
                any = { requiredVersion = false, import = false },
              },
              remotes = { storage = "store@https://cdn/mf-manifest.json", logs = "https://me@cdn/logs.json" },
              include = { "src/plug/*.lua" }, external = { "lfs" }, dts = false, publicPath = "https://cdn/checks/",
            }
            """)
        #expect(config.name == "checks" && config.version == "1.4.0-rc.1")
        #expect(config.exposes.map(\.key) == [".", "./disk"])
        #expect(config.exposes.map(\.file) == ["main.lua", "src/disk.lua"])
        #expect(config.shared.map(\.name) == ["any", "statsd", "units"])
        #expect(config.shared.map(\.requiredVersion) == ["*", "^1.0.0", "^2.1.0"])
        #expect(config.shared.map(\.file) == [nil, nil, "vendor/units.lua"])
        #expect(config.shared.map(\.isSingleton) == [false, true, false])
        #expect(config.shared[2].isEager && config.shared[2].isStrict)
        #expect(config.remotes.map(\.alias) == ["logs", "storage"])
        #expect(config.remotes.map(\.name) == ["logs", "store"])
        #expect(config.remotes.map(\.entry) == ["https://me@cdn/logs.json", "https://cdn/mf-manifest.json"])
        #expect(config.include == ["src/plug/*.lua"] && config.external == ["lfs"])
        #expect(!config.writesTypes && config.publicPath == "https://cdn/checks/")
    }

    @Test func everythingThatIsWrongIsNamedAtOnce() throws {
        let error = expectMFError(.configInvalid) {
            try config("return { nam = 'checks', version = '1.x', exposes = { disk = 'disk.txt' }, include = 'a' }")
        }
        let message = try #require(error?.message)
        #expect(message.contains(ProjectConfig.fileName))
        for part in [
            "`name` is missing", "`version`: expected a version", "`exposes[\"disk\"]`", "write `[\"./disk\"]`",
            "a Lua file", "`include`: expected a list of strings", "unknown key `nam` (did you mean `name`?)",
        ] {
            #expect(message.contains(part), "\(part) in \(message)")
        }
    }

    @Test(arguments: [
        ("name = 'a b'", "is not a name"), ("name = '../up'", "is not a name"), ("name = 'a/b/c'", "is not a name"),
        ("exposes = {}", "exposes nothing"), ("exposes = { ['./a'] = '/etc/a.lua' }", "outside of the project"),
        ("exposes = { ['./a'] = '../a.lua' }", "outside of the project"),
        ("exposes = { ['./../a'] = 'a.lua' }", "is not a key"), ("publicPath = 'https://cdn'", "in a slash"),
        ("shared = { x = { import = 'x.lua' } }", "without a `version`"), ("shared = { x = {} }", "has no `import`"),
        ("shared = { x = { import = false, requiredVersion = 'one' } }", "a range of versions"),
        ("shared = { x = { import = true } }", "the path of a Lua file, or false"),
        ("shared = { x = { import = false, singelton = true } }", "did you mean `singleton`?"),
        ("remotes = { s = '' }", "an address"), ("remotes = { s = 's@' }", "an address"), ("dts = 1", "a boolean"),
    ]) func valueThatCannotBeUsedIsRefused(assignment: String, problem: String) throws {
        let error = expectMFError(.configInvalid) {
            try config(
                """
                local config = { name = "checks", version = "1.0.0", exposes = { ["./disk"] = "disk.lua" } }
                for key, value in pairs { \(assignment) } do config[key] = value end
                return config
                """)
        }
        #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        "return io.open('/etc/passwd')", "return os.time()", "return require('lfs')", "return dofile('x.lua')",
        "while true do end", "local t = {} for i = 1, 1e9 do t[i] = {} end", "return 5", "return {",
        "error('no')", "\u{1B}Lua",
    ]) func fileThatDoesMoreThanReturnATableIsRefused(text: String) throws {
        let error = expectMFError(.configInvalid) { try config(text) }
        #expect(error?.message.contains(ProjectConfig.fileName) == true)
    }

    @Test func folderWithoutConfigurationIsRefused() throws {
        let folder = try TemporaryFolder()
        expectMFError(.configMissing) { try Project(folder: folder.path) }
    }

    @Test func fileThatIsNoFileIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.makePipe(ProjectConfig.fileName)
        expectMFError(.configInvalid) { try Project(folder: folder.path) }
    }
}
