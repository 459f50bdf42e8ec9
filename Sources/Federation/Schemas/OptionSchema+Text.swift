import Diagnostics
import LuaBridge

// The documentation of declared options, for terminals, pages and editors.

extension OptionSchema {
    /// The options in columns: name, type and default, what it does.
    func table() -> String {
        let rows = rows(prefix: "")
        let widths = [rows.map(\.name.count).max() ?? 0, rows.map(\.type.count).max() ?? 0]
        return rows.map { row in
            let columns = "  " + row.name.filled(to: widths[0]) + "  " + row.type.filled(to: widths[1])
            return (row.about.isEmpty ? columns : columns + "  " + row.about).trimmingEnd
        }.joined(separator: "\n")
    }

    /// The options as a table of Markdown.
    func markdown() -> String {
        let lines = rows(prefix: "").map { row in
            "| `\(row.name)` | \(row.type.inCell) | \(row.about.inCell) |"
        }
        return (["| option | type | |", "|---|---|---|"] + lines).joined(separator: "\n")
    }

    private func rows(prefix: String) -> [(name: String, type: String, about: String)] {
        rules.flatMap { name, rule in
            let own = [(name: prefix + name, type: rule.type, about: rule.notes)]
            guard case .fields(let schema) = rule.kind else { return own }
            return own + schema.rows(prefix: prefix + name + ".")
        }
    }

    /// Classes for the Lua language server.
    ///
    /// - Parameter name: The class of the options.
    func stubs(class name: String, about: String) -> String {
        var inner = ""
        var text = "--- \(about)\n---@class \(name)\n"
        for (key, rule) in rules {
            if case .fields(let schema) = rule.kind {
                inner += schema.stubs(
                    class: "\(name).\(key)", about: rule.about.isEmpty ? "The table `\(key)`." : rule.about)
            }
            let type = rule.luaType(class: "\(name).\(key)")
            text += "---@field \(key)\(rule.isRequired ? "" : "?") \(type) \(rule.notes)".trimmingEnd + "\n"
        }
        return inner + text + "\n"
    }
}

extension OptionRule {
    /// `integer from 0 to 10, 3 if absent`.
    fileprivate var type: String {
        let words =
            expected.firstRange(of: "an ").flatMap { $0.lowerBound == expected.startIndex ? 3 : nil }
            ?? (expected.hasPrefix("a ") ? 2 : 0)
        var text = String(expected.dropFirst(words))
        if isRequired { text += ", required" }
        if !defaultValue.isNil, !isSecret { text += ", \(defaultValue.shownDefault) if absent" }
        return text
    }

    /// What it does, and what is to be known beside.
    fileprivate var notes: String {
        var notes = about.isEmpty ? [] : [about]
        if isSecret { notes.append("Secret.") }
        if !formerNames.isEmpty { notes.append("Formerly \(formerNames.map { "`\($0)`" }.joined(separator: ", ")).") }
        return notes.joined(separator: " ").escapedToOneLine
    }

    /// The type in the notation of the Lua language server.
    fileprivate func luaType(class name: String) -> String {
        let type: String =
            switch kind {
            case .string, .url, .path, .duration: "string"
            case .size: "string|integer"
            case .integer: "integer"
            case .number: "number"
            case .boolean: "boolean"
            case .function: "function"
            case .any: "any"
            case .enum(let values): values.map(\.shownOption).joined(separator: "|")
            case .list(let element):
                element.luaType(class: name).contains("|")
                    ? "(\(element.luaType(class: name)))[]" : element.luaType(class: name) + "[]"
            case .map(let element): "table<string, \(element.luaType(class: name))>"
            case .fields: name
            }
        return isSecret ? type + "|mf.Secret" : type
    }
}

extension LuaValue {
    fileprivate var shownDefault: String {
        switch self {
        case .array, .record: (try? JSON.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? shownOption
        default: shownOption
        }
    }
}

extension String {
    fileprivate func filled(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
    fileprivate var trimmingEnd: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
    fileprivate var inCell: String { replacing("|", with: "\\|") }
}
