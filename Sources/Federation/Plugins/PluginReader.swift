import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// Reads plugins: tables, functions, files, and text from memory.
struct PluginReader: Sendable {
    let registry: FederationRegistry
    /// The host that they are for; nil for all hosts that are made from now on.
    let host: HostContext?

    init(_ registry: FederationRegistry, for host: HostContext?) { (self.registry, self.host) = (registry, host) }

    private var state: LuaState { registry.state }

    /// Reads what stands in a list of plugins: a table, a function of options, a path, or either with options.
    func readPlugin(_ value: LuaValue) throws -> RegisteredPlugin {
        switch value {
        case .string(let path): return try readPluginFile(path, options: .nil, tenant: nil)
        case .function(let function): return try pluginMade(by: function, options: .nil, source: nil)
        case .object(let object):
            if let listed = object as? HostPluginView { return try readPlugin(listed.plugin) }
            guard let view = object as? SwiftPluginView else { break }
            guard Plugin.isName(view.plugin.name) else {
                throw MFError.badPluginName(view.plugin.name, source: nil)
            }
            return RegisteredPlugin(id: PluginID(number: 0), body: .swift(view.plugin), value: value)
        case .table(let table):
            guard try PluginEntry.isList(table) else { return registered(try LuaPlugin(table, of: Lifecycle.table)) }
            let entry = try PluginEntry.options.read(value, of: "plugins")
            let (first, options, tenant) = (entry[1], entry[2], entry["tenant"].stringValue)
            if case .string(let path) = first {
                let isClosed = entry["fail"].stringValue.map { $0 == "closed" }
                return try readPluginFile(path, options: options, tenant: tenant, failsClosed: isClosed)
            }
            if let tenant { throw MFError.tenantPluginWithoutFile(tenant) }
            if case .function(let function) = first {
                return try pluginMade(by: function, options: options, source: nil)
            }
        default: break
        }
        throw MFError.pluginInvalid(found: value.luaTypeName, source: nil)
    }

    private func readPlugin(_ plugin: HostPlugin) throws -> RegisteredPlugin {
        switch plugin.kind {
        case .swift(let plugin): return try readPlugin(.object(SwiftPluginView(plugin)))
        case .file(let path):
            return try readPluginFile(
                path, options: plugin.options, tenant: plugin.tenant, failsClosed: plugin.failsClosed)
        case .source(let text, let name):
            return try readFirst(
                PluginSource(
                    path: name, options: plugin.options, tenant: plugin.tenant, failsClosed: plugin.failsClosed,
                    text: text))
        }
    }

    private func registered(_ plugin: LuaPlugin) -> RegisteredPlugin {
        RegisteredPlugin(id: PluginID(number: 0), body: .lua(plugin), value: .table(plugin.table))
    }

    private func pluginMade(by function: LuaFunction, options: LuaValue, source: PluginSource?) throws
        -> RegisteredPlugin
    {
        let made = try state.invokeNow(.function(function), [options])
        guard case .table(let table) = made else {
            throw MFError.pluginInvalid(found: made.luaTypeName, source: source?.path)
        }
        return registered(try LuaPlugin(table, of: Lifecycle.table, source: source))
    }

    /// Reads, compiles, runs and checks a plugin file.
    func readPluginFile(
        _ path: String, options: LuaValue, tenant: String?, failsClosed: Bool? = nil
    ) throws -> RegisteredPlugin {
        try readFirst(
            PluginSource(path: try pluginFile(path), options: options, tenant: tenant, failsClosed: failsClosed))
    }

    /// Reads the first version of a plugin's file or text: what it has begun ends with it, and where it fails.
    private func readFirst(_ source: PluginSource) throws -> RegisteredPlugin {
        let generation = source.generation
        generation.onNewFile = { [reloads = registry.reloads] in reloads.onFilesChange?() }
        do {
            return try registry.reloads.owning(generation.scope) { try readPlugin(source) }
        } catch {
            generation.scope.close()
            throw error
        }
    }

