import Diagnostics
import EventLoops
package import LuaBridge

/// A plugin whose code runs in a tenant.
///
/// Its hooks are called by name. They see copies and read-only views, and change what they return.
package final class TenantPlugin: @unchecked Sendable {
    // Constants, but for what is set before the plugin is attached, and constant from then on.

    /// The plugin's name.
    package let name: String
    /// Its version, if it says one.
    package let version: String?
    /// The tenant it runs in.
    package let tenant: Tenant
    /// The name that hosts know it by, `acme/x-plugin`: a bare name is always one of the owner's plugins.
    package var qualifiedName: String { "\(tenant.name)/\(name)" }
    /// Whether the owner has the loads fail that its hooks fail in, be they the tenant's own or not.
    package internal(set) var failsClosed: Bool
    /// The names of its functions, sorted: hooks, and what else it has.
    package let functions: [String]
    private let listeners: [String: TenantFunctionProxy]
    /// Its `filter`, as it was given.
    let filter: LuaValue
    /// What it says of its place, as it was given.
    let placementKeys: [String: LuaValue]
    /// The same; set once it was checked.
    var placement = PluginPlacement()
    /// The hooks that are written as tables, without their handlers.
    let hookTables: [String: LuaRecord]
    /// What it says of its store, but for the function in it.
    let store: LuaValue
    /// `migrate` of that: called with the version that the contents are of.
    let migrate: LuaCallable?
    /// The version that it says the contents of its store are of, if it does.
    var storeVersion: Int? { store.recordValue?["version"].intValue }
    /// For which calls its listeners are called, by hook; set once it was checked.
    var filters: [String: HookFilter] = [:]

    init(
        name: String, version: String?, tenant: Tenant, listeners: [String: TenantFunctionProxy], filter: LuaValue,
        placementKeys: [String: LuaValue], hookTables: [String: LuaRecord],
        store: LuaValue, migrate: TenantFunctionProxy?
    ) {
        (self.name, self.version, self.tenant, self.listeners) = (name, version, tenant, listeners)
        (self.filter, self.placementKeys, self.hookTables) = (filter, placementKeys, hookTables)
        self.store = store
        self.migrate = migrate.map { migrate in
            LuaCallable("migrate") { call in
                try tenant.start(migrate, call.arguments, canWait: false).finished("migrate")
            }
        }
        functions = listeners.keys.sorted()
        failsClosed = tenant.options.failClosed
    }

    /// A function of the plugin as a function of the host; nil when there is none.
    package func function(_ name: String) -> LuaCallable? {
        guard let listener = listeners[name] else { return nil }
        let tenant = tenant
        return LuaCallable(starting: name) { call in
            try tenant.start(listener, call.arguments, canWait: call.state.canWait)
        }
    }

    /// Calls the listener of a hook that does not wait.
    ///
    /// - Returns: As from ``LuaState/emit(_:_:_:keep:)`` of this listener alone; nothing, and the values as they are, when
    ///   the plugin does not listen or is passed over.
    /// - Throws: ``MFError``: what the listener raises, `LIMIT` codes if it exceeds a limit.
    package func emit(_ kind: LuaEmission.Kind, hook: String, _ shape: LuaShape, _ values: [LuaValue]) throws
        -> LuaEmission.Result
    {
        guard let listener = listeners[hook], !isPassedOver else { return Self.nothing(values) }
        let imported = try tenant.imported(values)
        let result = try tenant.atOnce { instance in
            try instance.emit(kind, try listener.resolved(in: instance), shape, imported)
        }
        return try exported(result, values, imported)
    }

    /// Calls the listener of a hook that may wait.
    ///
    /// - Throws: ``MFError``: what the listener raises, `LIMIT` codes if it exceeds a limit.
    package func emitAsync(_ kind: LuaEmission.Kind, hook: String, _ shape: LuaShape, _ values: [LuaValue]) async throws
        -> LuaEmission.Result
    {
        guard let listener = listeners[hook], !isPassedOver else { return Self.nothing(values) }
        let imported = try tenant.imported(values)
        let instance = try tenant.current()
        tenant.calls += 1
        do {
            let export = try listener.resolved(in: instance)
            switch try tenant.timed({ try instance.startEmission(kind, export, shape, imported) }) {
            case .done(let result):
                if instance.isTerminated, let violation = instance.violation { throw violation }
                return try exported(result, values, imported)
            case .waiting(let rest):
                return try exported(try await tenant.withinLoad(instance, rest), values, imported)
            }
        } catch {
            throw tenant.failure(error, of: instance)
        }
    }

    /// Whether its hooks are passed over at the moment.
    private var isPassedOver: Bool { tenant.suspension != nil && !failsClosed }

    private static func nothing(_ values: [LuaValue]) -> LuaEmission.Result {
        LuaEmission.Result(outcome: .nil, isData: false, aborted: false, fields: values)
    }

    private func exported(_ result: LuaEmission.Result, _ values: [LuaValue], _ imported: [LuaValue]) throws
        -> LuaEmission.Result
    {
        var result = result
        result.outcome = try tenant.exported(result.outcome)
        guard result.hasChanges else {
            result.fields = values
            return result
        }
        for index in result.fields.indices {
            switch result.fields[index] {
            case .nil, .boolean, .integer, .number, .string, .bytes, .null: continue
            case let field:
                // A table or function that was not touched is the one that was given.
                let untouched = index < imported.count && field == imported[index]
                result.fields[index] = untouched ? values[index] : try tenant.exported(field)
            }
        }
        return result
    }
}

