import LuaBridge
import LuaLibrary

/// Finds the names that go among the hooks and arguments of a plugin that is attached or replaced.
///
/// Hooks and filters are looked at then; listeners of hooks that have arguments that go are wrapped, so that a dispatch
/// asks nothing.
struct DeprecatedNames {
    let registry: FederationRegistry
    let hooks: HookTable

    /// Tells of the hooks that a plugin listens to and of the arguments that its filters name.
    func tell(of plugin: RegisteredPlugin) {
        for (name, place, keys) in listeners(of: plugin) {
            guard let hook = hooks.named[name] else { continue }
            if let deprecation = hook.availability.deprecated {
                registry.tell(ofUse: name, deprecation, by: .plugin(plugin.name), at: place())
            }
            for (key, deprecation) in hook.deprecatedFields {
                if keys.contains(key) { tell(key, of: name, deprecation, plugin.name, at: place()) }
                if plugin.settings.only.list.contains(where: { $0.key == key }) {
                    tell(key, of: name, deprecation, plugin.name, at: plugin.listedAt())
                }
            }
        }
    }

    private func tell(_ field: String, of hook: String, _ deprecation: Deprecation, _ plugin: String, at place: String?)
    {
        registry.tell(ofUse: "args.\(field)", deprecation, by: .plugin(plugin), at: place)
    }

    /// The hooks of a plugin, where its listeners are written, and the arguments that their filters ask for.
    private func listeners(of plugin: RegisteredPlugin) -> [(name: String, place: () -> String?, keys: [String])] {
        switch plugin.body {
        case .lua(let lua): lua.hooks.map { hook in (hook.name, { hook.function.place }, hook.filter.arguments) }
        case .swift(let swift): swift.heard.map { hook in (hook.name, { nil }, hook.keys) }
        case .tenant(let tenant, let source):
            tenant.hooks.map { hook in
                (
                    hook, { source.writing(of: hook) },
                    tenant.filters[hook]?.arguments ?? []
                )
            }
        }
    }

    /// A listener that tells when it uses an argument of its hook that goes; itself where the hook has none.
    func telling(_ hook: PluginHook, of plugin: String) -> LuaFunction {
        guard let fields = hooks.named[hook.name]?.deprecatedFields, !fields.isEmpty else { return hook.function }
        // What is not told of is called all the same.
        return (try? wrapped(hook.function, telling: fields, of: plugin)) ?? hook.function
    }

    private func wrapped(
        _ function: LuaFunction, telling fields: [String: Deprecation], of plugin: String
    ) throws -> LuaFunction? {
        let state = function.state
        let tell = LuaCallable("tell") { [registry] call in
            let field = try call.string(0)
            guard let deprecation = fields[field] else { return [] }
            registry.tell(
                ofUse: "args.\(field)", deprecation, by: .plugin(plugin), at: try call.optionalString(1))
            return []
        }
        let names = LuaRecord(fields.keys.map { ($0, .boolean(true)) })
        let chunk = try state.load(LuaLibrary.source(of: "mf/arguments.lua"), name: "@mf/arguments.lua")
        guard let wrap = try state.call(chunk, [.callable(tell), .record(names)]).first?.functionValue else {
            return nil
        }
        return try state.call(wrap, [.function(function)]).first?.functionValue
    }
}

extension PluginSource {
    /// Where a key of the plugin's table is written, as far as its text tells.
    fileprivate func writing(of key: String) -> String {
        let written = text.map { SourceText(name: path, bytes: $0) } ?? SourceText(file: path)
        return written?.place(of: [key]) ?? path
    }
}
