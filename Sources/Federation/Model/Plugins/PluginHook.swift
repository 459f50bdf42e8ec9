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
    let order: PluginOrder?
}

/// The keys of a listener that is written as a table.
enum PluginHookTable {
    static let options = OptionTable([
        .init("filter", .hookFilter, "Patterns over the hook's text arguments, `remote`, `code` or `initiator`."),
        .init("order", .word("pre", "post"), "Its place in this hook: before or after those that say nothing."),
        .init("handler", .function("fun(args: table): any"), "The listener.", isRequired: true),
    ])

    /// Everything that is wrong with one, as one error.
    static func problem(with table: LuaValue, hook: String, plugin: String) -> MFError? {
        do {
            _ = try options.read(table, of: hook)
            return nil
        } catch let error as MFError {
            return MFError(
                .pluginInvalid, "hook `\(hook)` of plugin `\(plugin)`: \(error.message)",
                context: [("plugin", plugin), ("hook", hook)], hint: error.hint)
        } catch {
            return nil
        }
    }
}
