import Diagnostics
import EventLoops
import LuaBridge

/// A plugin as a host has attached it: its name, its listeners and where it came from.
struct RegisteredPlugin: Sendable {
    /// What the plugin is made of.
    enum Body: Sendable {
        case lua(LuaPlugin)
        case swift(Plugin)
        /// One that runs in a tenant, and what it was read from.
        case tenant(TenantPlugin, PluginSource)
    }

    var id: PluginID
    let body: Body
    /// What `options.plugins` shows.
    let value: LuaValue
    /// What the plugin declares of its options, if it does.
    var schema: OptionSchema?
    /// What its secrets belong to, where it has no file.
    var holder: (any SecretHolder)?
    /// What `apply` of a plugin without a file has begun; one of a file has its generation's.
    var applied: Lifetime?
    /// What the owner says of it.
    var settings = PluginSettings()
    /// Where it is listed, for messages.
    var listedAt: @Sendable () -> String? = { nil }
    /// Its calls and failures, over all generations; there once it is attached.
    var account: PluginAccount?

    var name: String {
        switch body {
        case .lua(let plugin): plugin.name
        case .swift(let plugin): plugin.name
        case .tenant(let plugin, _): plugin.qualifiedName
        }
    }

    /// The name that its author gave it: a tenant's plugin has that of its tenant in front where hosts speak of it.
    var ownName: String { if case .tenant(let plugin, _) = body { plugin.name } else { name } }

    /// Whether it runs in a tenant.
    var isTenants: Bool { if case .tenant = body { true } else { false } }

    /// The account of a plugin that is attached.
    var known: PluginAccount {
        guard let account else { preconditionFailure("plugin `\(name)` is not attached") }
        return account
    }

    /// Where it was read from, for messages.
    var place: String { source.map { " from `\($0.path)`" } ?? "" }

    /// What its author says of its place.
    var placement: PluginPlacement {
        switch body {
        case .lua(let plugin): plugin.placement
        case .tenant(let plugin, _): plugin.placement
        case .swift(let plugin): plugin.placement
        }
    }

    /// What its author says of its place in single hooks.
    var hookPlacements: [String: PluginPlacement] {
        switch body {
        case .lua(let plugin):
            Dictionary(plugin.hooks.map { ($0.name, $0.placement) }) { first, _ in first }.filter { !$0.value.isEmpty }
        case .tenant: [:]
        case .swift(let plugin): plugin.hookPlacements
        }
    }

    /// What it says of its store, if it does.
    var store: StoreDeclaration? {
        switch body {
        case .lua(let plugin): plugin.store
        case .tenant(let plugin, _): plugin.storeVersion.map { StoreDeclaration(version: $0) }
        case .swift: nil
        }
    }

    /// The version it names, if it does.
    var version: LuaValue {
        switch body {
        case .lua(let plugin): (try? plugin.table.get("version")) ?? .nil
        case .tenant(let plugin, _): .optional(plugin.version)
        case .swift(let plugin): .optional(plugin.version)
        }
    }

    /// The file it was read from, if it was.
    var source: PluginSource? {
        switch body {
        case .lua(let plugin): plugin.source
        case .tenant(_, let source): source
        case .swift: nil
        }
    }
}

/// The file, or the text from memory, that a plugin was read from, and the options it was made with: what a reload needs.
struct PluginSource: Sendable {
    let path: String
    let options: LuaValue
    let tenant: String?
    /// What its entry says.
    let settings: PluginSettings
    /// The version that was read.
    var generation = PluginGeneration()
    /// The text, of a plugin that was given from memory.
    let text: [UInt8]?
    /// The options as they were then: the table that was given may be another by now.
    private let optionsRead: LuaValue?

    init(
        path: String, options: LuaValue, tenant: String?, settings: PluginSettings = PluginSettings(),
        generation: PluginGeneration = PluginGeneration(), text: [UInt8]? = nil
    ) {
        (self.path, self.options, self.tenant, self.text) = (path, options, tenant, text)
        (self.settings, self.generation) = (settings, generation)
        optionsRead = try? options.detached()
    }

    /// Whether both are the same file or text, in the same tenant.
    func isPlace(of other: PluginSource) -> Bool { path == other.path && tenant == other.tenant && text == other.text }

    /// Whether the plugin would be made with the same options. Functions are the same when they are one.
    func hasOptions(_ other: LuaValue) -> Bool {
        guard let optionsRead, let other = try? other.detached() else { return options == other }
        return optionsRead == other
    }

    /// The same file, to be read once more, with other options if they are given.
    func next(_ generation: PluginGeneration, options: LuaValue? = nil) -> PluginSource {
        PluginSource(
            path: path, options: options ?? self.options, tenant: tenant, settings: settings,
            generation: generation, text: text)
    }
}

/// A Lua table with a `name` and functions under the names of hooks.
struct LuaPlugin: Sendable {
    let name: String
    let table: LuaTable
    let hooks: [PluginHook]
    let apply: LuaFunction?
    /// Says how the plugin is.
    let health: LuaFunction?
    let placement: PluginPlacement
    /// What it says of its store, if it does.
    let store: StoreDeclaration?
    let source: PluginSource?
    /// What its table has that is probably meant otherwise, for the log.
    let doubts: [String]

