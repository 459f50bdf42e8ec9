import Diagnostics
package import LuaBridge

/// The keys of one kind of option table: the one declaration that is checked, and that the stubs are written from.
///
/// ```swift
/// static let options = OptionTable([
///     .init("pretty", .boolean, "Whether the text has line breaks."),
/// ])
/// let options = try Self.options.read(call, 1)
/// let isPretty = options["pretty"].isTruthy
/// ```
package struct OptionTable: Sendable {
    /// One key.
    package struct Key: Sendable {
        let name: String
        let type: OptionType
        /// What it says, for the stubs.
        let summary: String
        let isRequired: Bool
        /// Whether `mf.null` stands for leaving it out. Not at keys that decide who is trusted.
        let takesNull: Bool

        /// Declares a key.
        package init(
            _ name: String, _ type: OptionType, _ summary: String = "", isRequired: Bool = false, takesNull: Bool = true
        ) {
            (self.name, self.type, self.summary) = (name, type, summary)
            (self.isRequired, self.takesNull) = (isRequired, takesNull)
        }
    }

    let keys: [Key]
    /// The types of `[1]`, `[2]` …, where a table has a list part.
    let positions: [OptionType]
    /// Older names of keys, which are still taken: older name -> key.
    let olderNames: [String: String]
    /// Keys that are known to be wrong, and what to write in their place.
    let advice: [String: String]
    /// The next step when a key is unknown and resembles no other; by default the keys are listed.
    let unknownHint: String?
    private let index: [String: Int]

    /// Declares a table of keys.
    package init(
        _ keys: [Key], positions: [OptionType] = [], olderNames: [String: String] = [:], advice: [String: String] = [:],
        unknownHint: String? = nil
    ) {
        (self.keys, self.positions, self.olderNames) = (keys, positions, olderNames)
        (self.advice, self.unknownHint) = (advice, unknownHint)
        index = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1.name, $0) })
    }

    /// The names of the keys, in their order.
    var names: [String] { keys.map(\.name) }

    /// Refuses a key that is not declared, where a single one is written.
    ///
    /// - Parameter thing: What it is written into, as messages name it.
    /// - Throws: ``MFError`` with `LUA-012`.
    func expect(_ name: String, in thing: String) throws {
        guard index[name] == nil else { return }
        var checker = OptionChecker()
        note(.option(name), &checker)
        try checker.finish(of: thing)
    }

    // MARK: - Reading

    /// The values of an option table, checked.
    ///
    /// - Parameter function: What the table was given to, as messages name it.
    /// - Throws: ``MFError`` with `LUA-012` that names everything wrong with it.
    func read(_ value: LuaValue, of function: String) throws -> OptionValues {
        var checker = OptionChecker()
        let values = try check(value, &checker)
        try checker.finish(of: function)
        return values
    }

    /// The option table among a call's arguments; all of its values are nil when it is left out.
    ///
    /// - Throws: ``MFError`` with `LUA-009` when the argument is no table, `LUA-012` for what is wrong inside.
    func read(_ call: LuaCall, _ argument: Int) throws -> OptionValues {
        let value = call[argument]
        if value.isNothing { return OptionValues() }
        guard value.isTable else { throw call.mismatch(argument, "table") }
        return try read(value, of: call.name)
    }

    /// Notes everything that is wrong with a table.
    ///
    /// - Returns: What stands under the declared keys.
    @discardableResult
    package func check(_ value: LuaValue, _ checker: inout OptionChecker) throws -> OptionValues {
        guard let entries = try value.luaEntries() else {
            checker.expected("a table", found: value)
            return OptionValues()
        }
        try checker.expectOwnKeys(of: value)
        var values = OptionValues()
        var unknown: [OptionKey] = []
        var older: [String: LuaValue] = [:]
        for (key, value) in entries where !value.isNil {
            switch key {
            case .string(let name) where index[name] != nil: values.named[name] = value
            case .string(let name) where olderNames[name] != nil: older[name] = value
            case .integer(let position) where position >= 1 && position <= Int64(positions.count):
                values.positions[Int(position)] = value
            default: unknown.append(OptionKey(key))
            }
        }
        for (name, key) in olderNames.sorted(by: { $0.key < $1.key }) {
            guard let value = older[name] else { continue }
            if values.named[key] == nil {
                values.named[key] = value
            } else {
                try checker.inside(.option(name)) { $0.note("is a former name of `\(key)`, which is also present") }
            }
        }
        for (position, type) in zip(1..., positions) {
            guard let value = values.positions[position] else { continue }
            try checker.inside(.position(Int64(position))) { try type.check(value, &$0) }
        }
        for key in keys {
            let value = values[key.name]
            if value.isNil || value == .null && key.takesNull {
                values.named[key.name] = nil
                guard key.isRequired else { continue }
                try checker.inside(.option(key.name)) { $0.note("is missing") }
            } else {
                try checker.inside(.option(key.name)) { try key.type.check(value, &$0) }
            }
        }
        for key in unknown.sorted(by: OptionKey.isBefore) { note(key, &checker) }
        return values
    }

    private func note(_ key: OptionKey, _ checker: inout OptionChecker) {
        guard case .option(let name) = key else {
            return checker.unknown(key, advice: positions.isEmpty ? "the keys are names" : nil, hint: hint)
        }
        let meant = advice[name] ?? name.closestMatch(in: names).map { "did you mean `\($0)`?" }
        checker.unknown(key, advice: meant, hint: meant == nil ? hint : nil)
    }

    private var hint: String { unknownHint ?? "valid keys are \(names.map { "`\($0)`" }.joined(separator: ", "))" }
}

/// What an option table holds.
package struct OptionValues: Sendable {
    fileprivate(set) var named: [String: LuaValue] = [:]
    fileprivate(set) var positions: [Int: LuaValue] = [:]

    /// The value of an option; nil when it is left out.
    package subscript(_ name: String) -> LuaValue { named[name] ?? .nil }

    /// An element of the list part, counted from 1; nil when there is none.
    subscript(_ position: Int) -> LuaValue { positions[position] ?? .nil }
}
