import Diagnostics
import Federation
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Authoring

/// Types of exposes.
@Suite struct TypeStubsTests {
    private func stub(_ source: String, expose: String = "disk") -> String {
        let stubs = TypeStubs(remote: "checks", exposes: [(expose, Array(source.utf8))])
        return stubs.stubs[0].text
    }

    @Test func functionsOfAModuleKeepTheirComments() {
        let text = stub(
            """
            --- Looks at disks.
            --- Slowly.
            local M = {}

            ---@class checks.Usage
            ---@field percent number

            --- How full a disk is.
            ---@param path string
            ---@return checks.Usage
            function M.usage(path) local function M2() end return M2 end

            --- Starts.
            function M:start(...) end
            M.stop = function(a, b) return a end
            local function private() end
            M.number = 5
            return M
            """)
        #expect(
            text == """
                ---@class checks.Usage
                ---@field percent number

                --- Looks at disks.
                --- Slowly.
                ---@class checks.disk
                local _checks_disk = {}

                --- How full a disk is.
                ---@param path string
                ---@return checks.Usage
                function _checks_disk.usage(path) end

                --- Starts.
                function _checks_disk:start(...) end

                function _checks_disk.stop(a, b) end

                """)
    }

    @Test func functionsOfATableThatIsReturnedAreRead() {
        let text = stub(
            """
            return {
              --- One.
              ---@return number
              one = function() if x then return 1 end return 2 end,
              two = function(a, ...) end, three = 3,
            }
            """, expose: "deep/part-1")
        #expect(text.contains("---@class checks.deep.part_1\n"))
        #expect(text.contains("--- One.\n---@return number\nfunction _checks_deep_part_1.one() end\n"))
        #expect(text.contains("function _checks_deep_part_1.two(a, ...) end\n"))
        #expect(!text.contains("three"))
    }

    @Test func moduleThatIsAFunctionIsCallable() {
        let text = stub(
            "--- Adds.\n---@param a integer\n---@return integer sum\nreturn function(a, b) return a + b end")
        #expect(text.contains("--- Adds."))
        #expect(text.contains("---@class checks.disk\n---@overload fun(a: integer, b: any): integer\n"), "\(text)")
    }

    @Test(arguments: [
        "", "return 5", "return require('x')", "local M return M", "return {", "return setmetatable({}, {})",
        "return function", "function M.x() end", "---@class X",
    ]) func anythingHasAStub(source: String) throws {
        let text = TypeStubs(remote: "checks", exposes: [("disk", Array(source.utf8))]).api
        #expect(text.contains("---@class checks.disk"))
        #expect(try SourceReader.compile([("api", Array(text.utf8))]) == [])
    }

    @Test func buildHasStubsThatCompileAndAnArchiveThatOpens() async throws {
        let sample = try SampleProject()
        let built = try ProjectBuild(folder: sample.folder.path, output: sample.folder.path + "/dist").run()
        let manifest = try Manifest(try JSON.decode(built.manifest))
        #expect(manifest.metaData.types.api == "@mf-types.lua" && manifest.metaData.types.zip == "@mf-types.zip")
        let api = try #require(built.assets.first { $0.path == "@mf-types.lua" })
        #expect(try SourceReader.compile([("api", api.bytes)]) == [])
        let listing = try await ChildProcess.run(
            "python3",
            [
                "-c", "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist())",
                "\(sample.folder.path)/dist/\(built.folder)/@mf-types.zip",
            ])
        #expect(listing.output == "None ['disk.lua', 'memory.lua']\n", "\(listing)")
        #expect(try ProjectCheck(sample.folder.path).findings == [])
    }

    @Test func noTypesAreWrittenWhereTheConfigurationSaysSo() throws {
        let built = try SampleProject(disk: "", keys: "dts = false").build()
        #expect(!built.assets.contains { $0.path.hasPrefix("@") })
        #expect(try Manifest(try JSON.decode(built.manifest)).metaData.types.api.isEmpty)
    }

    /// The types lie in the folder of the version: they are found by the manifest alone.
    @Test func typesOfRemotesAreFoundByTheirManifests() async throws {
        let built = try SampleProject().build()
        var site = ["http://h/checks/mf-manifest.json": String(decoding: built.manifest, as: UTF8.self)]
        for asset in built.assets {
            site["http://h/checks/\(built.folder)/\(asset.path)"] = String(decoding: asset.bytes, as: UTF8.self)
        }
        site["http://h/none.json"] = String(
            decoding: try SampleProject(disk: "", keys: "dts = false").build().manifest, as: UTF8.self)
        let types = await RemoteTypes(
            of: [
                TypedRemote(name: "c", manifest: "http://h/checks/mf-manifest.json"),
                TypedRemote(name: "none", manifest: "http://h/none.json"),
                TypedRemote(name: "gone", manifest: "http://h/gone.json"),
            ], from: InMemoryFetcher(site))
        #expect(types.files.map(\.name) == ["c.lua", "mf-remotes.lua"])
        #expect(types.files[1].text.contains("---@overload fun(id: \"c/disk\"): checks.disk\n"))
        #expect(types.files[0].text.contains("---@class checks.disk\n"))
        #expect(types.failures.map(\.code) == [.typesMissing, .typesMissing])
        #expect(types.failures[0].message == "remote `none` has no types")
        for file in types.files { #expect(try SourceReader.compile([(file.name, Array(file.text.utf8))]) == []) }
    }

    @Test func remotesAreReadOffConfigurationAndScripts() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "host.lua",
            """
            mf.init { name = "h", remotes = {
              { name = "checks", alias = "c", entry = "http://h/c/mf-manifest.json" }, { name = "x", entry = other },
              { name = "pure", entry = "http://h/remoteEntry.lua" } } }
            """)
        #expect(
            try TypedRemote.all(in: folder.path) == [
                TypedRemote(name: "checks", manifest: "http://h/c/mf-manifest.json"),
                TypedRemote(name: "c", manifest: "http://h/c/mf-manifest.json"),
            ])
    }

    @Test func checksumIsThatOfZip() {
        #expect(ZipArchive.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}
