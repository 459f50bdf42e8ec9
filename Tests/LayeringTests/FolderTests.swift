import TestSupport
import Testing

/// The directions in which the folders of a target know each other, read off the types that their files mention.
@Suite struct FolderTests {
    /// The folders of each target that has some, lowest first: a folder mentions types of its own and of those before it.
    private static let layers: [String: [String]] = [
        "Authoring": ["Findings", "Config", "Templates", "Source", "Types", "Build", "Check", "Publish"],
        "Diagnostics": ["", "Codes"],
        "Federation": [
            "Secrets", "Options", "Schemas", "Views", "Hooks", "Tools", "Sandboxes", "Model", "State", "Arguments",
            "Border", "Operations", "Resources",
            "Snapshot", "Share", "Preload", "Remote", "Update", "Plugins", "Host", "Runtime",
        ],
        "mflua": ["Terminal", "Log", "Specs", ""],
    ]

    private static let targets = entries(of: Places.root + "/Sources").filter { target in
        SourceFolder(Places.root + "/Sources/" + target).folders.count > 1
    }

    @Test(arguments: targets) func everyFolderHasItsPlace(target: String) {
        let folders = SourceFolder(Places.root + "/Sources/" + target).folders
        #expect(Set(Self.layers[target] ?? []) == folders, "say in FolderTests what each folder of \(target) may use")
    }

    @Test(arguments: targets) func foldersUseTheOnesBelow(target: String) throws {
        let files = try SourceFolder(Places.root + "/Sources/" + target).files()
        for use in upwardUses(in: files, layers: Self.layers[target] ?? []) { Issue.record("\(use)") }
    }

    @Test(arguments: targets) func foldersOfTestsAreThoseOfTheirTarget(target: String) {
        let tests = SourceFolder(Places.root + "/Tests/" + target + "Tests").folders.subtracting([""])
        #expect(tests.isSubset(of: SourceFolder(Places.root + "/Sources/" + target).folders))
    }

    @Test func aTypeOfAFolderAboveIsFound() {
        let files = [
            SwiftSource(path: "Low/A.swift", folder: "Low", text: "struct Low { let high: High? }"),
            SwiftSource(path: "High/B.swift", folder: "High", text: "public final class High {}"),
        ]
        #expect(upwardUses(in: files, layers: ["Low", "High"]) == ["Low/A.swift uses High of High"])
        #expect(upwardUses(in: files, layers: ["High", "Low"]).isEmpty)
    }

    @Test(arguments: [
        "// of High", "/// See ``High``.", "let text = \"High\"", "let text = \"\"\"\n  High\n  \"\"\"",
        "let Highest = 1",
        "private struct Low { let value = Other.high }",
    ]) func whatIsNoUseIsPassedOver(text: String) {
        let files = [
            SwiftSource(path: "Low/A.swift", folder: "Low", text: text),
            SwiftSource(path: "High/B.swift", folder: "High", text: "enum High {}"),
        ]
        #expect(upwardUses(in: files, layers: ["Low", "High"]).isEmpty)
    }

    @Test func whatOnlyItsFileSeesIsNobodyElses() {
        let files = [
            SwiftSource(path: "Low/A.swift", folder: "Low", text: "struct Low { struct Race {} }"),
            SwiftSource(path: "High/B.swift", folder: "High", text: "private final class Race {}"),
        ]
        #expect(upwardUses(in: files, layers: ["Low", "High"]).isEmpty)
    }
}

/// The types of higher folders that files mention, file by file.
private func upwardUses(in files: [SwiftSource], layers: [String]) -> [String] {
    let heights = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1, $0) })
    var homes: [String: String] = [:]
    for file in files {
        for type in file.types { homes[type] = homes[type] ?? file.folder }
    }
    return files.flatMap { file in
        file.words.sorted().compactMap { word in
            guard let home = homes[word], let its = heights[home], let own = heights[file.folder], its > own else {
                return nil
            }
            return "\(file.path) uses \(word) of \(home)"
        }
    }
}

/// The Swift files of a target.
private struct SourceFolder {
    let path: String

    init(_ path: String) { self.path = path }

    /// The folders that hold Swift files, by the first step of their path; empty for the target's own.
    var folders: Set<String> { Set(paths(below: path).map(folder)) }

    func files() throws -> [SwiftSource] {
        try paths(below: path).map { file in
            SwiftSource(
                path: String(file.dropFirst(path.count + 1)), folder: folder(of: file), text: try contents(of: file))
        }
    }

    private func folder(of file: String) -> String {
        let steps = file.dropFirst(path.count + 1).split(separator: "/")
        return steps.count > 1 ? String(steps[0]) : ""
    }

    private func paths(below folder: String) -> [String] {
        entries(of: folder).flatMap { name in
            if name.hasSuffix(".swift") { return [folder + "/" + name] }
            return name.contains(".") ? [] : paths(below: folder + "/" + name)
        }
    }
}

/// A file as the check reads it: the types that it declares for others, and the words of its code that may name a type.
private struct SwiftSource {
    let path: String
    let folder: String
    let types: Set<String>
    let words: Set<String>

    init(path: String, folder: String, text: String) {
        (self.path, self.folder) = (path, folder)
        let lines = Self.code(of: text)
        words = Set(lines.flatMap(Self.words).filter { $0.first?.isUppercase == true })
        types = Set(lines.compactMap(Self.declaredType))
    }

    /// The lines without comments, and without what stands in quotes.
    private static func code(of text: String) -> [Substring] {
        var isInside = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            var (code, rest) = (Substring(), line)
            while !rest.isEmpty {
                if isInside {
                    guard let end = rest.firstRange(of: "\"\"\"") else { return code }
                    (rest, isInside) = (rest[end.upperBound...], false)
                } else if rest.hasPrefix("\"\"\"") {
                    (rest, isInside) = (rest.dropFirst(3), true)
                } else if rest.hasPrefix("//") {
                    return code
                } else if rest.first == "\"" {
                    rest = rest.dropFirst()
                    while let next = rest.first, next != "\"" { rest = rest.dropFirst(next == "\\" ? 2 : 1) }
                    rest = rest.dropFirst()
                } else {
                    code.append(rest.removeFirst())
                }
            }
            return code
        }
    }

    private static func words(_ line: Substring) -> [String] {
        line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    /// The type that a line declares at the top level, unless only its file sees it.
    private static func declaredType(_ line: Substring) -> String? {
        guard line.first?.isWhitespace == false else { return nil }
        let words = words(line)
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "actor", "typealias"]
        guard let position = words.firstIndex(where: kinds.contains), position + 1 < words.count else { return nil }
        let modifiers = words[..<position]
        guard !modifiers.contains("private"), !modifiers.contains("fileprivate"), !modifiers.contains("func") else {
            return nil
        }
        return words[position + 1]
    }
}
