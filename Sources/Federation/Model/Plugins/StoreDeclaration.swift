import Diagnostics
import LuaBridge

/// What a plugin says of its store: `store = { version = 2, migrate = function(kv, from) … end }`.
struct StoreDeclaration: Sendable {
    /// The version of the contents that the plugin reads and writes.
    let version: Int
    /// Brings contents of an earlier version to this one; nil where there is none, or where it is a tenant's function.
    let migrate: LuaFunction?

    /// The contents' version where nothing was said of it.
    static let firstVersion = 1

    /// The keys of the table.
    static let options = OptionTable([
        .init(
            "version", .integer(from: 1), "The version of what the plugin keeps; 1 where it does not say.",
            isRequired: true, takesNull: false),
        .init(
            "migrate", .function("fun(kv: mf.Store, from: integer)"),
            "Brings what an earlier version has kept to this one, in a copy that counts when it returns; may not wait."),
    ])

    /// Everything that is wrong with a value.
    static func problems(with value: LuaValue) throws -> [OptionProblem] {
        var checker = OptionChecker(path: "store")
        guard value.isTable else {
            checker.expected("a table with `version` and `migrate`", found: value)
            return checker.problems
        }
        try options.check(value, &checker)
        return checker.problems
    }

    /// Reads a value that has no problems.
    init(_ value: LuaValue) throws {
        version = try value.field("version").intValue ?? Self.firstVersion
        migrate = try value.field("migrate").functionValue
    }

    init(version: Int) { (self.version, migrate) = (version, nil) }
}

extension MFError {
    /// `store` of a plugin's table that cannot be.
    static func badStoreDeclaration(_ problem: OptionProblem, plugin: String, source: String?) -> MFError {
        MFError(
            .pluginInvalid, "plugin `\(plugin)`: \(problem.text)", context: [("plugin", plugin), ("file", source)],
            hint: problem.hint ?? "write `store = { version = 2, migrate = function(kv, from) … end }`")
    }

    /// `store` of a plugin that has no file.
    static func storeWithoutFile(plugin: String) -> MFError {
        MFError(
            .pluginInvalid, "`store` of plugin `\(plugin)`: the plugin has no file of its own, and so no `mf.store()`",
            context: [("plugin", plugin)],
            hint: "move the plugin to a file, or leave `store` out and use `mf.store(\"name\")`")
    }
}
