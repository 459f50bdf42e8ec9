import Diagnostics
import LuaBridge

// How messages and the documentation speak of an option.

extension OptionRule {
    /// What it takes, as the end of a sentence: `an integer from 0 to 10`.
    var expected: String {
        switch kind {
        case .string: "a string" + bounds(" of", "character")
        case .integer: "an integer" + range
        case .number: "a number" + range
        case .boolean: "a boolean"
        case .url: "a URL such as \"https://example.org/path\""
        case .duration: "a duration such as \"30s\"" + range
        case .size: "a size such as \"16MB\"" + range
        case .path: "a path"
        case .function: "a function"
        case .any: "a value"
        case .enum(let values): "one of \(values.map(\.shownOption).joined(separator: ", "))"
        case .list(let element): "a list of \(element.plural)" + bounds(" with", "element")
        case .map(let element): "a table of \(element.plural) by name" + bounds(" with", "element")
        case .fields: "a table"
        }
    }

    private var plural: String {
        switch kind {
        case .string: "strings"
        case .integer: "integers"
        case .number: "numbers"
        case .boolean: "booleans"
        case .url: "URLs"
        case .duration: "durations"
        case .size: "sizes"
        case .path: "paths"
        case .function: "functions"
        case .any: "values"
        case .enum(let values): "words out of \(values.map(\.shownOption).joined(separator: ", "))"
        case .list: "lists"
        case .map, .fields: "tables"
        }
    }

    /// ` from 0 to 10`.
    var range: String {
        switch (min.isNil, max.isNil) {
        case (true, true): ""
        case (false, true): " from \(min.shownOption) on"
        case (true, false): " up to \(max.shownOption)"
        case (false, false): " from \(min.shownOption) to \(max.shownOption)"
        }
    }

    /// ` of 1 to 40 characters`.
    private func bounds(_ word: String, _ unit: String) -> String {
        func count(_ number: LuaValue) -> String { "\(number.shownOption) \(unit)\(number == 1 ? "" : "s")" }
        return switch (min.isNil, max.isNil) {
        case (true, true): ""
        case (false, true): "\(word) at least \(count(min))"
        case (true, false): "\(word) at most \(count(max))"
        case (false, false): "\(word) \(min.shownOption) to \(count(max))"
        }
    }

    /// What a value is, as messages show it: nothing of the text of a secret.
    func shown(_ value: LuaValue) -> String {
        if isSecret, value.objectValue == nil { return value.kindOfOption }
        return value.shownOption
    }
}

extension LuaValue {
    /// A value as it would be written, where that is short.
    var shownOption: String {
        switch self {
        case .nil: "nothing"
        case .null: "null"
        case .boolean(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text) where text.utf8.count <= 40: "\"\(text.escapedToOneLine)\""
        case .object(let object): object.luaDescription
        default: kindOfOption
        }
    }

    /// `a string`, `a table`.
    var kindOfOption: String {
        switch self {
        case .nil: "nothing"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string(let text): "a string of \(text.utf8.count) bytes"
        case .bytes(let bytes): "a string of \(bytes.count) bytes that is not UTF-8"
        case .table, .record, .array: "a table"
        case .function, .callable: "a function"
        case .userdata(let reference) where reference.isCoroutine: "a coroutine"
        case .userdata, .object, .null: "a userdata"
        }
    }
}
