import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// Reads plugins: tables, functions, files, and text from memory.
struct PluginReader: Sendable {
    let registry: FederationRegistry
    /// The host that they are for; nil for all hosts that are made from now on.
    let host: HostContext?
    /// What learns which files are read.
    private let files: ReadFiles?

    init(_ registry: FederationRegistry, for host: HostContext?, noting files: ReadFiles? = nil) {
        (self.registry, self.host, self.files) = (registry, host, files)
    }

    private var state: LuaState { registry.state }

    /// Reads what stands in a list of plugins: a table, a function of options, a path, or either with options.
    func readPlugin(_ value: LuaValue) throws -> RegisteredPlugin {
        try draft(of: value, places: EntryPlaces(state, registry)).made()
    }

    /// Reads a whole list of plugins: all are checked before the first is made, and a bad one leaves nothing behind.
    func readPlugins(_ values: [LuaValue]) throws -> [RegisteredPlugin] {
        var drafts: [PluginDraft] = []
        do {
            let places = EntryPlaces(state, registry)
            for value in values { drafts.append(try draft(of: value, places: places)) }
            try PluginDraft.expectPrepared(drafts)
            return try drafts.map { try $0.made() }
        } catch {
            for draft in drafts { draft.scope?.close() }
            throw error
        }
    }

    /// Reads what stands in a list of plugins and checks its options; a plugin that declares its options is not made yet.
    ///
    /// - Parameter places: Where the list is written.
    func draft(of value: LuaValue, places: EntryPlaces) throws -> PluginDraft {
        switch value {
        case .string(let path):
            let place = places.next(value)
            return try draft(path, options: .nil, tenant: nil, place: place).listed(at: place)
        case .function(let function):
            return .made(try pluginMade(by: function, options: .nil, source: nil)).listed(at: places.next(value))
        case .object(let object):
            if let listed = object as? HostPluginView { return try draft(of: listed.plugin) }
            guard let view = object as? SwiftPluginView else { break }
            return try draft(of: view.plugin, options: .nil, value: value)
        case .table(let table):
            if try PluginDeclaration.isOne(table) {
                let place = places.next(value)
                return try draft(ofScript: table, options: .nil, place: place).listed(at: place)
            }
            guard try PluginEntry.isList(table) else {
                return .made(registered(try LuaPlugin(table, of: Lifecycle.table))).listed(at: places.next(value))
            }
            let entry = try PluginEntry(table)
            let place = try places.next(table.get(1))
            return try draft(of: entry, place: place).with(entry.settings).listed(at: place)
        default: break
        }
        throw MFError.pluginInvalid(found: value.luaTypeName, source: nil)
    }

    private func draft(of entry: PluginEntry, place: @escaping @Sendable () -> String?) throws -> PluginDraft {
        if case .file(let path) = entry.body {
            return try draft(
                path, options: entry.options, tenant: entry.tenant, settings: entry.settings, place: place)
        }
        if let tenant = entry.tenant { throw MFError.tenantPluginWithoutFile(tenant) }
        switch entry.body {
        case .function(let function):
            let holder = ScriptPluginCode(function.place ?? "?", function: function)
            try preparation.grantSecrets(in: entry.options, to: holder, place: place)
            var plugin = try pluginMade(
                by: function, options: entry.options, source: nil, entry: entry.settings.placement)
            plugin.holder = holder
            return .made(plugin)
        case .declaration(let table):
            return try draft(
                ofScript: table, options: entry.options, entry: entry.settings.placement, place: place)
        case .file(let path): throw MFError.pluginMissing(path, tried: [])
        }
    }

    private func draft(of plugin: HostPlugin) throws -> PluginDraft {
        let faults = plugin.settings.placement.faults
        if !faults.isEmpty { throw MFError.badPlacement(faults) }
        switch plugin.kind {
        case .swift(let swift):
            return try draft(of: swift, options: plugin.options, value: .object(SwiftPluginView(swift)))
                .with(plugin.settings)
        case .file(let path):
            return try draft(
                path, options: plugin.options, tenant: plugin.tenant, settings: plugin.settings, place: { nil })
        case .source(let text, let name):
            return try readFirst(
                PluginSource(
                    path: name, options: plugin.options, tenant: plugin.tenant, settings: plugin.settings,
                    text: text), place: { nil })
        }
    }