    /// Reads a plugin's table and checks it against the declared hooks.
    ///
    /// - Throws: ``MFError`` with `HOOK-001` for a function under a name that is no hook, `HOOK-005` without a name,
    ///   `HOOK-006` for anything else that is no plugin.
    ///   Several problems are told together, as `HOOK-006` where they differ.
    ///
    /// - Parameter entry: What the owner says of its place; nil: what the source says.
    init(
        _ table: LuaTable, of hookTable: HookTable, source: PluginSource? = nil, entry: PluginPlacement? = nil
    ) throws {
        let entries = Dictionary(
            try table.pairs().compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }
        ) { $1 }
        try Self.expectVersion(entries, source: source, entry: entry ?? source?.settings.placement)
        let problems = try Self.problems(of: entries, hooks: hookTable.names, path: source?.path)
        if let error = MFError.together(problems, source: source?.path) { throw error }
        name = entries["name"]?.stringValue ?? ""
        placement = PluginPlacement { entries[$0] ?? .nil }
        store = try entries["store"].map { try StoreDeclaration($0) }
        self.table = table
        apply = entries["apply"]?.functionValue
        health = entries["health"]?.functionValue
        self.source = source
        doubts = Self.doubts(about: entries, plugin: name, hooks: hookTable.names)
        let patterns = try HookFilter.Patterns(entries["filter"] ?? .nil)
        // In the order of the declarations: a table has none.
        hooks = try hookTable.all.compactMap { [name] hook in
            guard let value = entries[hook.name] else { return nil }
            return try Self.hook(hook, value, patterns, plugin: name, source: source?.path)
        }
    }

    private static func hook(
        _ hook: any DeclaredHook, _ value: LuaValue, _ patterns: HookFilter.Patterns, plugin: String, source: String?
    ) throws -> PluginHook? {
        var filter = HookFilter()
        do {
            try filter.add(patterns, for: hook, sharedAs: "filter")
            switch value {
            case .function(let function):
                return PluginHook(
                    name: hook.name, function: function, filter: filter, placement: PluginPlacement())
            case .table:
                let parts = try PluginHookTable.options.read(value, of: hook.name)
                try filter.add(HookFilter.Patterns(parts["filter"]), for: hook)
                guard let function = parts["handler"].functionValue else { return nil }
                return PluginHook(
                    name: hook.name, function: function, filter: filter,
                    placement: PluginPlacement { parts[$0] })
            default: return nil
            }
        } catch let error as MFError {
            throw error.adding(context: [("plugin", plugin), ("file", source)])
        }
    }

    /// Everything that is wrong with a plugin's table: its name, then its hooks in the order of their declarations, then
    /// what it has besides, sorted.
    static func problems(of table: LuaTable, hooks: [String]) throws -> [MFError] {
        try problems(
            of: Dictionary(
                table.pairs().compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }
            ) { $1 }, hooks: hooks, path: nil)
    }

    private static func problems(
        of entries: [String: LuaValue], hooks: [String], path: String?
    ) throws -> [MFError] {
        var problems: [MFError] = []
        let sorted = entries.sorted { $0.key < $1.key }
        let name = entries["name"]?.stringValue ?? ""
        if name.isEmpty {
            let place = sorted.lazy.compactMap(\.value.functionValue?.place).first
            problems.append(.pluginWithoutName(source: path ?? place))
        }
        if !Plugin.isName(name) { problems.append(.badPluginName(name, source: path)) }
        for hook in hooks {
            guard let value = entries[hook], value.functionValue == nil else { continue }
            if case .table(let table) = value {
                if let problem = try PluginHookTable.problem(
                    with: .table(table), hook: hook, plugin: name, source: path)
                {
                    problems.append(problem)
                }
            } else {
                problems.append(.hookNotFunction(hook, found: value.luaTypeName, plugin: name, source: path))
            }
        }
        if let filter = entries["filter"] {
            var checker = OptionChecker(path: "filter")
            try OptionType.hookFilter.check(filter, &checker)
            problems += checker.problems.map { problem in
                MFError(
                    .badHookFilter, "plugin `\(name)`: \(problem.text)", context: [("plugin", name), ("source", path)],
                    hint: problem.hint)
            }
        }
        if let problem = PluginPlacement.problem(withOrder: entries["order"], plugin: name, source: path) {
            problems.append(problem)
        }
        problems += try PluginPlacement.problems { entries[$0] }.map { _, problem in
            MFError(
                .pluginInvalid, "plugin `\(name)`: \(problem.text)", context: [("plugin", name), ("source", path)],
                hint: problem.hint)
        }
        if let store = entries["store"] {
            problems += try StoreDeclaration.problems(with: store).map { problem in
                .badStoreDeclaration(problem, plugin: name, source: path)
            }
        }
        for function in functionsBesideHooks.sorted() {
            guard let value = entries[function], value.functionValue == nil else { continue }
            problems.append(.hookNotFunction(function, found: value.luaTypeName, plugin: name, source: path))
        }
        let known = Set(hooks + PluginPlacement.keys.map(\.name) + ["store"])
        for (key, value) in sorted where !known.contains(key) && !functionsBesideHooks.contains(key) {
            if case .function(let function) = value {
                problems.append(.unknownHook(key, plugin: name, source: function.place ?? path, known: hooks))
            } else if key == "tenants" || key.closestMatch(in: ["tenant"]) != nil || key == "tenant" {
                problems.append(.tenantInsidePlugin(key, plugin: name))
            }
        }
        return problems
    }

    /// Functions of a plugin that are no hooks: `apply` is called once when the plugin is attached, `health` when somebody
    /// asks after it, the others belong to hot reload.
    static let functionsBesideHooks: Set<String> = ["apply", "beforeReload", "afterReload", "health"]
}
