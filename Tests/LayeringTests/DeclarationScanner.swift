import TestSupport

/// A public declaration, a case of a public enumeration, or a requirement of a public protocol.
struct Declaration {
    let path: String
    let number: Int
    let line: String
    /// The name of the type or protocol that it belongs to.
    let scope: String?
    let isRequirement: Bool
    let throwsErrors: Bool
    /// The lines of its documentation comment.
    let comment: [String]

    var place: String { "\(path.dropFirst(Places.root.utf8.count + 1)):\(number)" }
    var words: [Substring] { DeclarationScanner.words(line) }

    /// The name after the keyword, such as `func` or `let`.
    var name: String { DeclarationScanner.name(words) ?? "" }
    var isStored: Bool {
        !line.contains("{") && words.contains { $0 == "let" || $0 == "var" } && !words.contains("static")
    }
}

/// Reads declarations off sources. They are formatted by swift-format, so that indentation tells what is inside of what.
enum DeclarationScanner {
    struct Source {
        let path: String
        let text: String
    }

    /// Which protocols a type conforms to, and what they require.
    struct Requirements {
        private var names: [String: Set<String>] = [:]
        private var parents: [String: Set<String>] = [:]

        init(_ declarations: [Declaration]) throws {
            for declaration in declarations where declaration.isRequirement {
                names[declaration.scope ?? "", default: []].insert(declaration.name)
            }
            for source in try DeclarationScanner.sources(below: Places.root + "/Sources") {
                for line in source.text.split(separator: "\n") {
                    guard let scope = Scope(line), let colon = line.firstIndex(of: ":") else { continue }
                    let clause = line[line.index(after: colon)...].prefix { $0 != "{" }
                    let conformances = clause.split(separator: ",").compactMap {
                        DeclarationScanner.words(String($0)).last.map(String.init)
                    }
                    parents[scope.name, default: []].formUnion(conformances)
                }
            }
        }

        func contains(_ name: String, of type: String?) -> Bool {
            guard let type else { return false }
            var open = [type]
            var seen: Set<String> = []
            while let next = open.popLast() {
                guard seen.insert(next).inserted else { continue }
                if names[next]?.contains(name) == true { return true }
                open += parents[next] ?? []
            }
            return false
        }
    }

    static func declarations(below folder: String) throws -> [Declaration] {
        try sources(below: folder).flatMap(declarations(in:))
    }

    static func sources(below folder: String) throws -> [Source] {
        try entries(of: folder).sorted().flatMap { name in
            if name.hasSuffix(".swift") {
                return [Source(path: folder + "/" + name, text: try contents(of: folder + "/" + name))]
            }
            return name.contains(".") ? [] : try sources(below: folder + "/" + name)
        }
    }

    static func declarations(in source: Source) -> [Declaration] {
        var found: [Declaration] = []
        var scopes: [(scope: Scope, indent: Int)] = []
        var comment: [String] = []
        let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            if text.hasPrefix("///") {
                comment.append(String(text.dropFirst(3).drop { $0 == " " }))
                continue
            }
            let attributeless = words(String(text)).drop { $0.hasPrefix("@") }
            if text.hasPrefix("@"), !text.contains(" ") { continue }
            defer { comment = [] }
            if text == "}", let last = scopes.last, last.indent == indent { scopes.removeLast() }
            let isMember = scopes.last.map { indent == $0.indent + 4 } ?? (indent == 0)
            guard isMember else { continue }
            let scope = scopes.last?.scope
            if let scope = Scope(line), !line.hasSuffix("}") { scopes.append((scope, indent)) }
            let isInPublic = scope?.isPublic == true
            let isRequirement = isInPublic && scope?.kind == "protocol" && name(Array(attributeless)) != nil
            let isCase = isInPublic && scope?.kind == "enum" && text.hasPrefix("case ")
            let isPublic = attributeless.prefix(4).contains("public") && !attributeless.contains("import")
            guard isPublic || isRequirement || isCase else { continue }
            found.append(
                Declaration(
                    path: source.path, number: index + 1, line: String(text), scope: scope?.name,
                    isRequirement: isRequirement, throwsErrors: throwsErrors(lines[index...]), comment: comment))
        }
        return found
    }

    /// A type or an extension that a line opens.
    struct Scope {
        let kind: String
        let name: String
        let isPublic: Bool

        init?(_ line: Substring) {
            let words = DeclarationScanner.words(String(line.prefix { $0 != "{" }))
            let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "extension"]
            guard let place = words.firstIndex(where: kinds.contains), place < 4, place + 1 < words.count else {
                return nil
            }
            let modifiers: Set<Substring> = ["public", "final", "indirect", "private", "package", "fileprivate"]
            guard words[..<place].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") }) else { return nil }
            kind = String(words[place])
            name = String(words[place + 1].prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" })
            isPublic = words.contains("public")
        }
    }

    static func words(_ text: String) -> [Substring] {
        text.split { $0 == " " || $0 == "`" || $0 == "(" || $0 == ":" }
    }

    static func name(_ words: [Substring]) -> String? {
        let keywords: Set<Substring> = [
            "func", "var", "let", "case", "struct", "class", "enum", "protocol", "actor", "typealias", "associatedtype",
        ]
        if let place = words.firstIndex(where: keywords.contains), place + 1 < words.count {
            return String(words[place + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" })
        }
        return words.contains { $0 == "init" || $0.hasPrefix("init?") || $0.hasPrefix("subscript") } ? "init" : nil
    }

    /// Whether `throws` is among the effects of the function that begins there: outside of all parentheses.
    private static func throwsErrors(_ lines: ArraySlice<Substring>) -> Bool {
        guard let first = lines.first, first.contains("func ") || first.contains("init(") else { return false }
        var depth = 0
        var outside = ""
        for character in lines.prefix(12).joined(separator: " ") {
            if character == "{" { break }
            if character == "(" || character == "[" { depth += 1 }
            if depth == 0 { outside.append(character) }
            if character == ")" || character == "]" { depth -= 1 }
        }
        return words(outside).contains("throws")
    }
}
