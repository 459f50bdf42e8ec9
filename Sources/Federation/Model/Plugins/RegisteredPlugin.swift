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
    /// Its calls and failures, over all generations; there once it is attached.
    var account: PluginAccount?

    var name: String {
        switch body {
        case .lua(let plugin): plugin.name
        case .swift(let plugin): plugin.name
        case .tenant(let plugin, _): plugin.qualifiedName
        }
    }

    /// Whether it runs in a tenant.
    var isTenants: Bool { if case .tenant = body { true } else { false } }

    /// The account of a plugin that is attached.
    var known: PluginAccount {
        guard let account else { preconditionFailure("plugin `\(name)` is not attached") }
        return account
    }

    /// Where it was read from, for messages.
    var place: String { source.map { " from `\($0.path)`" } ?? "" }

    /// Its place among the plugins.
    var order: PluginOrder { if case .lua(let plugin) = body { plugin.order } else { .listed } }

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

/// Where a plugin's listeners stand among those of others.
enum PluginOrder: Sendable {
    /// Before those that say nothing.
    case pre
    /// As the plugins were attached.
    case listed
    /// After those that say nothing.
    case post

    /// What is added to a plugin's number for its place.
    var rank: Int {
        switch self {
        case .pre: -Self.distance
        case .listed: 0
        case .post: Self.distance
        }
    }

    /// More than there are ever plugins.
    fileprivate static let distance = 1 << 40

    /// Reads `order` of a plugin; what is no text is the author's own.
    init(_ value: LuaValue?, plugin: String, source: String?) throws {
        switch value?.stringValue {
        case nil: self = .listed
        case "pre": self = .pre
        case "post": self = .post
        case let text?:
            throw MFError(
                .pluginInvalid, "`order` of plugin `\(plugin)` is `\(text)`",
                context: [("plugin", plugin), ("file", source)], hint: "set it to `pre` or `post`, or omit it")
        }
    }
}

extension PluginID {
    /// The place in a hook for which the plugin says an order of its own.
    func rank(in order: PluginOrder?) -> Int {
        guard let order else { return rank }
        let half = PluginOrder.distance / 2
        let listed = rank > half ? rank - PluginOrder.distance : rank < -half ? rank + PluginOrder.distance : rank
        return listed + order.rank
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
    let order: PluginOrder
    let source: PluginSource?
    /// What its table has that is probably meant otherwise, for the log.
    let doubts: [String]

    /// Reads a plugin's table and checks it against the declared hooks.
    ///
    /// - Throws: ``MFError`` with `HOOK-001` for a function under a name that is no hook, `HOOK-005` without a name,
    ///   `HOOK-006` for anything else that is no plugin.
    ///   Several problems are told together, as `HOOK-006` where they differ.
    init(_ table: LuaTable, of hookTable: HookTable, source: PluginSource? = nil) throws {
        let entries = Dictionary(
            try table.pairs().compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }
        ) { $1 }
        let problems = try Self.problems(of: entries, hooks: hookTable.names, path: source?.path)
        if let error = MFError.together(problems, source: source?.path) { throw error }
        name = entries["name"]?.stringValue ?? ""
        order = try PluginOrder(entries["order"], plugin: name, source: source?.path)
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
                return PluginHook(name: hook.name, function: function, filter: filter, order: nil)
            case .table:
                let parts = try PluginHookTable.options.read(value, of: hook.name)
                try filter.add(HookFilter.Patterns(parts["filter"]), for: hook)
                guard let function = parts["handler"].functionValue else { return nil }
                let order =
                    parts["order"].isNil
                    ? nil : try PluginOrder(parts["order"], plugin: plugin, source: source)
                return PluginHook(name: hook.name, function: function, filter: filter, order: order)
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
        for function in functionsBesideHooks.sorted() {
            guard let value = entries[function], value.functionValue == nil else { continue }
            problems.append(.hookNotFunction(function, found: value.luaTypeName, plugin: name, source: path))
        }
        let known = Set(hooks)
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
