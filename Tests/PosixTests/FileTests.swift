import Glibc
import Posix
import TestSupport
import Testing

@Suite struct FileTests {
    @Test func writtenTextIsReadBack() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "line\n", count: 40_000)
        try File.write(text, to: folder.path + "/a.txt")
        #expect(try File.text(of: folder.path + "/a.txt") == text)
        try File.write("short", to: folder.path + "/a.txt")
        #expect(try File.read(folder.path + "/a.txt") == Array("short".utf8))
    }

    @Test func missingFileIsToldByItsNumber() throws {
        let folder = try TemporaryFolder()
        #expect(throws: Errno(ENOENT)) { try File.read(folder.path + "/none") }
        #expect(throws: Errno(EISDIR)) { try File.read(folder.path) }
        #expect(throws: Errno(ENOENT)) { try File.write("", to: folder.path + "/none/a") }
        #expect(Errno(ENOENT).description == "No such file or directory")
    }

    @Test func folderIsListedInTheOrderOfItsNames() throws {
        let folder = try TemporaryFolder()
        for name in ["b.lua", "a.lua", "c.txt", ".hidden"] { try File.write("", to: "\(folder.path)/\(name)") }
        #expect(mkdir(folder.path + "/inner", 0o755) == 0)
        let entries = try Folder.entries(of: folder.path)
        #expect(entries.map(\.name) == [".hidden", "a.lua", "b.lua", "c.txt", "inner"])
        #expect(entries.filter(\.isFolder).map(\.name) == ["inner"])
        #expect(try Folder.names(in: folder.path, endingIn: ".lua") == ["a.lua", "b.lua"])
        #expect(throws: Errno(ENOTDIR)) { try Folder.entries(of: folder.path + "/a.lua") }
    }

    @Test func onlyWhatIsThereExists() throws {
        let folder = try TemporaryFolder()
        #expect(File.exists(folder.path))
        #expect(!File.exists(folder.path + "/none"))
        #expect(!File.isReadable(folder.path + "/none"))
    }
}
