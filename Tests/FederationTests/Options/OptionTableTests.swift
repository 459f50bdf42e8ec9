import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Option tables: all problems are told together, each at its place, in an order that no table's order changes.
@Suite(.timeLimit(.minutes(2))) struct OptionTableTests {
    private static let inner = OptionTable([
        .init("singleton", .boolean), .init("requiredVersion", .orFalse(.string)),
    ])
    private static let table = OptionTable(
        [
            .init("name", .name, isRequired: true), .init("tenant", .name, takesNull: false),
            .init("level", .word("state", "process")), .init("tasks", .integer(from: 1)), .init("net", .strings),
            .init("shared", .map(of: .options("mf.Inner", inner), "a table of shared modules")),
            .init("remotes", .list(of: .options("mf.Inner", inner), "a list of remotes")), .init("get", .function()),
        ], positions: [.string, .any], advice: ["dooms": "it is called `maxRestarts` now"])

    private static func problems(_ value: LuaValue) throws -> [String] {
        var checker = OptionChecker()
        try table.check(value, &checker)
        return checker.problems.map(\.text)
    }

    @Test func whatIsDeclaredIsRead() throws {
        let options = try Self.table.read(["name": "a", "tasks": 3, "net": .null], of: "f")
        #expect(options["name"] == "a" && options["tasks"] == 3)
        #expect(options["net"].isNil && options["level"].isNil)
    }

    private static let wrong: [(LuaValue, [String])] = [
        (["nmae": "a"], ["`name` is missing", "unknown key `nmae` (did you mean `name`?)"]),
        (["name": ""], ["`name`: expected a string that is not empty, found the string \"\""]),
        (["name": "a", "tenant": .null], ["`tenant`: expected a string that is not empty, found null"]),
        (["name": "a", "tenant": false], ["`tenant`: expected a string that is not empty, found false"]),
        (["name": "a", "Tenant": "x"], ["unknown key `Tenant` (did you mean `tenant`?)"]),
        (
            ["name": "a", "level": "proces"],
            ["`level`: expected \"state\" or \"process\", found the string \"proces\""]
        ),
        (["name": "a", "tasks": 0], ["`tasks`: expected a positive integer, found the number 0"]),
        (["name": "a", "dooms": 1], ["unknown key `dooms` (it is called `maxRestarts` now)"]),
        (["name": "a", "net": ["x", 5]], ["`net[2]`: expected a string, found the number 5"]),
        (["name": "a", "net": "x"], ["`net`: expected a list of strings, found the string \"x\""]),
        (
            ["name": "a", "shared": ["stats d": ["singelton": true]]],
            ["unknown key `shared[\"stats d\"].singelton` (did you mean `singleton`?)"]
        ),
        (
            ["name": "a", "remotes": [["singleton": true], ["singleton": 1, "x": 2]]],
            [
                "`remotes[2].singleton`: expected a boolean, found the number 1", "unknown key `remotes[2].x`",
            ]
        ),
        (
            ["name": "a", "remotes": ["singleton": true]],
            ["unknown key `remotes.singleton` (a list of remotes needs one more pair of braces)"]
        ),
        (["name": "a", "get": 5], ["`get`: expected a function, found the number 5"]),
        (["name": "a", "a\nb": 5], ["unknown key `a\\nb`"]),
        (5, ["expected a table, found the number 5"]),
    ]

    @Test(arguments: wrong) func eachProblemIsToldWithItsPlace(value: LuaValue, texts: [String]) throws {
        #expect(try Self.problems(value) == texts)
    }

    @Test func oneErrorNamesEverything() throws {
        let error = try #require(throws: MFError.self) {
            try Self.table.read(["name": 5, "tenat": "x", "level": 1], of: "init")
        }
        #expect(error.code == .invalidOptions)
        #expect(
            error.message
                == "invalid options for `init`: `name`: expected a string that is not empty, found the number 5; "
                + "`level`: expected \"state\" or \"process\", found the number 1; "
                + "unknown key `tenat` (did you mean `tenant`?)")
        #expect(error["option"] == "name")
    }

    @Test func orderOfTheKeysChangesNothing() throws {
        var random = SeededGenerator(seed: 12)
        let entries: [(LuaValue, LuaValue)] = [
            ("zeta", 1), ("alpha", 2), ("level", 3), ("name", 4), ("net", ["y": 1, "x": 2]), (.integer(9), 1),
            (.integer(7), 1), (.boolean(true), 1), (.number(0.5), 1), (.integer(1), 1),
            ("shared", ["b": ["c": 1, "a": 2], "a": 5]),
        ]
        func record(_ entries: [(LuaValue, LuaValue)]) -> LuaValue {
            .record(LuaRecord(entries.map { LuaRecord.Entry(key: $0.0, value: $0.1) }))
        }
        let expected = try Self.problems(record(entries))
        #expect(expected.count == 14)
        for _ in 0..<200 {
            #expect(try Self.problems(record(entries.shuffled(using: &random))) == expected)
        }
    }

    @Test func tablesThatContainThemselvesEnd() throws {
        var deep: LuaValue = ["again": [:]]
        for _ in 0..<100 { deep = ["again": deep] }
        let table = Nested.table
        let error = try #require(throws: MFError.self) { try table.read(deep, of: "f") }
        #expect(error.message.contains("is nested too deeply"))
    }

    private enum Nested {
        static let table: OptionTable = OptionTable([.init("again", .options("mf.Nested", Nested.table))])
    }
}
