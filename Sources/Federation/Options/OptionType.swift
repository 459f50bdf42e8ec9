package import LuaBridge

/// The type of an option: how the stubs spell it, how messages name it, and what it accepts.
package struct OptionType: Sendable {
    /// In the notation of the Lua language server: `string[]`.
    let luaType: String
    /// In the words of a message: `a list of strings`.
    let expected: String
    /// Notes what is wrong with a value.
    package let check: @Sendable (LuaValue, inout OptionChecker) throws -> Void

    /// Declares a type.
    package init(
        _ luaType: String, _ expected: String,
        check: @escaping @Sendable (LuaValue, inout OptionChecker) throws -> Void
    ) {
        (self.luaType, self.expected, self.check) = (luaType, expected, check)
    }

    /// A type that takes a value as a whole or not at all.
    init(_ luaType: String, _ expected: String, accepts: @escaping @Sendable (LuaValue) -> Bool) {
        self.init(luaType, expected) { value, checker in
            if !accepts(value) { checker.expected(expected, found: value) }
        }
    }
}

extension OptionType {
    /// An argument of a call, checked.
    ///
    /// - Parameters:
    ///   - path: What the paths in messages begin with.
    ///   - tenants: The tenants that may be named; nil where that is checked later.
    ///   - hooks: The hooks that plugins may listen to; nil where that is checked later.
    /// - Throws: ``MFError`` with `LUA-009` when the argument is no table, `LUA-012` that names everything wrong inside.
    func read(
        _ call: LuaCall, _ argument: Int, path: String = "", tenants: Set<String>? = nil, hooks: [String]? = nil
    ) throws -> LuaValue {
        guard call[argument].isTable else { throw call.mismatch(argument, "table") }
        var checker = OptionChecker(path: path, tenants: tenants, hooks: hooks)
        try check(call[argument], &checker)
        try checker.finish(of: call.name)
        return call[argument]
    }
}

// MARK: - Plain values

extension OptionType {
    /// Whatever is there.
    static let any = OptionType("any", "a value") { _ in true }
    /// Text.
    package static let string = OptionType("string", "a string") { $0.stringValue != nil }
    /// Text, or a secret that has it.
    static let stringOrSecret = OptionType("string|mf.Secret", "a string") { value in
        value.stringValue != nil || value.objectValue is Secret
    }
    /// Text, UTF-8 or not.
    static let bytes = OptionType("string", "a string") { $0.luaTypeName == "string" }
    /// Text that names something.
    package static let name = OptionType("string", "a string that is not empty") { $0.stringValue?.isEmpty == false }
    /// `true` or `false`.
    package static let boolean = OptionType("boolean", "a boolean") { $0.boolValue != nil }
    /// A table, whatever is in it.
    static let table = OptionType("table", "a table") { $0.isTable }

    /// An integer, or a float without a fraction, from a least value on.
    static func integer(from least: Int) -> OptionType {
        OptionType("integer", least == 1 ? "a positive integer" : "an integer from \(least)") { value in
            value.intValue.map { $0 >= least } ?? false
        }
    }

    /// A finite number from 0.
    static let positive = OptionType("number", "a number from 0") { value in
        value.doubleValue.map { $0.isFinite && $0 >= 0 } ?? false
    }

    /// A function, or a proxy of one.
    static func function(_ signature: String = "function") -> OptionType {
        OptionType(signature, "a function") { $0.isCallable }
    }

    /// One of a few words.
    static func word(_ words: String...) -> OptionType { word(words) }

    /// One of a few words.
    static func word(_ words: [String]) -> OptionType {
        let quoted = words.map { "\"\($0)\"" }
        return OptionType(quoted.joined(separator: "|"), quoted.joined(separator: " or ")) { value in
            value.stringValue.map(words.contains) ?? false
        }
    }

    /// The same, or `false`.
    package static func orFalse(_ type: OptionType) -> OptionType {
        OptionType("\(type.luaType)|false", "\(type.expected) or false") { value, checker in
            if value == .boolean(false) { return }
            if value.boolValue != nil { return checker.expected("\(type.expected) or false", found: value) }
            try type.check(value, &checker)
        }
    }
}

// MARK: - Tables

extension OptionType {
    /// A list without holes.
    static func list(of element: OptionType, _ expected: String = "a list") -> OptionType {
        OptionType("\(element.luaType.inParentheses)[]", expected) { value, checker in
            guard let entries = try value.luaEntries() else { return checker.expected(expected, found: value) }
            try checker.expectOwnKeys(of: value)
            var elements: [Int64: LuaValue] = [:]
            var others: [OptionKey] = []
            for (key, value) in entries {
                if case .integer(let position) = key, position >= 1 {
                    elements[position] = value
                } else {
                    others.append(OptionKey(key))
                }
            }
            var next: Int64 = 1
            for position in elements.keys.sorted() {
                if position > next {
                    let hole = next
                    try checker.inside(.position(hole)) { $0.note("is missing: a list has no holes") }
                }
                next = position &+ 1
                try checker.inside(.position(position)) { try element.check(elements[position] ?? .nil, &$0) }
            }
            for key in others.sorted(by: OptionKey.isBefore) {
                checker.unknown(key, advice: "\(expected) needs one more pair of braces")
            }
        }
    }

    /// A list of strings.
    package static let strings = list(of: .string, "a list of strings")

    /// Values under names that the user chooses.
    package static func map(of element: OptionType, _ expected: String) -> OptionType {
        OptionType("table<string, \(element.luaType)>", expected) { value, checker in
            guard let entries = try value.luaEntries() else { return checker.expected(expected, found: value) }
            try checker.expectOwnKeys(of: value)
            var values: [(key: OptionKey, value: LuaValue)] = []
            var others: [OptionKey] = []
            for (key, value) in entries {
                if case .string(let name) = key {
                    values.append((.name(name), value))
                } else {
                    others.append(OptionKey(key))
                }
            }
            for (key, value) in values.sorted(by: { OptionKey.isBefore($0.key, $1.key) }) {
                try checker.inside(key) { try element.check(value, &$0) }
            }
            for key in others.sorted(by: OptionKey.isBefore) {
                checker.unknown(key, advice: "\(expected) has names as keys")
            }
        }
    }

    /// A table of declared keys.
    ///
    /// - Parameter luaType: The name of its class in the stubs.
    package static func options(
        _ luaType: String, _ table: @escaping @autoclosure @Sendable () -> OptionTable, _ expected: String = "a table"
    ) -> OptionType {
        OptionType(luaType, expected) { value, checker in
            guard value.isTable else {
                return checker.expected(expected, found: value)
            }
            try table().check(value, &checker)
        }
    }

    /// A string, or a list of them.
    static let stringOrStrings = OptionType("string|string[]", "a string or a list of strings") { value, checker in
        if value.stringValue != nil { return }
        guard value.isTable else {
            return checker.expected("a string or a list of strings", found: value)
        }
        try OptionType.strings.check(value, &checker)
    }
}

extension String {
    /// A union in the notation of the Lua language server, as an element.
    fileprivate var inParentheses: String { contains("|") || hasPrefix("fun") ? "(\(self))" : self }
}
