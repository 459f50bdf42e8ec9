public import Diagnostics

extension MFError {
    /// A value is not of the type that is needed.
    ///
    /// - Parameter expected: The type as Lua people call it: `string`, `list`, `mf.Remote`.
    public static func mismatch(expected: String, found: LuaValue) -> MFError {
        mismatch(path: nil, expected: withArticle(expected), found: found.mismatchDescription)
    }

    /// The same mismatch, told from one level further out: `b` becomes `a.b`.
    ///
    /// Errors that are no mismatch stay as they are.
    public func inside(_ key: String) -> MFError { inside(step: key) }

    /// The same mismatch, told from the list that has the value at an index: `b` becomes `[2].b`.
    public func inside(index: Int) -> MFError { inside(step: "[\(index)]") }

    private func inside(step: String) -> MFError {
        guard code == .luaConversion, let expected = self["expected"], let found = self["found"] else { return self }
        let inner = self["path"] ?? ""
        let separator = inner.isEmpty || inner.utf8.first == UInt8(ascii: "[") ? "" : "."
        return .mismatch(path: step + separator + inner, expected: expected, found: found)
    }

    private static func mismatch(path: String?, expected: String, found: String) -> MFError {
        MFError(
            .luaConversion, "\(path.map { "`\($0)`: " } ?? "")expected \(expected), found \(found)",
            context: [("path", path), ("expected", expected), ("found", found)])
    }

    private static func withArticle(_ noun: String) -> String {
        if ["a ", "an ", "the "].contains(where: noun.hasPrefix) { return noun }
        let vowels = "aeiou".utf8
        guard let first = noun.utf8.first else { return noun }
        return (vowels.contains(first) ? "an " : "a ") + noun
    }
}

extension LuaValue {
    /// The value in the words of an error message: `the string "abc"`, `a table`, `nothing`.
    public var mismatchDescription: String {
        switch self {
        case .nil: "nothing"
        case .null: "null"
        case .boolean(let flag): "\(flag)"
        case .integer(let integer): "the number \(integer)"
        case .number(let number): "the number \(number)"
        case .string(let string): string.utf8.count <= 40 ? "the string \"\(string)\"" : "a string"
        case .bytes: "a string that is not UTF-8"
        case .table, .record: "a table"
        case .array: "a list"
        case .function, .callable: "a function"
        case .userdata(let reference): reference.isCoroutine ? "a coroutine" : "a userdata"
        case .object(let object): "a \(type(of: object).luaTypeName)"
        }
    }
}
