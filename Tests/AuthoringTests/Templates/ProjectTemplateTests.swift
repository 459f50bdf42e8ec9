import Diagnostics
import TestSupport
import Testing

@testable import Authoring

/// New projects.
@Suite struct ProjectTemplateTests {
    @Test(arguments: ProjectTemplate.Kind.allCases) func newProjectHasNoFaults(kind: ProjectTemplate.Kind) throws {
        let parent = try TemporaryFolder()
        let template = try ProjectTemplate(kind, name: "my-first.one")
        let folder = try template.write(in: parent.path)
        #expect(entries(of: parent.path) == ["my-first.one"])
        for file in template.files { #expect(try contents(of: "\(folder)/\(file.path)") == file.text) }
        #expect(try ProjectCheck(folder).findings == [])
        if kind == .remote { #expect(try BuiltRemote(try Project(folder: folder)).exposes == 1) }
    }

    @Test(arguments: ["", "..", "../x", "a/b", "-x", ".x", "a b", "é", "x.lua", "a\"b", "@s/x"])
    func nameThatIsNoWordIsRefused(name: String) {
        expectMFError(.projectNameInvalid) { try ProjectTemplate(.remote, name: name) }
    }

    @Test func whatExistsIsLeftAlone() throws {
        let parent = try TemporaryFolder()
        try parent.write("checks/mine.txt", "mine")
        expectMFError(.projectExists) { try ProjectTemplate(.remote, name: "checks").write(in: parent.path) }
        #expect(entries(of: parent.path + "/checks") == ["mine.txt"])
        #expect(entries(of: parent.path) == ["checks"])
    }

    @Test func folderThatIsNotThereIsAnError() throws {
        let parent = try TemporaryFolder()
        expectMFError(.cannotWrite) { try ProjectTemplate(.host, name: "x").write(in: parent.path + "/none") }
    }
}
