import Federation
import TestSupport
import Testing

/// The reference and the editor stubs are what the declarations say; `mflua generate` writes them anew.
struct ReferenceTests {
    @Test(arguments: Reference.files.map(\.path)) func generatedFileIsCurrent(path: String) throws {
        let expected = try #require(Reference.files.first { $0.path == path }).text
        #expect(String(decoding: try Fixture.bytes("../" + path), as: UTF8.self) == expected, "run `mflua generate`")
    }

    @Test func everyHookIsInTheReference() {
        for hook in Lifecycle.all { #expect(Reference.hooks.contains("## \(hook.name)\n")) }
    }

    @Test func aHooksNameIsItsPropertysName() {
        let labels = Mirror(reflecting: Lifecycle.declared).children.map(\.label)
        #expect(labels == Lifecycle.all.map { Optional($0.name) })
    }

    @Test func everyTypeOfTheStubsIsDeclared() {
        let lines = Reference.stubs.split(separator: "\n")
        let declared = Set(
            lines.filter { $0.hasPrefix("---@class ") || $0.hasPrefix("---@alias ") }.compactMap {
                // A class that extends another has a colon behind its name.
                $0.split { $0 == " " || $0 == ":" }.dropFirst().first.map(String.init)
            })
        for line in lines where line.hasPrefix("---@field ") {
            for word in line.split(whereSeparator: { !$0.isLetter && $0 != "." && $0 != "_" })
            where word.hasPrefix("mf.") && !word.hasSuffix(".") {
                let name = String(word)
                // Sentences name functions of the library as well.
                guard name.dropFirst(3).first?.isUppercase == true || name.hasPrefix("mf.args.") else { continue }
                #expect(declared.contains(name), "\(name) in: \(line)")
            }
        }
    }
}
