import TestSupport
import Testing

/// The documentation comments of the public declarations, read off the sources.
@Suite struct DocumentationTests {
    private static let targets = entries(of: Places.root + "/Sources").filter { !$0.hasPrefix("C") }
    private static let declarations = Result { try DeclarationScanner.declarations(below: Places.root + "/Sources") }

    private func declarations(of target: String) throws -> [Declaration] {
        try Self.declarations.get().filter { $0.path.hasPrefix(Places.root + "/Sources/\(target)/") }
    }

    @Test func scannerFindsTheDeclarations() throws {
        let all = try Self.declarations.get()
        #expect(all.count > 1000)
        #expect(all.contains { $0.name == "loadRemote" && $0.throwsErrors && $0.scope == "Host" })
        #expect(all.contains { $0.name == "emit" })
    }

    @Test(arguments: targets) func publicDeclarationIsDocumented(target: String) throws {
        let requirements = try DeclarationScanner.Requirements(Self.declarations.get())
        // A witness has the comment of its requirement.
        let missing = try declarations(of: target).filter {
            $0.comment.isEmpty && !requirements.contains($0.name, of: $0.scope)
        }
        #expect(missing.map(\.place) == [], "public declarations without a documentation comment")
    }

    @Test(arguments: targets) func publicFunctionSaysWhatItThrows(target: String) throws {
        let silent = try declarations(of: target).filter { declaration in
            declaration.throwsErrors && !declaration.comment.isEmpty
                && !declaration.comment.contains { $0.hasPrefix("- Throws:") }
        }
        #expect(silent.map(\.place) == [], "throwing functions whose comment has no `- Throws:`")
    }

    /// What a hook's argument is for is told twice, in Swift and in the generated reference: in the same words.
    @Test func argumentsOfHooksAreDescribedAsInTheReference() throws {
        let files = try DeclarationScanner.sources(below: Places.root + "/Sources/Federation").filter {
            $0.text.contains("HookField") || $0.text.contains("struct Lifecycle")
        }
        let texts = files.map(\.text).joined()
        let properties = files.flatMap(DeclarationScanner.declarations(in:)).filter {
            $0.isStored && !$0.comment.isEmpty && Self.hasReference($0)
        }
        #expect(properties.count > 150)
        let different = properties.filter { property in
            let comment = property.comment.joined(separator: " ").replacing("\"", with: "\\\"")
            return !texts.contains("\"\(comment)\"")
        }
        #expect(different.map(\.place) == [], "comments that are not the reference's words")
    }

    private static func hasReference(_ property: Declaration) -> Bool {
        property.scope == "Lifecycle" || property.path.contains("Arguments") && property.scope != "ResourceContext"
    }
}
