import Diagnostics
import LuaBridge

/// One thing that is wrong with the options of a plugin.
struct OptionFault: Sendable, Equatable {
    /// The order in which faults are told.
    enum Kind: Int, Sendable {
        case unknown, missing, wrong
    }

    let kind: Kind
    /// The whole sentence, without an end.
    let text: String
}

/// Holds the options of a plugin against what it declares: fills in defaults and collects everything that is wrong.
///
/// ```swift
/// var resolver = OptionResolver()
/// let values = try resolver.resolve(given, by: schema)
/// ```
struct OptionResolver {
    /// A secret among the options.
    struct FoundSecret: Sendable {
        let path: String
        let secret: Secret
        let rule: OptionRule
    }

    private var found: [OptionFault] = []
    /// Options that were given under a former name.
    private(set) var renamed: [(former: String, name: String)] = []
    /// The secrets, which are resolved next.
    private(set) var secrets: [FoundSecret] = []
    private var path = ""

    /// What is wrong: unknown options, then missing ones, then values, each in the order of the names.
    var faults: [OptionFault] {
        found.enumerated().sorted { ($0.element.kind.rawValue, $0.offset) < ($1.element.kind.rawValue, $1.offset) }
            .map(\.element)
    }

    /// The options as the plugin gets them, to be made read-only.
    ///
    /// - Parameter value: A table, or nothing.
    mutating func resolve(_ value: LuaValue, by schema: OptionSchema) throws -> LuaRecord {
        guard value.isNothing || value.isTable else {
            note(.wrong, "the options are \(value.kindOfOption), not a table")
            return LuaRecord()
        }
        return try fields(value, schema)
    }

    private mutating func note(_ kind: OptionFault.Kind, _ text: String) {
        found.append(OptionFault(kind: kind, text: text))
    }

    private mutating func inside<T>(_ step: String, _ body: (inout OptionResolver) throws -> T) rethrows -> T {
        let outer = path
        path = path.isEmpty || step.hasPrefix("[") ? path + step : "\(path).\(step)"
        defer { path = outer }
        return try body(&self)
    }

    // MARK: - Tables

    private mutating func fields(_ value: LuaValue, _ schema: OptionSchema) throws -> LuaRecord {
        var given: [String: LuaValue] = [:]
        for (key, value) in try entries(of: value) where !value.isNil {
            switch key {
            case .string(let name): given[name] = value
            default: note(.unknown, "`\(path)[\(key.shownOption)]` is not an option: options have names")
            }
        }
        rename(&given, schema)
        for name in given.keys.sorted() where schema[name] == nil {
            let meant = name.closestMatch(in: schema.names)
            let rest =
                meant.map { " (did you mean `\($0)`?)" }
                ?? (schema.rules.isEmpty
                    ? ": there are none" : ": there are \(schema.names.map { "`\($0)`" }.joined(separator: ", "))")
            inside(name) { $0.note(.unknown, "`\($0.path.escapedToOneLine.shortened)` is not an option\(rest)") }
        }
        var values = LuaRecord()
        for (name, rule) in schema.rules {
            let value = given[name] ?? .nil
            let resolved: LuaValue = try inside(name) { resolver in
                if !value.isNothing { return try resolver.value(value, rule) }
                if rule.isRequired { resolver.note(.missing, "`\(resolver.path)` is missing") }
                return rule.defaultValue.isNil ? .nil : try resolver.value(rule.defaultValue, rule)
            }
            if !resolved.isNil { values.append(name, resolved) }
        }
        return values
    }

    /// Takes what is given under a former name for the option's own.
    private mutating func rename(_ given: inout [String: LuaValue], _ schema: OptionSchema) {
        for (name, rule) in schema.rules {
            for former in rule.formerNames {
                guard let value = given.removeValue(forKey: former) else { continue }
                let (former, whole) = (inside(former) { $0.path }, inside(name) { $0.path })
                if given[name] == nil {
                    given[name] = value
                    renamed.append((former, whole))
                } else {
                    note(.wrong, "`\(former)` is the former name of `\(whole)`, which is given, too")
                }
            }
        }
    }

