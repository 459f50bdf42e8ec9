import Diagnostics
import LuaBridge

extension PluginReader {
    /// The filters of a tenant's plugin and of its entry, by hook: checked as those of the host's own plugins are.
    func filters(of plugin: TenantPlugin, _ source: PluginSource) throws -> [String: HookFilter] {
        var problems: [MFError] = []
        func check(_ value: LuaValue, path: String) throws -> HookFilter.Patterns {
            var checker = OptionChecker(path: path)
            try OptionType.hookFilter.check(value, &checker)
            problems += checker.problems.map {
                MFError(
                    .badHookFilter, "plugin `\(plugin.name)`: \($0.text)",
                    context: [("plugin", plugin.name), ("source", source.path)], hint: $0.hint)
            }
            return try HookFilter.Patterns(value)
        }
        let own = plugin.filter.isNil ? HookFilter.Patterns() : try check(plugin.filter, path: "filter")
        var filters: [String: HookFilter] = [:]
        for hook in Lifecycle.table.all where plugin.functions.contains(hook.name) {
            var filter = HookFilter()
            try filter.add(own, for: hook, sharedAs: "filter")
            try filter.add(source.settings.only, for: hook, sharedAs: "only")
            if let table = plugin.hookTables[hook.name] {
                for key in ["order", "before", "after"] where !table[key].isNil {
                    problems.append(.orderOfTenant(key, hook: hook.name, plugin: plugin.name, source: source.path))
                }
                // Its handler is the tenant's: a function in place of the reference to it.
                var table = table
                table["handler"] = plugin.function(hook.name).map { .callable($0) } ?? .nil
                if let problem = try PluginHookTable.problem(
                    with: .record(table), hook: hook.name, plugin: plugin.name, source: source.path)
                {
                    problems.append(problem)
                } else if !table["filter"].isNil {
                    try filter.add(check(table["filter"], path: "\(hook.name).filter"), for: hook)
                }
            }
            filters[hook.name] = filter
        }
        if let error = MFError.together(problems, source: source.path) { throw error }
        return filters
    }
}

extension PluginReader {
    /// What a tenant's plugin says of its place, checked as in those of the host's own plugins.
    func placement(of plugin: TenantPlugin, _ source: PluginSource) throws -> PluginPlacement {
        var problems = try PluginPlacement.problems { plugin.placementKeys[$0] }.map { _, problem in
            MFError(
                .pluginInvalid, "plugin `\(plugin.name)`: \(problem.text)",
                context: [("plugin", plugin.name), ("source", source.path)], hint: problem.hint)
        }
        if let problem = PluginPlacement.problem(
            withOrder: plugin.placementKeys["order"], plugin: plugin.name, source: source.path)
        {
            problems.append(problem)
        }
        if let error = MFError.together(problems, source: source.path) { throw error }
        return PluginPlacement { plugin.placementKeys[$0] ?? .nil }
    }
}

extension MFError {
    /// A tenant's plugin says where it stands among the listeners of a hook.
    fileprivate static func orderOfTenant(_ key: String, hook: String, plugin: String, source: String) -> MFError {
        MFError(
            .pluginInvalid,
            "hook `\(hook)` of plugin `\(plugin)` has \(key == "order" ? "an" : "a") `\(key)`, which a tenant's plugin cannot have",
            context: [("plugin", plugin), ("source", source)],
            hint: "remove `\(key)`: a tenant's plugin is called where the owner has listed it")
    }
}