    /// A plugin of Swift, which may declare its options, too.
    private func draft(of plugin: Plugin, options: LuaValue, value: LuaValue) throws -> PluginDraft {
        guard Plugin.isName(plugin.name) else { throw MFError.badPluginName(plugin.name, source: nil) }
        let holder = SwiftPluginCode(plugin.name)
        let schema = plugin.declaration?.schema ?? [:]
        let faults = schema.faults(at: ["options"]) + plugin.placementFaults
        if !faults.isEmpty { throw MFError.badDeclaration(faults, plugin: plugin.name, nil) }
        let given = PluginDraft.Options(given: options, schema: schema, name: plugin.name) { nil }
        let prepared = Result { try preparation.prepare(given, check: nil, holder: holder) }
        return PluginDraft(scope: nil, prepared: prepared.map { _ in }) {
            let values = try prepared.get()
            guard let declaration = plugin.declaration else {
                return RegisteredPlugin(id: PluginID(number: 0), body: .swift(plugin), value: value)
            }
            let made = try declaration.make(plugin, PluginOptionValues(values, holder: holder))
            return RegisteredPlugin(
                id: PluginID(number: 0), body: .swift(made), value: .object(SwiftPluginView(made)),
                schema: declaration.schema, holder: holder)
        }
    }

    private func draft(
        _ path: String, options: LuaValue, tenant: String?, settings: PluginSettings = PluginSettings(),
        place: @escaping @Sendable () -> String?
    ) throws -> PluginDraft {
        try readFirst(
            PluginSource(path: try pluginFile(path), options: options, tenant: tenant, settings: settings),
            place: place)
    }

    /// A declaration that the host script has written itself.
    private func draft(
        ofScript table: LuaTable, options: LuaValue, entry: PluginPlacement = PluginPlacement(),
        place: @escaping @Sendable () -> String?
    ) throws -> PluginDraft {
        guard case .function(let make) = try table.rawGet("plugin") else {
            throw MFError.pluginInvalid(found: "table", source: nil)
        }
        let written = make.place?.split(separator: ":").last.flatMap { Int($0) } ?? 1
        let text = make.chunk.flatMap { SourceText(file: String($0.dropFirst()), from: max(1, written - 40)) }
        let declaration = try PluginDeclaration(
            table, writtenIn: text, hooks: Lifecycle.table.names, entry: entry)
        let holder = ScriptPluginCode(declaration.name, function: make)
        return try draft(
            of: declaration, options: options, source: nil, entry: entry, holder: holder, place: place)
    }

    /// A plugin that declares its options: they are checked, and nothing of it runs yet.
    private func draft(
        of declaration: PluginDeclaration, options: LuaValue, source: PluginSource?, entry: PluginPlacement? = nil,
        holder: any SecretHolder,
        place: @escaping @Sendable () -> String?
    ) throws -> PluginDraft {
        let options = PluginDraft.Options(
            given: options, schema: declaration.schema, name: declaration.name, place: place)
        let prepared = Result { try preparation.prepare(options, check: declaration.check, holder: holder) }
        if let store = source?.generation.store, let host {
            host.bind(store, to: declaration.name)
            if !declaration.store.isNil { store.declare(version: try StoreDeclaration(declaration.store).version) }
        }
        return PluginDraft(scope: source?.generation.scope, prepared: prepared.map { _ in }) { [self] in
            let values = try preparation.readOnly(try prepared.get())
            let made = try registry.reloads.owning(source?.generation.scope) {
                try state.invokeNow(declaration.make.map { .function($0) } ?? .nil, [values])
            }
            guard case .table(let table) = made else {
                throw MFError.pluginInvalid(found: made.luaTypeName, source: source?.path)
            }
            try declaration.complete(table, source: source?.path)
            var plugin = registered(try LuaPlugin(table, of: Lifecycle.table, source: source, entry: entry))
            plugin.schema = declaration.schema
            if source == nil { plugin.holder = holder }
            return plugin
        }
    }

    private var preparation: OptionsPreparation { OptionsPreparation(registry: registry) }

    private func registered(_ plugin: LuaPlugin) -> RegisteredPlugin {
        RegisteredPlugin(
            id: PluginID(number: 0), body: .lua(plugin), value: .table(plugin.table),
            settings: plugin.source?.settings ?? PluginSettings())
    }

    private func pluginMade(
        by function: LuaFunction, options: LuaValue, source: PluginSource?, entry: PluginPlacement? = nil
    ) throws -> RegisteredPlugin {
        let made = try state.invokeNow(.function(function), [options])
        guard case .table(let table) = made else {
            throw MFError.pluginInvalid(found: made.luaTypeName, source: source?.path)
        }
        return registered(try LuaPlugin(table, of: Lifecycle.table, source: source, entry: entry))
    }

