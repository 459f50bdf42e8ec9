import Diagnostics
import Posix
import TestSupport
import Testing

@testable import Authoring

/// Writing builds.
@Suite struct OutputFolderTests {
    private let sample: SampleProject
    private let output: String

    init() throws {
        sample = try SampleProject()
        output = sample.folder.path + "/dist"
    }

    @discardableResult
    private func build(keepsPrevious: Bool = false) throws -> BuiltRemote {
        try ProjectBuild(folder: sample.folder.path, output: output).run(keepsPrevious: keepsPrevious)
    }

    @Test func folderHoldsTheBuildAndNothingElse() throws {
        let built = try build()
        #expect(entries(of: output) == [built.folder, BuiltRemote.manifestName, BuiltRemote.statsName].sorted())
        #expect(try Folder.files(below: "\(output)/\(built.folder)") == built.assets.map(\.path))
        #expect(try File.read(output + "/mf-manifest.json") == built.manifest)
    }

    @Test func failedBuildLeavesTheLastOne() throws {
        let built = try build()
        try sample.folder.write("src/disk.lua", "return require('nothing')")
        #expect(throws: SourcesInvalid.self) { try build() }
        #expect(entries(of: output) == [built.folder, BuiltRemote.manifestName, BuiltRemote.statsName].sorted())
        #expect(try File.read(output + "/mf-manifest.json") == built.manifest)
    }

    @Test func newBuildReplacesTheLastOne() throws {
        let first = try build()
        try sample.folder.write("src/units.lua", "return {}")
        let second = try build()
        #expect(!entries(of: output).contains(first.folder) && entries(of: output).contains(second.folder))
    }

    @Test func hostsKeepTheBuildBeforeWhileOneIsWatched() throws {
        let first = try build()
        try sample.folder.write("src/units.lua", "return {}")
        let second = try build(keepsPrevious: true)
        #expect(Set(entries(of: output)).isSuperset(of: [first.folder, second.folder]))
        try sample.folder.write("src/units.lua", "return { 1 }")
        let third = try build(keepsPrevious: true)
        #expect(!entries(of: output).contains(first.folder))
        #expect(Set(entries(of: output)).isSuperset(of: [second.folder, third.folder]))
    }

    @Test func damagedFolderIsMended() throws {
        let built = try build()
        try sample.folder.write("dist/\(built.folder)/units.lua", "changed")
        try sample.folder.write("dist/\(built.folder)/more.lua", "")
        try build()
        #expect(try Folder.files(below: "\(output)/\(built.folder)") == built.assets.map(\.path))
        #expect(try contents(of: "\(output)/\(built.folder)/units.lua") == SampleProject.files["src/units.lua"])
    }

    @Test func whatOthersPutThereStays() throws {
        try sample.folder.write("dist/README", "mine")
        try sample.folder.write("dist/1.0.0-0123abcd/notes.txt", "mine")
        try sample.folder.write("dist/.mflua-build-left/1.0.0-0123abcd/x", "stopped")
        try build()
        #expect(Set(entries(of: output)).isSuperset(of: ["README", "1.0.0-0123abcd"]))
        #expect(!entries(of: output).contains(".mflua-build-left"))
    }

    @Test(arguments: ["", "/"]) func folderOfTheSourcesIsRefused(suffix: String) throws {
        let build = ProjectBuild(folder: sample.folder.path, output: sample.folder.path + suffix)
        expectMFError(.outputUnusable) { try build.run() }
    }

    @Test func folderThatCannotBeWrittenIsRefused() throws {
        let file = try sample.folder.write("file", "")
        expectMFError(.outputUnusable) { try ProjectBuild(folder: sample.folder.path, output: file).run() }
    }
}
