import Diagnostics
import LuaBridge
import OrderedCollections

/// Takes over what users write: when a host is made, and when it is initialised again.
struct HostInitializer: HostService {
    let context: HostContext

    init(_ context: HostContext) { self.context = context }

    /// Initialises a host that has just been made.
    func initialize(_ userOptions: HostOptions) throws {
        let registrar = PluginRegistrar(context)
        try tenants.declare(userOptions.tenants)
        userOptions.plugins.elements = try registrar.attachAll(userOptions.plugins.elements, isFirst: true)
        options.plugins = LiveList(userOptions.plugins.elements)
        // Listed again where the host itself gave them, as in Module Federation; attached once.
        for plugin in registry.globalPlugins {
            if try registrar.attach(plugin) { options.plugins.append(plugin.value) }
        }
        options = try format(options, with: userOptions)
    }

    /// Initialises the host once more: new remotes, shared modules and plugins join those it has.
    @discardableResult
    func initialize(again userOptions: HostOptions) throws -> HostOptions {
        if !userOptions.name.isEmpty, userOptions.name != options.name {
            throw MFError.hostRenamed(options.name, to: userOptions.name)
        }
        try tenants.declare(userOptions.tenants)
        let registrar = PluginRegistrar(context)
        try registrar.undoingAtFailure {
            try registrar.registerPlugins(userOptions.plugins.elements)
            userOptions.plugins.elements = options.plugins.elements
            options = try format(options, with: userOptions)
        }
        if userOptions.watch != nil {
            registry.reloads.onFilesChange?()
            registry.reloads.feeds?.check()
        }
        return options
    }

    /// Merges what the user wrote into the options so far, through the hooks of initialisation.
    func format(_ soFar: HostOptions, with userOptions: HostOptions) throws -> HostOptions {
        let arguments = try hooks.emit(
            lifecycle.beforeInit,
            BeforeInit(
                userOptions: userOptions, optionsSoFar: soFar,
                shareInfo: SharedModuleNormalizer.merge(userOptions, into: soFar.shared).all, context: context))
        let (user, base) = (arguments.userOptions, arguments.optionsSoFar)
        if user.tenants != userOptions.tenants { try tenants.declare(user.tenants) }
        for remote in user.remotes.elements { try tenants.expectDeclared(of: remote) }
        try boundedNow {
            let registrar = RemoteRegistrar(context)
            for remote in user.remotes.elements { try registrar.register(remote, in: base.remotes, force: false) }
        }
        let shared = try context.host.shares.registerShared(user, into: base.shared)

        let merged = HostOptions(name: user.name.isEmpty ? base.name : user.name)
        merged.id = user.id.flatMap { $0.isEmpty ? nil : $0 } ?? base.id
        merged.version = user.version ?? base.version
        merged.remotes = base.remotes
        merged.shared = shared
        merged.shareStrategy = user.shareStrategy ?? base.shareStrategy
        merged.tenants = user.tenants.isNil ? base.tenants : user.tenants
        merged.watch = user.watch ?? base.watch
        merged.extra = base.extra.merging(user.extra) { $1 }
        merged.plugins = LiveList(try pluginList(base: base.plugins.elements, user: user.plugins.elements))
        try hooks.emit(lifecycle.`init`, InitHost(newOptions: merged, context: context))
        return merged
    }

    /// The list of `options.plugins` after an `init`; a plugin that a hook put there is attached.
    private func pluginList(base: [LuaValue], user: [LuaValue]) throws -> [LuaValue] {
        var list = base
        for value in user where !list.contains(value) {
            let registrar = PluginRegistrar(context)
            let plugin = try registrar.reader.readPlugin(value)
            if try registrar.attach(plugin) { list.append(plugin.value) }
        }
        return list
    }
}

extension MFError {
    /// `init` with another name than the host has.
    static func hostRenamed(_ name: String, to other: String) -> MFError {
        MFError(
            .hostNameChanged, "host `\(name)` cannot be renamed to `\(other)`",
            context: [("host", name), ("name", other)],
            hint: "leave `name` out of `initOptions`, or call `mf.createInstance` for another host")
    }
}
