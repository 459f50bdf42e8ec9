import Diagnostics
import LuaBridge

/// One thing that is wrong with a declaration of options: the author's mistake.
struct SchemaFault: Sendable, Equatable {
    /// The keys that lead to it, such as `options`, `retries`, `min`.
    let keys: [String]
    let text: String
}

extension OptionSchema {
    /// Reads what a plugin's table has under `options`, and notes everything that is wrong with it.
    static func read(_ value: LuaValue, _ faults: inout [SchemaFault]) throws -> OptionSchema {
        var reader = SchemaReader(path: ["options"])
        let schema = try reader.schema(value)
        faults += reader.faults
        if reader.faults.isEmpty { faults += schema.faults(at: ["options"]) }
        return schema
    }
}

/// Reads declarations of options.
private struct SchemaReader {
    private(set) var faults: [SchemaFault] = []
    private var path: [String]

    init(path: [String]) { self.path = path }

    private static let words = ["type", "enum", "list", "map", "fields"]
    private static let keys =
        words + ["required", "default", "min", "max", "about", "secret", "was"]

    private mutating func note(_ text: String, at key: String? = nil) {
        let keys = path + (key.map { [$0] } ?? [])
        faults.append(SchemaFault(keys: keys, text: "`\(keys.joined(separator: "."))` \(text)"))
    }

    private mutating func inside<T>(_ key: String, _ body: (inout SchemaReader) throws -> T) rethrows -> T {
        path.append(key)
        defer { path.removeLast() }
        return try body(&self)
    }

    mutating func schema(_ value: LuaValue) throws -> OptionSchema {
        guard path.count < 32 else {
            note("is nested too deeply")
            return [:]
        }
        guard let entries = try value.luaEntries() else {
            note("is a table of options by name, got \(value.shownOption)")
            return [:]
        }
        var rules: [(name: String, rule: OptionRule)] = []
        for (key, value) in entries {
            guard case .string(let name) = key else {
                note("has names as keys, got \(key.shownOption)")
                continue
            }
            rules.append((name, try inside(name) { try $0.rule(value) }))
        }
        return OptionSchema(rules.sorted { $0.name < $1.name })
    }

    /// The rule that a table declares; what is wrong is noted.
    private mutating func rule(_ value: LuaValue) throws -> OptionRule {
        guard let entries = try value.luaEntries() else {
            note("is a table such as `{ type = \"string\" }`, got \(value.shownOption)")
            return OptionRule(.any)
        }
        var given: [String: LuaValue] = [:]
        for (key, value) in entries where !value.isNothing {
            switch key {
            case .string(let name) where Self.keys.contains(name): given[name] = value
            default:
                let name = key.stringValue ?? key.shownOption
                let meant = name.closestMatch(in: Self.keys).map { "did you mean `\($0)`?" }
                note(
                    "is not a word of a declaration (\(meant ?? "there are \(Self.keys.joined(separator: ", "))"))",
                    at: name)
            }
        }
        let words = Self.words.filter { given[$0] != nil }
        if words.count > 1 {
            note("has \(words.map { "`\($0)`" }.joined(separator: " and ")): only one says what it takes")
        }
        if words.isEmpty { note("says no `type`, `enum`, `list`, `map` or `fields`") }
        var rule = OptionRule(try kind(words.first, given[words.first ?? ""] ?? .nil))
        rule.isRequired = flag("required", given)
        rule.isSecret = flag("secret", given)
        rule.about = text("about", given) ?? ""
        rule.defaultValue = try (given["default"] ?? .nil).detached()
        (rule.min, rule.max) = (given["min"] ?? .nil, given["max"] ?? .nil)
        rule.formerNames = try formerNames(given["was"] ?? .nil)
        return rule
    }

    private mutating func kind(_ word: String?, _ value: LuaValue) throws -> OptionRule.Kind {
        switch word {
        case "type":
            return inside("type") { $0.named(value) }
        case "enum":
            return try inside("enum") { reader in
                let values = try value.luaElements() ?? []
                if values.isEmpty { reader.note("is a list of values that is not empty, got \(value.shownOption)") }
                for value in values {
                    switch value {
                    case .string, .integer, .number, .boolean: continue
                    default: reader.note("has strings, numbers and booleans, got \(value.shownOption)")
                    }
                }
                for (index, value) in values.enumerated()
                where values[..<index].contains(where: { $0.isSameOption(as: value) }) {
                    reader.note("has \(value.shownOption) twice")
                }
                return .enum(values)
            }
        case "list": return .list(try inside("list") { try $0.element(value) })
        case "map": return .map(try inside("map") { try $0.element(value) })
        case "fields": return .fields(try inside("fields") { try $0.schema(value) })
        default: return .any
        }
    }

    private mutating func named(_ value: LuaValue) -> OptionRule.Kind {
        let names = OptionRule.Kind.named.map(\.name)
        guard let name = value.stringValue else {
            note("is the name of a type, got \(value.shownOption)")
            return .any
        }
        if let known = OptionRule.Kind.named.first(where: { $0.name == name }) { return known.kind }
        if ["enum", "list", "map", "fields", "table", "array"].contains(name) {
            note(
                "is \"\(name)\", which is no type: write `list = \"string\"`, `map = \"string\"`, `enum = { … }` or `fields = { … }`"
            )
        } else {
            let meant = name.closestMatch(in: names).map { "did you mean \"\($0)\"?" }
            note("is \(value.shownOption), which is no type (\(meant ?? "there are \(names.joined(separator: ", "))"))")
        }
        return .any
    }

    /// What the elements of a list or map are: the name of a type, or a declaration.
    private mutating func element(_ value: LuaValue) throws -> OptionRule {
        if value.stringValue != nil { return OptionRule(named(value)) }
        guard path.count < 32 else {
            note("is nested too deeply")
            return OptionRule(.any)
        }
        let rule = try rule(value)
        if rule.isRequired { note("has no meaning for elements", at: "required") }
        if !rule.defaultValue.isNil { note("has no meaning for elements", at: "default") }
        if !rule.formerNames.isEmpty { note("has no meaning for elements", at: "was") }
        return rule
    }

    private mutating func flag(_ key: String, _ given: [String: LuaValue]) -> Bool {
        guard let value = given[key] else { return false }
        if value.boolValue == nil { note("is a boolean, got \(value.shownOption)", at: key) }
        return value.boolValue ?? false
    }

    private mutating func text(_ key: String, _ given: [String: LuaValue]) -> String? {
        guard let value = given[key] else { return nil }
        if value.stringValue == nil { note("is a string, got \(value.shownOption)", at: key) }
        return value.stringValue
    }

    private mutating func formerNames(_ value: LuaValue) throws -> [String] {
        if value.isNil { return [] }
        if let name = value.stringValue { return [name] }
        let names = try value.luaElements() ?? []
        if names.isEmpty || names.contains(where: { $0.stringValue == nil }) {
            note("is a former name, or a list of them, got \(value.shownOption)", at: "was")
        }
        return names.compactMap(\.stringValue)
    }
}
