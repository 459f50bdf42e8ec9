import Diagnostics
import LuaBridge

/// A listener as a plugin declares it: a function, or `{ filter = { id = "billing/*" }, order = "pre", handler = f }`.
struct PluginHook: Sendable {
    /// The hook.
    let name: String
    let function: LuaFunction
    /// For which calls it is called: the plugin's own patterns and the hook's.
    let filter: HookFilter
    /// Its place in this hook, where it differs from the plugin's.
    let placement: PluginPlacement
}

/// The keys of a listener that is written as a table.
enum PluginHookTable {
    static let options = OptionTable([
        .init("filter", .hookFilter, "Patterns over the hook's text arguments, `remote`, `code` or `initiator`."),
        .init("order", .word("pre", "post"), "Its place in this hook: before or after those that say nothing."),
        .init("before", .pluginNames, "Names of plugins that are called later in this hook."),
        .init("after", .pluginNames, "Names of plugins that are called earlier in this hook."),
        .init("handler", .function("fun(args: table): any"), "The listener.", isRequired: true),
    ])

    /// Everything that is wrong with one, as one error.
    ///
    /// - Throws: What a metamethod of the table raises.
    static func problem(with table: LuaValue, hook: String, plugin: String, source: String?) throws -> MFError? {
        var checker = OptionChecker()
        try options.check(table, &checker)
        guard !checker.problems.isEmpty else { return nil }
        return MFError(
            .pluginInvalid,
            "hook `\(hook)` of plugin `\(plugin)`: \(checker.problems.map(\.text).joined(separator: "; "))",
            context: [("plugin", plugin), ("hook", hook), ("source", source)],
            hint: checker.problems.lazy.compactMap(\.hint).first
                ?? "a hook is a function, or a table with `handler` and, if you like, `filter` and `order`")
    }
}