    /// Reads, compiles, runs and checks one version of a plugin file.
    func readPlugin(_ source: PluginSource) throws -> RegisteredPlugin {
        let (file, options, tenant) = (source.path, source.options, source.tenant)
        if source.text == nil { source.generation.note(file) }
        do {
            let bytes = try source.text ?? File.read(file)
            if let tenant {
                guard let host else { throw MFError.tenantWithoutHost(tenant) }
                return try readPlugin(bytes, source, of: host)
            }
            let hostPath = try state.globals.get("package").tableValue?.get("path").stringValue ?? ""
            let folder = Paths.folder(of: file)
            // What is in memory has no folder.
            let path = source.text == nil ? "\(folder)/?.lua;\(folder)/?/init.lua;\(hostPath)" : hostPath
            let environment = try registry.environments.makeEnvironment(
                searcher: nil, path: path, note: source.generation.note)
            try registry.environments.giveLibrary(
                registry.environments.pluginFunctions(source.generation), to: environment)
            let chunk = try state.load(bytes, name: "@" + file, environment: environment)
            let result = try state.invokeNow(.function(chunk), [.string(file)])
            switch result {
            case .function(let function): return try pluginMade(by: function, options: options, source: source)
            case .table(let table): return registered(try LuaPlugin(table, of: Lifecycle.table, source: source))
            default: throw MFError.pluginInvalid(found: result.luaTypeName, source: file)
            }
        } catch let error as Errno {
            throw MFError.pluginLoadFailed(file, cause: error)
        } catch let error as MFError where !MFError.isAboutPlugin(error.code) {
            throw MFError.pluginLoadFailed(file, cause: error)
        }
    }

    /// Loads a plugin's text into the tenant that its source names.
    private func readPlugin(
        _ bytes: [UInt8], _ source: PluginSource, of host: HostContext
    ) throws -> RegisteredPlugin {
        let tenant = try host.tenants.tenant(source.tenant ?? "")
        let plugin = try tenant.loadPlugin(
            bytes, name: "@" + source.path, options: source.options, modules: registry.environments.provided,
            atOnce: registry.environments.providedAtOnce, lifetime: source.generation.scope)
        plugin.failsClosed = source.failsClosed ?? plugin.failsClosed
        for name in plugin.functions where Lifecycle.table.named[name] == nil {
            guard LuaPlugin.functionsBesideHooks.contains(name) else {
                throw MFError.unknownHook(
                    name, plugin: plugin.name, source: source.path, known: Lifecycle.table.names)
            }
        }
        return RegisteredPlugin(id: PluginID(number: 0), body: .tenant(plugin, source), value: .object(plugin))
    }

    /// The file, options and tenant that an entry of a list of plugins names; nothing for a table or a function.
    func pluginSource(_ value: LuaValue) throws -> PluginSource? {
        switch value {
        case .string(let path):
            return try PluginSource(path: pluginFile(path), options: .nil, tenant: nil)
        case .table(let table):
            guard try PluginEntry.isList(table) else { return nil }
            let entry = try PluginEntry.options.read(value, of: "plugins")
            guard case .string(let path) = entry[1] else { return nil }
            return try PluginSource(path: pluginFile(path), options: entry[2], tenant: entry["tenant"].stringValue)
        case .object(let object):
            guard let plugin = (object as? HostPluginView)?.plugin else { return nil }
            switch plugin.kind {
            case .swift: return nil
            case .file(let path):
                return try PluginSource(path: pluginFile(path), options: plugin.options, tenant: plugin.tenant)
            case .source(let text, let name):
                return PluginSource(path: name, options: plugin.options, tenant: plugin.tenant, text: text)
            }
        default: return nil
        }
    }

    /// Where a plugin's file is: beside the script, or below the working directory.
    private func pluginFile(_ path: String) throws -> String {
        let candidates = [Paths.join(registry.environments.scriptFolder, path), path]
        guard let file = candidates.first(where: File.exists) else {
            throw MFError.pluginMissing(path, tried: candidates)
        }
        return file
    }
}

extension MFError {
    /// A plugin file that is not there.
    static func pluginMissing(_ path: String, tried: [String]) -> MFError {
        let tried = tried.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return MFError(
            .pluginLoadFailed, "there is no plugin file `\(path)`",
            context: [("plugin", path), ("tried", tried.joined(separator: ", "))],
            hint: "paths are resolved against the script's folder, then against the working directory")
    }

    static func isAboutPlugin(_ code: Code) -> Bool {
        [.unknownHook, .pluginWithoutName, .pluginInvalid, .pluginLoadFailed].contains(code)
            || code.rawValue.hasPrefix("LIMIT-")
    }
}