    /// Reads the first version of a plugin's file or text: what it has begun ends with it, and where it fails.
    private func readFirst(_ source: PluginSource, place: @escaping @Sendable () -> String?) throws -> PluginDraft {
        let generation = source.generation
        files?.generation = generation
        generation.onNewFile = { [reloads = registry.reloads] in reloads.onFilesChange?() }
        do {
            return try registry.reloads.owning(generation.scope) { try draft(of: source, place: place) }
        } catch {
            generation.scope.close()
            throw error
        }
    }

    /// Reads, compiles, runs and checks one version of a plugin file.
    func readPlugin(_ source: PluginSource) throws -> RegisteredPlugin {
        let caller = registry.caller ?? state.caller()
        return try draft(of: source, place: { caller?.place }).made()
    }

    private func draft(of source: PluginSource, place: @escaping @Sendable () -> String?) throws -> PluginDraft {
        let (file, options, generation) = (source.path, source.options, source.generation)
        if source.text == nil { generation.note(file) }
        return try aboutFile(file) {
            let bytes = try source.text ?? File.read(file)
            if let tenant = source.tenant {
                guard let host else { throw MFError.tenantWithoutHost(tenant) }
                return .made(try readPlugin(bytes, source, of: host, place: place))
            }
            switch try result(of: source, bytes) {
            case .function(let function):
                generation.pluginName = file
                try preparation.grantSecrets(in: options, to: generation, place: place)
                return .made(try pluginMade(by: function, options: options, source: source))
            case .table(let table) where try PluginDeclaration.isOne(table):
                let declaration = try PluginDeclaration(
                    table, writtenIn: SourceText(name: file, bytes: bytes), hooks: Lifecycle.table.names, source: source
                )
                generation.pluginName = declaration.name
                let draft = try draft(
                    of: declaration, options: options, source: source, holder: generation, place: place)
                return draft.making { make in try aboutFile(file, make) }
            case .table(let table): return .made(registered(try LuaPlugin(table, of: Lifecycle.table, source: source)))
            case let other: throw MFError.pluginInvalid(found: other.luaTypeName, source: file)
            }
        }
    }

    /// What the file of a plugin declares, read for its documentation; nothing of it runs but the file.
    ///
    /// - Throws: ``MFError`` with `HOOK-006` for a file that declares nothing, with `PLUGIN-002` for a bad declaration.
    func declaration(ofFile path: String) throws -> PluginDeclaration {
        try aboutFile(path) {
            let bytes = try File.read(path)
            let source = PluginSource(path: path, options: .nil, tenant: nil)
            defer { source.generation.scope.close() }
            guard case .table(let table) = try result(of: source, bytes), try PluginDeclaration.isOne(table) else {
                throw MFError.declaresNothing(path)
            }
            return try PluginDeclaration(
                table, writtenIn: SourceText(name: path, bytes: bytes), hooks: Lifecycle.table.names)
        }
    }

    /// Runs the file or text of a plugin, in globals of its own.
    private func result(of source: PluginSource, _ bytes: [UInt8]) throws -> LuaValue {
        let (file, generation) = (source.path, source.generation)
        let hostPath = try state.globals.get("package").tableValue?.get("path").stringValue ?? ""
        let folder = Paths.folder(of: file)
        // What is in memory has no folder.
        let path = source.text == nil ? "\(folder)/?.lua;\(folder)/?/init.lua;\(hostPath)" : hostPath
        let environment = try registry.environments.makeEnvironment(
            searcher: nil, path: path, note: generation.note)
        generation.environment = LuaEnvironmentID(environment)
        generation.globals = try state.makeWeakTable(holding: environment)
        try registry.environments.giveLibrary(registry.environments.pluginFunctions(generation, file), to: environment)
        let chunk = try state.load(bytes, name: "@" + file, environment: environment)
        return try state.invokeNow(.function(chunk), [.string(file)])
    }

    /// Runs a part of reading a file; what fails and is not about plugins becomes the file's failure.
    private func aboutFile<T>(_ file: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as Errno {
            throw MFError.pluginLoadFailed(file, cause: error)
        } catch let error as MFError where !MFError.isAboutPlugin(error.code) {
            throw MFError.pluginLoadFailed(file, cause: error)
        }
    }