extension TenantPlugin: LuaObject {
    /// `mf.TenantPlugin`, as `options.plugins` shows it.
    package static let luaTypeName = "mf.TenantPlugin"
    package var luaKeys: [LuaKey] { ["name", "version", "tenant"].map { .string($0) } }
    package func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("name"): .string(qualifiedName)
        case .string("version"): version.map { .string($0) } ?? .nil
        case .string("tenant"): .string(tenant.name)
        default: .nil
        }
    }
}

extension Tenant {
    /// Runs a plugin's chunk; when it gives a function, calls that with the options.
    ///
    /// - Throws: ``MFError`` with `HOOK-005` without a name, `HOOK-006` when it gives no plugin, `LIMIT-…` or `LUA-…` when
    ///   it fails.
    package func loadPlugin(
        _ source: [UInt8], name: String, options: LuaValue = .nil, modules: TenantModules? = nil
    ) throws -> TenantPlugin {
        try loadPlugin(source, name: name, options: options, modules: modules, lifetime: nil)
    }

    /// Runs a plugin's chunk whose tasks belong to a lifetime.
    ///
    /// - Parameter prepare: Makes the options of a plugin that declares them; see ``TenantDeclaration``.
    func loadPlugin(
        _ source: [UInt8], name: String, options: LuaValue, prepare: LuaCallable? = nil, modules: TenantModules?,
        atOnce known: (@Sendable (String) -> TenantModuleAtOnce)? = nil, lifetime: Lifetime?,
        store: (any StoreAccess)? = nil
    ) throws -> TenantPlugin {
        loop.checkOnLoop("Tenant")
        let number = takeNumber(for: lifetime)
        stores[number] = store
        let origin = ReplayableCall(
            Self.pluginLoader, name: "=plugin",
            [.of(source), .string(name), try imported(options), try imported(prepare.map { .callable($0) } ?? .nil)],
            modules: modules.map { finder($0, atOnce: known) }, canWait: false, number: number)
        let results = try atOnce { try origin.run(in: $0, canWait: false).finished(name) }
        guard let record = results.first?.recordValue else {
            throw MFError.pluginInvalid(found: results.first?.luaTypeName ?? "nil", source: name)
        }
        guard let pluginName = record["name"].stringValue, !pluginName.isEmpty else {
            throw MFError.pluginWithoutName(source: name)
        }
        guard Plugin.isName(pluginName) else { throw MFError.badPluginName(pluginName, source: name) }
        let place = ExportPath(origin, result: 0)
        var listeners: [String: TenantFunctionProxy] = [:]
        var tables: [String: LuaRecord] = [:]
        var (declared, migrate) = (record["store"], nil as TenantFunctionProxy?)
        if case .record(let table) = declared {
            declared = .record(LuaRecord(table.entries.filter { $0.value.objectValue as? TenantExport == nil }))
            if case .object(let object) = table["migrate"], let export = object as? TenantExport {
                migrate = TenantFunctionProxy(self, export, place.at(.string("store")).at(.string("migrate")))
            }
        }
        for entry in record.entries {
            guard case .string(let key) = entry.key else { continue }
            if case .object(let object) = entry.value, let export = object as? TenantExport {
                listeners[key] = TenantFunctionProxy(self, export, place.at(entry.key))
            } else if case .record(let table) = entry.value, case .object(let object) = table["handler"],
                let export = object as? TenantExport
            {
                listeners[key] = TenantFunctionProxy(self, export, place.at(entry.key).at(.string("handler")))
                tables[key] = table
            }
        }
        return TenantPlugin(
            name: pluginName, version: record["version"].stringValue, tenant: self, listeners: listeners,
            filter: record["filter"],
            placementKeys: ["order", "before", "after", "requires"].reduce(into: [:]) { $0[$1] = record[$1] },
            hookTables: tables, store: declared, migrate: migrate)
    }

