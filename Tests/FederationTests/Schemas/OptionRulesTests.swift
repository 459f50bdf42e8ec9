import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What each declaration makes of each value: the option as the plugin gets it, or every message.
@Suite(.timeLimit(.minutes(1))) struct OptionRulesTests {
    /// One option `x`, declared so, given so.
    struct Row: Sendable, CustomTestStringConvertible {
        let rule: String
        let value: String
        /// The options as JSON with sorted keys, or the messages.
        let outcome: String
        var testDescription: String { "{ \(rule) } <- \(value)" }

        init(_ rule: String, _ value: String, _ outcome: String) {
            (self.rule, self.value, self.outcome) = (rule, value, outcome)
        }
    }

    // MARK: Every type and every kind of value

    /// Values, how messages show them, and the types that take them.
    private static let values: [(lua: String, shown: String, types: Set<String>)] = [
        ("true", "true", ["boolean"]), ("false", "false", ["boolean"]),
        ("0", "0", ["integer", "number"]), ("7", "7", ["integer", "number", "size"]),
        ("-3", "-3", ["integer", "number"]), ("2.0", "2.0", ["integer", "number", "size"]), ("2.5", "2.5", ["number"]),
        ("0/0", "-nan", []), ("1/0", "inf", []), ("math.maxinteger", "9223372036854775807", ["integer", "number"]),
        ("''", "\"\"", ["string"]), ("'text'", "\"text\"", ["string", "path"]),
        ("'7'", "\"7\"", ["string", "path"]), ("'a/b.pem'", "\"a/b.pem\"", ["string", "path"]),
        ("'a\\0b'", "\"a\\0b\"", ["string"]), ("'\\xFF'", "a string of 1 bytes that is not UTF-8", ["string", "path"]),
        ("'30s'", "\"30s\"", ["string", "path", "duration"]), ("'5min'", "\"5min\"", ["string", "path", "duration"]),
        ("'16MB'", "\"16MB\"", ["string", "path", "size"]),
        ("'https://example.org/a?b'", "\"https://example.org/a?b\"", ["string", "path", "url"]),
        ("'https:///a'", "\"https:///a\"", ["string", "path"]),
        ("'//example.org'", "\"//example.org\"", ["string", "path"]),
        ("{}", "a table", []), ("{ 1 }", "a table", []), ("print", "a function", ["function"]),
        ("coroutine.create(print)", "a coroutine", []),
    ]

    private static let expected = [
        "string": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean",
        "url": "a URL such as \"https://example.org/path\"", "duration": "a duration such as \"30s\"",
        "size": "a size such as \"16MB\"", "path": "a path", "function": "a function",
    ]

    static let everyTypeAndValue: [Row] =
        expected.sorted { $0.key < $1.key }.flatMap { type, expected in
            values.map { value in
                let outcome = value.types.contains(type) ? "taken" : "`x` is \(expected), got \(value.shown)"
                return Row("type = '\(type)'", value.lua, outcome)
            }
        } + values.map { Row("type = 'any'", $0.lua, "taken") }

    @Test(arguments: everyTypeAndValue) func aTypeTakesItsValues(row: Row) async throws {
        try await withSite { site in
            let outcome = try await Self.outcome(of: row, site)
            #expect(row.outcome == "taken" ? outcome.hasPrefix("{") : outcome == row.outcome, "\(outcome)")
        }
    }

    // MARK: Bounds, words, lists, tables, defaults, former names

    static let rows: [Row] = [
        Row("type = 'integer', min = 0, max = 10", "10", "{\"x\":10}"),
        Row("type = 'integer', min = 0, max = 10", "11", "`x` is an integer from 0 to 10, got 11"),
        Row("type = 'integer', min = 0, max = 10", "-1", "`x` is an integer from 0 to 10, got -1"),
        Row("type = 'integer', min = 1", "0", "`x` is an integer from 1 on, got 0"),
        Row("type = 'integer', max = 1", "2", "`x` is an integer up to 1, got 2"),
        Row("type = 'integer'", "2.0", "{\"x\":2}"),
        Row("type = 'number', min = 0.5", "0.25", "`x` is a number from 0.5 on, got 0.25"),
        Row("type = 'number', min = 0.5", "0.5", "{\"x\":0.5}"),
        Row("type = 'string', min = 1", "''", "`x` is a string of at least 1 character, got \"\""),
        Row("type = 'string', min = 2, max = 3", "'äöüß'", "`x` is a string of 2 to 3 characters, got \"äöüß\""),
        Row("type = 'string', max = 3", "'äöü'", "{\"x\":\"äöü\"}"),
        Row(
            "type = 'duration', min = '1s', max = '1h'", "'500ms'",
            "`x` is a duration such as \"30s\" from \"1s\" to \"1h\", got \"500ms\""),
        Row("type = 'duration', min = '1s', max = '1h'", "'60min'", "{\"x\":\"60min\"}"),
        Row("type = 'size', max = '1MB'", "'1024KB'", "{\"x\":\"1024KB\"}"),
        Row("type = 'size', max = '1MB'", "1048577", "`x` is a size such as \"16MB\" up to \"1MB\", got 1048577"),
        Row("type = 'string'", "('a'):rep(50)", "{\"x\":\"\(String(repeating: "a", count: 50))\"}"),
        Row("type = 'integer'", "('a'):rep(50)", "`x` is an integer, got a string of 50 bytes"),
        Row("type = 'integer'", "'a\\n\\27[31mb'", "`x` is an integer, got \"a\\n\\u{1B}[31mb\""),
        Row("enum = { 'warn', 'error' }", "'warn'", "{\"x\":\"warn\"}"),
        Row(
            "enum = { 'warn', 'error' }", "'wran'",
            "`x` is one of \"warn\", \"error\", got \"wran\" (did you mean \"warn\"?)"),
        Row("enum = { 'warn', 'error' }", "5", "`x` is one of \"warn\", \"error\", got 5"),
        Row("enum = { 1, 2, true }", "2.0", "{\"x\":2.0}"),
        Row("enum = { 1, 2, true }", "3", "`x` is one of 1, 2, true, got 3"),
        Row("list = 'string'", "{}", "{\"x\":[]}"),
        Row("list = 'string'", "{ 'a', 'b' }", "{\"x\":[\"a\",\"b\"]}"),
        Row("list = 'string'", "'a'", "`x` is a list of strings, got \"a\""),
        Row("list = 'string'", "{ 'a', 5, false }", "`x[2]` is a string, got 5; `x[3]` is a string, got false"),
        Row("list = 'string'", "{ [1] = 'a', [3] = 'c' }", "`x[2]` is missing: a list has no holes"),
        Row("list = 'string'", "{ 'a', b = 'c' }", "`x[\"b\"]` is not an element of a list"),
        Row("list = 'string', min = 1", "{}", "`x` is a list of strings with at least 1 element, got a table"),
        Row("list = 'string', max = 1", "{ 'a', 'b' }", "`x` is a list of strings with at most 1 element, got a table"),
        Row("list = { enum = { 'a', 'b' } }", "{ 'a', 'other' }", "`x[2]` is one of \"a\", \"b\", got \"other\""),
        Row("list = { list = 'integer' }", "{ { 1 }, { 'a' } }", "`x[2][1]` is an integer, got \"a\""),
        Row(
            "list = { fields = { id = { type = 'string', required = true } } }", "{ { id = 'a' }, {} }",
            "`x[2].id` is missing"),
        Row("map = 'string'", "{ a = 'b' }", "{\"x\":{\"a\":\"b\"}}"),
        Row("map = 'string'", "{ ['X-Key'] = 5 }", "`x[\"X-Key\"]` is a string, got 5"),
        Row("map = 'string'", "{ 'a' }", "`x` has names as keys, got 1"),
        Row(
            "map = 'string', max = 1", "{ a = 'b', c = 'd' }",
            "`x` is a table of strings by name with at most 1 element, got a table"),
        Row("map = 'integer'", "5", "`x` is a table of integers by name, got 5"),
        Row("fields = { ca = { type = 'path' }, n = { type = 'integer', default = 2 } }", "{}", "{\"x\":{\"n\":2}}"),
        Row(
            "fields = { ca = { type = 'path' } }", "{ ca = 5, cb = 1 }",
            "`x.cb` is not an option (did you mean `ca`?); `x.ca` is a path, got 5"),
        Row("fields = { ca = { type = 'path', required = true } }", "nil", "{}"),
        Row("fields = { ca = { type = 'path', required = true } }", "{}", "`x.ca` is missing"),
        Row("fields = { n = { type = 'integer', default = 2 } }, default = {}", "nil", "{\"x\":{\"n\":2}}"),
        Row("fields = {}", "{ a = 1 }", "`x.a` is not an option: there are none"),
        Row("fields = { b = { type = 'any', was = 'a' } }", "{ a = 1 }", "{\"x\":{\"b\":1}}"),
        Row("type = 'integer', required = true", "nil", "`x` is missing"),
        Row("type = 'integer', required = true", "mf.null", "`x` is missing"),
        Row("type = 'integer', default = 3", "nil", "{\"x\":3}"),
        Row("type = 'integer', default = 3", "mf.null", "{\"x\":3}"),
        Row("type = 'integer', default = 3", "4", "{\"x\":4}"),
        Row("type = 'boolean', default = true", "false", "{\"x\":false}"),
        Row("type = 'boolean', default = false", "nil", "{\"x\":false}"),
        Row("type = 'integer'", "nil", "{}"),
        Row("type = 'string', secret = true", "5", "`x` is a string, got a number"),
        Row(
            "type = 'url', secret = true", "'planted'",
            "`x` is a URL such as \"https://example.org/path\", got a string of 7 bytes"),
        Row("type = 'string', secret = true", "'planted'", "{\"x\":\"‹secret x›\"}"),
        Row(
            "type = 'string', secret = true", "'\\xFF'",
            "`x` is text in UTF-8, got a string of 1 bytes that is not UTF-8"),
        Row("list = { type = 'string', secret = true }", "{ 'planted' }", "{\"x\":[\"‹secret x[1]›\"]}"),
        Row("type = 'string'", "mf.secret 'env:X'", "{\"x\":\"‹secret env:X›\"}"),
        Row("map = 'string'", "{ a = mf.secret 'env:X' }", "{\"x\":{\"a\":\"‹secret env:X›\"}}"),
        Row("type = 'integer'", "mf.secret 'env:X'", "`x` is an integer, got ‹secret env:X›"),
        Row("list = 'string'", "mf.secret 'env:X'", "`x` is a list of strings, got ‹secret env:X›"),
        Row("type = 'boolean'", "mf.secret 'env:X'", "`x` is a boolean, got ‹secret env:X›"),
        Row("enum = { 'a' }", "mf.secret 'env:X'", "{\"x\":\"‹secret env:X›\"}"),
        Row("type = 'string'", "mf.getInstance", "`x` is a string, got a function"),
    ]

    @Test(arguments: rows) func aRuleHasOneOutcome(row: Row) async throws {
        try await withSite { site in
            let outcome = try await Self.outcome(of: row, site)
            #expect(outcome == row.outcome)
        }
    }

    @Test func thereAreTwoHundredRows() { #expect(Self.rows.count + Self.everyTypeAndValue.count >= 200) }

    // MARK: Several options

    @Test func unknownOptionsComeFirstThenMissingOnesThenValues() async throws {
        let faults = try await Self.faults(
            "{ url = { type = 'url', required = true }, retries = { type = 'integer' }, every = { type = 'duration' } }",
            "{ retires = 5, every = 30 }")
        #expect(
            faults == [
                "`retires` is not an option (did you mean `retries`?)", "`url` is missing",
                "`every` is a duration such as \"30s\", got 30",
            ])
    }

    @Test(arguments: ["5", "'text'", "print", "true"]) func optionsAreATable(value: String) async throws {
        #expect(try await Self.faults("{}", value).first?.hasPrefix("the options are ") == true)
    }

    @Test func keysThatAreNoNamesAreRefused() async throws {
        #expect(
            try await Self.faults("{ a = { type = 'any' } }", "{ 'x' }") == [
                "`[1]` is not an option: options have names"
            ])
    }

    @Test func faultsComeInOneOrderWhateverThatOfTheTable() async throws {
        let faults = try await Self.faults(
            "{ l = { list = 'string' }, m = { map = 'string' } }",
            "{ [7] = 1, [3] = 1, b = 1, a = 1, l = { [true] = 1, y = 1, x = 1 }, m = { [2] = 1, d = 1, c = 1 } }")
        let keys = faults.map { $0.prefix { $0 != " " } }
        #expect(
            keys == [
                "`[3]`", "`[7]`", "`a`", "`b`", "`l[\"x\"]`", "`l[\"y\"]`", "`l[true]`", "`m`", "`m[\"c\"]`",
                "`m[\"d\"]`",
            ])
    }

    @Test func aFormerNameBesideTheNewOneIsRefused() async throws {
        let faults = try await Self.faults("{ a = { type = 'any', was = { 'b', 'c' } } }", "{ a = 1, b = 2 }")
        #expect(faults == ["`b` is the former name of `a`, which is given, too"])
    }

    @Test func keysOfAMetatableAreNotTaken() async throws {
        let faults = try await Self.faults(
            "{ a = { type = 'any' } }", "setmetatable({}, { __index = { a = 1 } })")
        #expect(faults.first?.contains("takes keys from a metatable") == true)
    }

    // MARK: Running

    private static func outcome(of row: Row, _ site: Site) async throws -> String {
        let (values, faults) = try await resolve(
            "{ x = { \(row.rule) } }", "{ x = \(row.value) }", site)
        return faults.isEmpty ? values : faults.joined(separator: "; ")
    }

    private static func faults(_ schema: String, _ value: String) async throws -> [String] {
        try await withSite { try await resolve(schema, value, $0).faults }
    }

    private static func resolve(
        _ schema: String, _ value: String, _ site: Site
    ) async throws -> (values: String, faults: [String]) {
        try await site.runtime.loop.perform {
            let state = site.runtime.state
            let chunk = try state.load(Array("local mf = require('mf') return \(schema), \(value)".utf8), name: "=row")
            let given = try state.call(chunk)
            var problems: [SchemaFault] = []
            let schema = try OptionSchema.read(given[0], &problems)
            #expect(problems.isEmpty)
            var resolver = OptionResolver()
            let values = try resolver.resolve(given[1], by: schema)
            // What JSON cannot say is taken all the same.
            let json = (try? JSON.encode(.record(values))).map { String(decoding: $0, as: UTF8.self) } ?? "{…}"
            return (json, resolver.faults.map(\.text))
        }
    }
}