    /// Loads a plugin's text into the tenant that its source names.
    private func readPlugin(
        _ bytes: [UInt8], _ source: PluginSource, of host: HostContext, place: @escaping @Sendable () -> String?
    ) throws -> RegisteredPlugin {
        let tenant = try host.tenants.tenant(source.tenant ?? "")
        let declared = TenantDeclaration(
            options: source.options, text: SourceText(name: source.path, bytes: bytes), holder: source.generation,
            place: place, preparation: preparation
        ) { [store = source.generation.store] declaration in
            host.bind(store, to: declaration.name, tenant: tenant.name, quota: tenant.options.store)
            if !declaration.store.isNil { store.declare(version: try StoreDeclaration(declaration.store).version) }
        }
        let plugin: TenantPlugin
        do {
            plugin = try tenant.loadPlugin(
                bytes, name: "@" + source.path, options: try preparation.plain(source.options, place: place),
                prepare: declared.callable, modules: registry.environments.provided,
                atOnce: registry.environments.providedAtOnce, lifetime: source.generation.scope,
                store: source.generation.store)
        } catch {
            // What the host has found is told in its own words, and not as an error of the tenant's.
            throw declared.failure ?? error
        }
        var settings = source.settings
        if let fail = settings.policy.fail { plugin.failsClosed = fail == .closed }
        if plugin.failsClosed { settings.policy.fail = .closed }
        plugin.filters = try filters(of: plugin, source)
        plugin.placement = try placement(of: plugin, source)
        if !plugin.store.isNil, let problem = try StoreDeclaration.problems(with: plugin.store).first {
            throw MFError.badStoreDeclaration(problem, plugin: plugin.name, source: source.path)
        }
        for name in plugin.functions where Lifecycle.table.named[name] == nil {
            guard LuaPlugin.functionsBesideHooks.contains(name) else {
                throw MFError.unknownHook(
                    name, plugin: plugin.name, source: source.path, known: Lifecycle.table.names)
            }
        }
        return RegisteredPlugin(
            id: PluginID(number: 0), body: .tenant(plugin, source), value: .object(plugin), schema: declared.schema,
            settings: settings)
    }

    /// The file, options and tenant that an entry of a list of plugins names; nothing for a table or a function.
    func pluginSource(_ value: LuaValue) throws -> PluginSource? {
        switch value {
        case .string(let path):
            return try PluginSource(path: pluginFile(path), options: .nil, tenant: nil)
        case .table(let table):
            guard try PluginEntry.isList(table) else { return nil }
            let entry = try PluginEntry(table)
            guard case .file(let path) = entry.body else { return nil }
            return try PluginSource(
                path: pluginFile(path), options: entry.options, tenant: entry.tenant, settings: entry.settings)
        case .object(let object):
            guard let plugin = (object as? HostPluginView)?.plugin else { return nil }
            switch plugin.kind {
            case .swift: return nil
            case .file(let path):
                return try PluginSource(
                    path: pluginFile(path), options: plugin.options, tenant: plugin.tenant, settings: plugin.settings)
            case .source(let text, let name):
                return PluginSource(
                    path: name, options: plugin.options, tenant: plugin.tenant, settings: plugin.settings, text: text)
            }
        default: return nil
        }
    }

    /// Where a plugin's file is: beside the script, or below the working directory.
    private func pluginFile(_ path: String) throws -> String {
        let candidates = [Paths.join(registry.environments.scriptFolder, path), path]
        files?.candidates = candidates
        guard let file = candidates.first(where: File.exists) else {
            throw MFError.pluginMissing(path, tried: candidates)
        }
        return file
    }
}

extension MFError {
    /// A plugin file that says nothing of its options.
    fileprivate static func declaresNothing(_ path: String) -> MFError {
        MFError(
            .pluginInvalid, "`\(path)` declares no options", context: [("file", path)],
            hint: "a plugin declares them in a table with `name`, `options` and a function `plugin`")
    }

    /// A plugin file that is not there.
    static func pluginMissing(_ path: String, tried: [String]) -> MFError {
        let tried = tried.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return MFError(
            .pluginLoadFailed, "there is no plugin file `\(path)`",
            context: [("plugin", path), ("tried", tried.joined(separator: ", "))],
            hint: "paths are resolved against the script's folder, then against the working directory")
    }

    static func isAboutPlugin(_ code: Code) -> Bool {
        [.unknownHook, .pluginWithoutName, .pluginInvalid, .pluginLoadFailed, .badHookFilter].contains(code)
            || code.rawValue.hasPrefix("LIMIT-") || code.rawValue.hasPrefix("PLUGIN-")
    }
}