    private mutating func entries(of value: LuaValue) throws -> [(key: LuaValue, value: LuaValue)] {
        if value.isNothing { return [] }
        if case .table(let table) = value, let metatable = try table.metatable(),
            try !metatable.rawGet("__index").isNil, try metatable.rawGet("__pairs").isNil
        {
            let name = path.isEmpty ? "the table of options" : "`\(path)`"
            note(.wrong, "\(name) takes keys from a metatable: only its own keys count, copy the others into it")
        }
        // Tables have no order, and messages have one.
        return try (value.luaEntries() ?? []).sorted { OptionKey.isBefore(OptionKey($0.key), OptionKey($1.key)) }
    }

    // MARK: - Values

    /// A value that is given, as the plugin gets it; what is wrong with it is noted.
    private mutating func value(_ value: LuaValue, _ rule: OptionRule) throws -> LuaValue {
        if case .object(let object) = value, let secret = object as? Secret {
            if rule.kind.takesText {
                secrets.append(FoundSecret(path: path, secret: secret, rule: rule))
            } else {
                mismatch(value, rule)
            }
            return value
        }
        guard rule.accepts(value) else {
            mismatch(value, rule)
            return value
        }
        switch rule.kind {
        case .list(let element): return try list(value, element)
        case .map(let element): return try map(value, element)
        case .fields(let schema): return .record(try fields(value, schema))
        case .integer: return value.intValue.map { .integer(Int64($0)) } ?? value
        default: break
        }
        guard rule.isSecret, let text = value.stringValue else {
            if rule.isSecret { note(.wrong, "`\(path)` is text in UTF-8, got \(rule.shown(value))") }
            return value
        }
        let secret = Secret(text: text, of: path)
        secrets.append(FoundSecret(path: path, secret: secret, rule: rule))
        return .object(secret)
    }

    private mutating func mismatch(_ value: LuaValue, _ rule: OptionRule) {
        var text = "`\(path)` is \(rule.expected), got \(rule.shown(value))"
        if case .enum(let values) = rule.kind, let given = value.stringValue,
            let meant = given.closestMatch(in: values.compactMap(\.stringValue))
        {
            text += " (did you mean \"\(meant)\"?)"
        }
        note(.wrong, text)
    }

    private mutating func list(_ value: LuaValue, _ element: OptionRule) throws -> LuaValue {
        var elements: [Int64: LuaValue] = [:]
        for (key, value) in try entries(of: value) {
            if case .integer(let position) = key, position >= 1 {
                elements[position] = value
            } else {
                note(.wrong, "`\(path)[\(key.shownOption)]` is not an element of a list")
            }
        }
        var values: [LuaValue] = []
        var next: Int64 = 1
        for position in elements.keys.sorted() {
            if position > next { note(.wrong, "`\(path)[\(next)]` is missing: a list has no holes") }
            next = position &+ 1
            values.append(
                try inside("[\(position)]") { try $0.value(elements[position] ?? .nil, element) })
        }
        return .array(values)
    }

    private mutating func map(_ value: LuaValue, _ element: OptionRule) throws -> LuaValue {
        var named: [(String, LuaValue)] = []
        for (key, value) in try entries(of: value) {
            if case .string(let name) = key {
                named.append((name, value))
            } else {
                note(.wrong, "`\(path)` has names as keys, got \(key.shownOption)")
            }
        }
        return .record(
            LuaRecord(
                try named.sorted { $0.0 < $1.0 }.map { name, value in
                    (name, try inside("[\(LuaValue.string(name).shownOption)]") { try $0.value(value, element) })
                }))
    }
}

extension String {
    /// The beginning of a name that may be of any length.
    fileprivate var shortened: String { unicodeScalars.count <= 60 ? self : String(unicodeScalars.prefix(60)) + "…" }
}
