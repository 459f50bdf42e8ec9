import Federation
import LuaBridge
import Semver

/// The keys of `module-federation.config.lua`, named as Module Federation names them.
enum ConfigKeys {
    static let all = OptionTable(
        [
            .init("name", .remoteName, "The remote's name.", isRequired: true),
            .init("version", .releaseVersion, "The version of this build.", isRequired: true),
            .init("exposes", .exposes, "The modules that hosts can load, by key.", isRequired: true),
            .init("shared", .map(of: .options("mf.config.Shared", shared), "a table of shared modules")),
            .init("remotes", .map(of: .remoteAddress, "a table of remotes")),
            .init("include", .strings, "Files that only computed names reach."),
            .init("external", .strings, "Modules that the host provides."),
            .init("dts", .boolean, "Whether types are written."),
            .init("publicPath", .publicPath, "What the URLs of all files begin with."),
        ], advice: ["filename": "the entry is always `remoteEntry.lua`"])

    static let shared = OptionTable(
        [
            .init("singleton", .boolean, "Whether only one version is used at a time."),
            .init("requiredVersion", .orFalse(.versionRange), "The accepted range of versions."),
            .init("strictVersion", .boolean, "Whether a version out of range is an error."),
            .init("eager", .boolean, "Whether it is available synchronously."),
            .init("version", .shareVersion, "The version that is brought along."),
            .init("import", .broughtFile, "The file that is brought along, or false."),
        ], advice: ["shareKey": "the key of `shared` is the name", "packageName": "the key of `shared` is the name"])
}

extension OptionType {
    /// The name of a remote: a word, or two with a slash between.
    fileprivate static let remoteName = OptionType("string", nameText) { value, checker in
        guard let name = value.stringValue else { return checker.expected(nameText, found: value) }
        if !ProjectName.isValid(name) {
            checker.note(
                "is not a name of a remote: `\(name)`", separator: ": ",
                hint: "use letters, digits, `_`, `-` and `.`, such as `checks`")
        }
    }
    private static let nameText = "the name of a remote"

    /// A version as it becomes the name of a folder.
    fileprivate static let releaseVersion = OptionType("string", versionText) { value, checker in
        if value.stringValue.flatMap({ Version($0) }) != nil { return }
        checker.expected(versionText, found: value, hint: "write `major.minor.patch`")
    }
    private static let versionText = "a version such as \"1.4.0\""

    /// Key → file.
    fileprivate static let exposes = OptionType("table<string, string>", "a table of files") { value, checker in
        try map(of: .sourceFile, "a table of files").check(value, &checker)
        let keys = try value.luaEntries()?.compactMap(\.key.stringValue).sorted() ?? []
        if value.luaTypeName == "table", keys.isEmpty { checker.note("exposes nothing") }
        for key in keys where !isExposeKey(key) {
            let name = key.drop { $0 == "." || $0 == "/" }
            try checker.inside(.name(key)) {
                $0.note("is not a key of an expose (write `[\"./\(name)\"]`)")
            }
        }
    }

    private static func isExposeKey(_ key: String) -> Bool {
        guard key.hasPrefix("./") else { return key == "." }
        return key.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains { $0.isWhitespace || "\"\\:".contains($0) }
        }
    }

    /// A Lua file of the project.
    fileprivate static let sourceFile = OptionType("string", fileText) { value, checker in
        guard let path = value.stringValue else { return checker.expected(fileText, found: value) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.hasPrefix("/") || parts.contains("..") {
            return checker.note("`\(path)` is outside of the project", separator: ": ")
        }
        guard path.hasSuffix(".lua") else { return checker.expected(fileText, found: value) }
    }
    private static let fileText = "the path of a Lua file"

    /// A Lua file of the project, or `false`.
    fileprivate static let broughtFile = OptionType("string|false", "\(fileText), or false") { value, checker in
        if value == .boolean(false) { return }
        if value.boolValue != nil { return checker.expected("\(fileText), or false", found: value) }
        try sourceFile.check(value, &checker)
    }

    /// `name@URL`, or a URL.
    fileprivate static let remoteAddress = OptionType("string", addressText) { value, checker in
        guard let text = value.stringValue, !text.isEmpty else { return checker.expected(addressText, found: value) }
        let (name, entry) = ProjectConfig.Remote.parts(of: text)
        if entry.isEmpty || name?.isEmpty == true { checker.expected(addressText, found: value) }
    }
    private static let addressText = "an address such as \"storage@https://cdn/storage/mf-manifest.json\""

    /// `auto`, or a URL that ends in a slash.
    fileprivate static let publicPath = OptionType("string", "\"auto\" or a URL") { value, checker in
        guard let text = value.stringValue, !text.isEmpty else {
            return checker.expected("\"auto\" or a URL", found: value)
        }
        if text != "auto", !text.hasSuffix("/") {
            checker.note("`\(text)` does not end in a slash", separator: ": ", hint: "write `\(text)/`")
        }
    }
}

extension ProjectConfig.Remote {
    /// The name before an `@`, and the address behind it.
    static func parts(of text: String) -> (name: String?, entry: String) {
        let scheme = text.firstRange(of: "://")?.lowerBound ?? text.endIndex
        // A name may itself begin with `@`.
        guard let at = text[..<scheme].dropFirst().lastIndex(of: "@") else { return (nil, text) }
        return (String(text[..<at]), String(text[text.index(after: at)...]))
    }
}

/// What remotes, hosts and plugins may be called.
package enum ProjectName {
    /// Whether a name is a word of letters, digits, `_`, `-` and `.`, or `@scope/word`.
    package static func isValid(_ name: String) -> Bool {
        guard name.utf8.count <= 100 else { return false }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, parts.count == 1 || parts.count == 2 && parts[0].hasPrefix("@") else {
            return false
        }
        let scope = parts.count == 2 ? parts[0].dropFirst() : nil
        return isWord(last) && scope.map(isWord) != false
    }

    /// Whether a name is one word: what a folder can be called.
    package static func isWord(_ name: some StringProtocol) -> Bool {
        guard let first = name.unicodeScalars.first, isAlphanumeric(first) else { return false }
        return name.unicodeScalars.allSatisfy { isAlphanumeric($0) || "_-.".unicodeScalars.contains($0) }
    }

    private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
    }
}