    /// Loads the chunk in `...`: source, name, options, and what prepares the options of a plugin that declares them.
    ///
    /// A declaration goes out as data and the names of its functions.
    private static let pluginLoader = Array(
        """
        local source, name, options, prepare = ...
        local function data(value, depth)
          if type(value) ~= "table" or depth > 32 then return value end
          local copy = {}
          for key, field in pairs(value) do
            if type(field) ~= "function" then copy[key] = data(field, depth + 1) end
          end
          return copy
        end
        local function read_only(value)
          if type(value) ~= "table" then return value end
          local fields = {}
          for key, field in pairs(value) do fields[key] = read_only(field) end
          return setmetatable({}, {
            __index = fields, __len = function() return #fields end, __metatable = false,
            __pairs = function() return next, fields end,
            __newindex = function() error("the table is read-only", 2) end,
          })
        end
        local function declared(plugin)
          local functions = {}
          for key, value in pairs(plugin) do
            if type(value) == "function" then functions[#functions + 1] = key end
          end
          local values = prepare({ data = data(plugin, 0), functions = functions })
          if values == nil then error("the options of the plugin are not valid", 0) end
          values = read_only(values)
          if plugin.check and not prepare(nil, plugin.check(values)) then error("the check failed", 0) end
          local made = plugin.plugin(values)
          if type(made) ~= "table" then return made end
          made.name, made.version = plugin.name, plugin.version
          for _, key in ipairs { "order", "before", "after", "requires" } do
            if made[key] == nil then made[key] = plugin[key] end
          end
          if rawget(made, "store") == nil then made.store = plugin.store end
          return made
        end
        local function check(number, level, text)
          if type(text) == "string" or type(text) == "number" then return end
          local found = text == nil and "no value" or type(text)
          error(("bad argument #%d to `%s`: string expected, got %s"):format(number, level, found), 3)
        end
        -- The lines go out as data: what is called in a tenant gets no functions.
        local function telling(plugin)
          local health = type(plugin) == "table" and rawget(plugin, "health")
          if type(health) ~= "function" then return plugin end
          rawset(plugin, "health", function()
            local lines, report = {}, {}
            for _, level in ipairs({ "ok", "warn", "error" }) do
              report[level] = function(text, advice, more)
                if text == report then text, advice = advice, more end
                check(1, level, text)
                if advice ~= nil then check(2, level, advice) end
                lines[#lines + 1] = { level = level, text = tostring(text), advice = advice and tostring(advice) }
              end
            end
            local fine, problem = pcall(health, report)
            return { lines = lines, failure = not fine and tostring(problem) or nil }
          end)
          return plugin
        end
        local function stored(plugin)
          local store = type(plugin) == "table" and rawget(plugin, "store")
          if type(store) ~= "table" then return plugin end
          local copy = {}
          for key, value in pairs(store) do copy[key] = value end
          local migrate = copy.migrate
          if type(migrate) == "function" then
            copy.migrate = function(from) migrate(require("mf").store(), from) end
          end
          rawset(plugin, "store", copy)
          return plugin
        end
        local chunk, message = load(source, name, "t", _ENV)
        if not chunk then error(message, 0) end
        local plugin = chunk((name:gsub("^@", "")))
        if type(plugin) == "function" then return stored(telling(plugin(options))) end
        if prepare and type(plugin) == "table" and type(rawget(plugin, "plugin")) == "function" then
          return stored(telling(declared(plugin)))
        end
        return stored(telling(plugin))
        """.utf8)
}
