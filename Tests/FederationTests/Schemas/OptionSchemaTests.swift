import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Declarations that contradict themselves, and what holds for all that do not.
@Suite(.timeLimit(.minutes(1))) struct OptionSchemaTests {
    /// A declaration of the option `x`, and what is wrong with it.
    static let wrong: [(rule: String, message: String)] = [
        ("'string'", "`options.x` is a table such as `{ type = \"string\" }`, got \"string\""),
        ("{}", "`options.x` says no `type`, `enum`, `list`, `map` or `fields`"),
        ("{ type = 'string', list = 'string' }", "`options.x` has `type` and `list`: only one says what it takes"),
        ("{ type = 'strng' }", "`options.x.type` is \"strng\", which is no type (did you mean \"string\"?)"),
        ("{ type = 'table' }", "`options.x.type` is \"table\", which is no type: write "),
        ("{ type = 5 }", "`options.x.type` is the name of a type, got 5"),
        ("{ typ = 'string' }", "`options.x.typ` is not a word of a declaration (did you mean `type`?)"),
        (
            "{ type = 'string', requierd = true }",
            "`options.x.requierd` is not a word of a declaration (did you mean `required`?)"
        ),
        ("{ type = 'string', required = 1 }", "`options.x.required` is a boolean, got 1"),
        ("{ type = 'string', about = 1 }", "`options.x.about` is a string, got 1"),
        (
            "{ type = 'string', required = true, default = 'a' }",
            "`options.x.default` is never used: the option is required"
        ),
        (
            "{ type = 'integer', default = 'a' }",
            "`options.x.default` breaks its own rule: `x` is an integer, got \"a\""
        ),
        (
            "{ type = 'integer', min = 1, default = 0 }",
            "`options.x.default` breaks its own rule: `x` is an integer from 1 on, got 0"
        ),
        ("{ list = 'string', default = { 5 } }", "`options.x.default` breaks its own rule: `x[1]` is a string, got 5"),
        (
            "{ fields = { y = { type = 'integer', default = 'a' } } }",
            "`options.x.fields.y.default` breaks its own rule"
        ),
        ("{ type = 'integer', min = 2, max = 1 }", "`options.x.max` is less than `min`"),
        ("{ type = 'integer', min = 'a' }", "`options.x.min` is \"a\", which is no bound of an integer"),
        ("{ type = 'duration', min = 5 }", "`options.x.min` is 5, which is no bound of a duration"),
        ("{ type = 'string', max = -1 }", "`options.x.max` is -1, which is no bound of a string"),
        ("{ type = 'boolean', min = 1 }", "`options.x.min` has no meaning for a boolean"),
        ("{ type = 'integer', secret = true }", "`options.x.secret` is for strings, URLs and paths"),
        ("{ enum = {} }", "`options.x.enum` is a list of values that is not empty"),
        ("{ enum = 'a' }", "`options.x.enum` is a list of values that is not empty"),
        ("{ enum = { {} } }", "`options.x.enum` has strings, numbers and booleans, got a table"),
        ("{ enum = { 'a', 'a' } }", "`options.x.enum` has \"a\" twice"),
        ("{ list = { type = 'string', required = true } }", "`options.x.list.required` has no meaning for elements"),
        ("{ map = { type = 'string', default = 'a' } }", "`options.x.map.default` has no meaning for elements"),
        ("{ list = 5 }", "`options.x.list` is a table such as"),
        ("{ fields = 5 }", "`options.x.fields` is a table of options by name, got 5"),
        ("{ type = 'any', was = 'y' }, y = { type = 'any' }", "`options.x.was` names `y`, which is an option itself"),
        (
            "{ type = 'any', was = 'z' }, y = { type = 'any', was = 'z' }",
            "names `z`, which is a former name of `x`, too"
        ),
        ("{ type = 'any', was = 5 }", "`options.x.was` is a former name, or a list of them, got 5"),
    ]

    @Test(arguments: wrong.indices) func aDeclarationThatContradictsItselfIsRefused(index: Int) async throws {
        let (rule, message) = Self.wrong[index]
        let faults = try await Self.read("{ x = \(rule) }").faults
        #expect(faults.contains { $0.text.contains(message) }, "\(faults.map(\.text))")
    }

    @Test func allFaultsOfADeclarationAreTold() async throws {
        let faults = try await Self.read("{ a = { typ = 'x' }, b = { type = 'strng' }, c = 5 }").faults
        #expect(faults.count == 4)
    }

    @Test(arguments: ["5", "'text'", "true"]) func optionsAreATableOfRules(value: String) async throws {
        let faults = try await Self.read(value).faults
        #expect(faults.first?.text.contains("`options` is a table of options by name") == true)
    }

    /// A table that contains itself is a declaration without an end.
    @Test(arguments: ["t.x = { fields = t }", "t.x = { } t.x.list = t.x", "t.x = { } t.x.map = { list = t.x }"])
    func aDeclarationWithoutAnEndIsRefused(circle: String) async throws {
        let faults = try await Self.read("(function() local t = {} \(circle) return t end)()").faults
        #expect(faults.contains { $0.text.contains("nested too deeply") })
    }

    // MARK: Any schema, any value

    /// What is accepted follows the schema, and resolving it once more changes nothing.
    @Test(arguments: 0..<8) func whatIsAcceptedIsAcceptedAgain(part: Int) throws {
        var random = SeededGenerator(seed: UInt64(part) + 1)
        var accepted = 0
        for _ in 0..<500 {
            let schema = Self.schema(depth: 3, &random)
            guard schema.faults(at: []).isEmpty else { continue }
            let value = LuaValue.record(Self.record(schema, depth: 3, &random))
            var first = OptionResolver()
            let once = try first.resolve(value, by: schema)
            guard first.faults.isEmpty else { continue }
            accepted += 1
            var second = OptionResolver()
            let twice = try second.resolve(.record(once), by: schema)
            #expect(second.faults.isEmpty, "\(second.faults) of \(once)")
            #expect(once == twice)
        }
        #expect(accepted > 20)
    }

    private static let names = ["a", "b", "c", "d"]

    private static func schema(depth: Int, _ random: inout SeededGenerator) -> OptionSchema {
        OptionSchema(
            names.prefix(Int.random(in: 0...4, using: &random)).map { (name: $0, rule: rule(depth: depth, &random)) })
    }

    private static func rule(depth: Int, _ random: inout SeededGenerator) -> OptionRule {
        let kind: OptionRule.Kind =
            switch Int.random(in: 0..<(depth > 0 ? 14 : 10), using: &random) {
            case 10: .list(element(depth, &random))
            case 11: .map(element(depth, &random))
            case 12: .fields(schema(depth: depth - 1, &random))
            case 13: .enum(["a", 1, true])
            case let index: OptionRule.Kind.named[index].kind
            }
        var rule = OptionRule(kind)
        if rule.hasBounds, Bool.random(using: &random) {
            switch kind {
            case .duration: (rule.min, rule.max) = ("1s", "1h")
            case .size: rule.max = "1MB"
            default: (rule.min, rule.max) = (0, 2)
            }
        }
        if kind.mayBeSecret { rule.isSecret = Int.random(in: 0..<4, using: &random) == 0 }
        if Int.random(in: 0..<3, using: &random) == 0 { rule.isRequired = true }
        if !rule.isRequired, Bool.random(using: &random) { rule.defaultValue = value(rule, depth: depth, &random) }
        return rule
    }

    private static func element(_ depth: Int, _ random: inout SeededGenerator) -> OptionRule {
        var rule = rule(depth: depth - 1, &random)
        (rule.isRequired, rule.defaultValue) = (false, .nil)
        return rule
    }

    private static func record(_ schema: OptionSchema, depth: Int, _ random: inout SeededGenerator) -> LuaRecord {
        var record = LuaRecord()
        for (name, rule) in schema.rules where Int.random(in: 0..<4, using: &random) > 0 {
            record.append(name, value(rule, depth: depth, &random))
        }
        if Int.random(in: 0..<12, using: &random) == 0 { record.append("unknown", 1) }
        return record
    }

    /// A value that mostly follows a rule.
    private static func value(_ rule: OptionRule, depth: Int, _ random: inout SeededGenerator) -> LuaValue {
        if Int.random(in: 0..<12, using: &random) == 0 {
            return [LuaValue.nil, .null, true, 1, 2.5, "text", .array([]), .record(LuaRecord())].randomElement(
                using: &random)!
        }
        let count = Int.random(in: 0..<3, using: &random)
        switch rule.kind {
        case .string: return .string(String(repeating: "ä", count: count))
        case .integer: return Bool.random(using: &random) ? .integer(Int64(count)) : .number(Double(count))
        case .number: return .number(Double(count) / 2)
        case .boolean: return .boolean(count == 0)
        case .url: return "https://example.org/a"
        case .duration: return ["1s", "2min", "500ms"].randomElement(using: &random)!
        case .size: return ["1KB", "2MB", 5].randomElement(using: &random)!
        case .path: return "a/b"
        case .function: return .callable(LuaCallable("f") { _ in [] })
        case .any: return [1, "a", true, .array([1, "b"])].randomElement(using: &random)!
        case .enum(let values): return values.randomElement(using: &random)!
        case .list(let element): return .array((0..<count).map { _ in value(element, depth: depth - 1, &random) })
        case .map(let element):
            return .record(LuaRecord(names.prefix(count).map { ($0, value(element, depth: depth - 1, &random)) }))
        case .fields(let schema): return .record(record(schema, depth: depth - 1, &random))
        }
    }

    // MARK: Reading

    private static func read(_ schema: String) async throws -> (schema: OptionSchema, faults: [SchemaFault]) {
        try await withSite { site in
            try await site.runtime.loop.perform {
                let state = site.runtime.state
                var faults: [SchemaFault] = []
                let value = try state.call(try state.load(Array("return \(schema)".utf8), name: "=schema"))
                let read = try OptionSchema.read(value.first ?? .nil, &faults)
                return (read, faults)
            }
        }
    }
}
