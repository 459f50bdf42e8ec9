import Diagnostics
import EventLoops
import OrderedCollections
public import LuaBridge

/// A remote as one host has loaded it: its container, and whether that is initialised.
///
/// Module Federation calls it a module; it is what `moduleInstance` and `moduleCache` show.
public final class RemoteModule: LuaObject, LuaConvertible, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    public internal(set) var remoteInfo: ResolvedRemote
    unowned let host: Host
    private(set) var isInitialized = false
    private(set) var isInitializing = false
    private var initialization: SingleFlight<Void>?
    var container: Container? {
        didSet {
            guard container !== oldValue else { return }
            container?.beginUse()
            if isReleased { container?.endUse() } else { oldValue?.endUse() }
        }
    }
    /// How many loads of its exposes are under way.
    private var loads = 0
    /// Whether no request finds it any more, and whether it has let go of its container since.
    private var isRetired = false
    private var isReleased = false
    private var lastActions: [() -> Void] = []
    /// 1 for the version that was loaded first, one more for each that took its place.
    var generation = 1

    init(host: Host, remoteInfo: ResolvedRemote) {
        self.host = host
        self.remoteInfo = remoteInfo
    }

    public static let luaTypeName = "mf.Module"
    public var luaDescription: String { "mf.Module(\(remoteInfo.name))" }
    public var luaKeys: [LuaKey] { ["remoteInfo", "inited", "initing", "remoteEntryExports"].map { .string($0) } }

    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "remoteInfo": return .object(remoteInfo)
        case "inited": return .boolean(isInitialized)
        case "initing": return .boolean(isInitializing)
        case "remoteEntryExports", "lib": return container?.value ?? .nil
        case "host": return .object(host)
        default: return .nil
        }
    }

    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        switch key {
        case .string("remoteInfo"): remoteInfo = try Remote.fromLua(value)
        case .string("remoteEntryExports"):
            container = value.isNil ? nil : try Container(value, state: host.runtime.state)
        case .string(let name): throw MFError.readOnlyField(name, of: Self.luaTypeName)
        default: throw MFError.wrongType(expected: "a field of mf.Module", found: value)
        }
    }
}

// MARK: - Container and exposes

extension RemoteModule {
    /// The container, loaded at first use.
    func loadContainer(expose: String? = nil) async throws -> Container {
        if let container { return container }
        let loaded = try await host.loadContainer(
            remoteInfo,
            context: ResourceContext(
                initiator: "loadRemote", id: RemoteRequest.id(remote: remoteInfo.name, expose: expose),
                resourceType: "remoteEntry", url: remoteInfo.entry ?? ""))
        container = loaded
        // Removed while it was loaded: the requests under way end on it, and nobody else finds it.
        if !isCurrent { host.forgetUnregistered(remoteInfo) }
        return loaded
    }

    /// Initialises the container once; later calls only say so to `afterInitRemote`.
    func initialize(
        id: String? = nil, snapshot: Snapshot? = nil, initScope: LiveList<LuaValue>? = nil, expose: String? = nil
    ) async throws -> Container {
        let container = try await loadContainer(expose: expose)
        if isInitialized {
            try await afterInit(id, snapshot, container, cached: true)
            return container
        }
        let isFirst = initialization == nil
        let running: SingleFlight<Void>
        if let initialization {
            running = initialization
        } else {
            isInitializing = true
            let name = remoteInfo.name
            running = SingleFlight(
                on: host.runtime.loop, Activity("init of `\(name)`", .part(of: name))
            ) { [self] in
                try await runInit(container, id: id, snapshot: snapshot, initScope: initScope)
            }
            initialization = running
        }
        defer {
            if isFirst {
                isInitializing = false
                initialization = nil
            }
        }
        do {
            try await running.value
        } catch {
            try await afterInit(id, snapshot, container, error: error, cached: !isFirst)
            throw error
        }
        try await afterInit(id, snapshot, container, cached: !isFirst)
        return container
    }

    private func afterInit(
        _ id: String?, _ snapshot: Snapshot?, _ container: Container, error: (any Error)? = nil, cached: Bool
    ) async throws {
        try await host.hooks.emit(
            host.lifecycle.afterInitRemote,
            AfterInitRemote(
                id: id, remoteInfo: remoteInfo, remoteSnapshot: snapshot, remoteEntryExports: container.value,
                error: error, cached: cached, origin: host))
    }

    private func runInit(
        _ container: Container, id: String?, snapshot: Snapshot?, initScope: LiveList<LuaValue>?
    ) async throws {
        try await host.hooks.emit(
            host.lifecycle.beforeInitRemote,
            BeforeInitRemote(id: id, remoteInfo: remoteInfo, remoteSnapshot: snapshot, origin: host))
        let scopes = remoteInfo.scopeNames
        for scope in scopes where host.shareScopeMap[scope] == nil { host.shareScopeMap[scope] = ShareScope() }
        let options = RemoteEntryInitOptions(
            version: remoteInfo.version ?? "",
            shareScopeKeys: remoteInfo.shareScope ?? .one(ShareScopeName.standard), shareScopeMap: host.shareScopeMap)
        let arguments = try await host.hooks.emit(
            host.lifecycle.beforeInitContainer,
            BeforeInitContainer(
                shareScope: .optional(host.shareScopeMap[scopes[0]]), initScope: .object(initScope ?? LiveList([])),
                remoteEntryInitOptions: .object(options), remoteInfo: remoteInfo, origin: host))
        guard container.hasInit else { throw MFError.containerWithoutInit(remoteInfo, host: host.name) }
        do {
            try await container.initialize(
                [arguments.shareScope, arguments.initScope, arguments.remoteEntryInitOptions], in: host.runtime)
        } catch let error where !(error is CancellationError) {
            throw MFError.initFailed(remoteInfo, host: host.name, cause: error)
        }
        for scope in scopes { markShares(in: scope) }
        _ = try await host.hooks.emit(
            host.lifecycle.initContainer,
            InitContainer(
                shareScope: arguments.shareScope, initScope: arguments.initScope,
                remoteEntryInitOptions: arguments.remoteEntryInitOptions, remoteInfo: remoteInfo,
                remoteEntryExports: container.value, remoteSnapshot: snapshot, id: id, origin: host))
        isInitialized = true
    }

    /// Names the remote as provider of what its container has shared without saying from whom: it goes with the remote.
    private func markShares(in scope: String) {
        for versions in host.shareScopeMap[scope]?.values ?? [] {
            for shared in versions.values where shared.from == nil { shared.from = remoteInfo.name }
        }
    }

    /// Waits until a load of the container that is under way has ended, one way or the other.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when the load waits for the caller.
    func settle() async throws {
        if container == nil, let load = host.registry.entryLoads[remoteInfo.entryKey] { try await load.ending() }
        if !isInitialized, let initialization { try await initialization.ending() }
    }

    /// Whether it is what its host gives for the remote.
    var isCurrent: Bool { host.moduleCache[remoteInfo.name] === self }

    /// Makes an expose's module, to see whether that can be done.
    ///
    /// - Parameter isListed: Whether the manifest lists it; nothing where there is no manifest.
    /// - Returns: Whether it is offered. One that is not listed, and that `get` gives nothing for or raises at, as the
    ///   containers of Module Federation's build tools do, is not.
    func makes(expose: String, isListed: Bool?, snapshot: Snapshot?) async throws -> Bool {
        try await activity(of: expose, loadFactory: true).run {
            try await makeExpose(expose, isListed: isListed, snapshot: snapshot)
        }
    }

    private func makeExpose(_ expose: String, isListed: Bool?, snapshot: Snapshot?) async throws -> Bool {
        let container = try await loadContainer()
        let fromHook = try await host.hooks.emit(
            host.lifecycle.getModuleFactory,
            GetModuleFactory(expose: expose, remoteInfo: remoteInfo, remoteEntryExports: container.value))
        if fromHook.isCallable { return true }
        let factory: LuaValue
        do {
            factory = try await container.get(expose, of: remoteInfo, in: host.runtime)
        } catch let error as MFError where error.code == .luaRuntime && isListed != true {
            return false
        }
        if factory.isCallable {
            _ = try await host.runtime.call(factory, [])
            return true
        }
        if isListed == true {
            throw MFError.exposeNotFound(
                expose, remote: remoteInfo, request: RemoteRequest.id(remote: remoteInfo.name, expose: expose),
                host: host.name, snapshot: snapshot)
        }
        return false
    }

    /// Gets an expose: its module, or its factory.
    func get(id: String, expose: String, loadFactory: Bool, snapshot: Snapshot?) async throws -> LuaValue {
        loads += 1
        defer {
            loads -= 1
            releaseIfUnused()
        }
        // Of a remote that is loaded, only what waits takes part in the wait-for graph.
        if isInitialized {
            return try await get(id: id, expose: expose, loadFactory: loadFactory, snapshot: snapshot) {
                activity(of: expose, loadFactory: loadFactory)
            }
        }
        return try await activity(of: expose, loadFactory: loadFactory).run {
            try await get(id: id, expose: expose, loadFactory: loadFactory, snapshot: snapshot) { nil }
        }
    }

    /// Lets go of its container as soon as no load is under way: no request finds it any more.
    func retire() {
        isRetired = true
        releaseIfUnused()
    }

    /// Runs an action once no load is under way.
    func afterLoads(_ action: @escaping () -> Void) {
        if loads == 0 { action() } else { lastActions.append(action) }
    }

    private func releaseIfUnused() {
        if loads == 0, !lastActions.isEmpty {
            let actions = lastActions
            lastActions = []
            for action in actions { action() }
        }
        guard isRetired, loads == 0, !isReleased else { return }
        isReleased = true
        container?.endUse()
    }

    /// The load of an expose, for which whoever asked for it waits.
    private func activity(of expose: String, loadFactory: Bool) -> Activity {
        let id = RemoteRequest.id(remote: remoteInfo.name, expose: expose)
        return Activity(id, key: Activity.Key(loadFactory ? id : "factory of " + id, of: host))
    }

    private func get(
        id: String, expose: String, loadFactory: Bool, snapshot: Snapshot?, as activity: () -> Activity?
    ) async throws -> LuaValue {
        let hooks = host.hooks
        let container = try await initialize(id: id, snapshot: snapshot, expose: expose)
        try await hooks.emit(
            host.lifecycle.beforeGetExpose,
            BeforeGetExpose(
                id: id, expose: expose, remoteInfo: remoteInfo, remoteEntryExports: container.value, origin: host))
        if loadFactory, !isFactoryHeardOf {
            let (isModule, value) = try await container.load(expose, of: remoteInfo, in: host.runtime, as: activity)
            if isModule { return value }
            try check(value, id: id, expose: expose, snapshot: snapshot)
            throw MFError.factoryNotFunction(value, expose: expose, remote: remoteInfo)
        }
        let factory: LuaValue
        do {
            factory = try await moduleFactory(
                id: id, expose: expose, container: container, snapshot: snapshot, as: activity)
        } catch {
            try await afterGetExpose(id, expose, container, error: error)
            throw error
        }
        try await afterGetExpose(id, expose, container, factory: factory)
        guard loadFactory else { return factory }
        return try await runFactory(factory, id: id, expose: expose, as: activity)
    }

    /// Whether somebody listens between `get` and the end of the factory that it gives.
    private var isFactoryHeardOf: Bool {
        let hooks = host.hooks
        return hooks.hears(host.lifecycle.getModuleFactory) || hooks.hears(host.lifecycle.afterGetExpose)
            || hooks.hears(host.lifecycle.beforeExecuteFactory) || hooks.hears(host.lifecycle.afterExecuteFactory)
    }

    private func moduleFactory(
        id: String, expose: String, container: Container, snapshot: Snapshot?, as activity: () -> Activity?
    ) async throws -> LuaValue {
        let fromHook = try await host.hooks.emit(
            host.lifecycle.getModuleFactory,
            GetModuleFactory(expose: expose, remoteInfo: remoteInfo, remoteEntryExports: container.value))
        if fromHook.isCallable { return fromHook }
        let factory = try await container.get(expose, of: remoteInfo, in: host.runtime, as: activity)
        try check(factory, id: id, expose: expose, snapshot: snapshot)
        return factory
    }

    /// Throws when a container gave no factory.
    private func check(_ factory: LuaValue, id: String, expose: String, snapshot: Snapshot?) throws {
        guard !factory.isTruthy else { return }
        throw MFError.exposeNotFound(expose, remote: remoteInfo, request: id, host: host.name, snapshot: snapshot)
    }

    private func afterGetExpose(
        _ id: String, _ expose: String, _ container: Container, factory: LuaValue = .nil, error: (any Error)? = nil
    ) async throws {
        try await host.hooks.emit(
            host.lifecycle.afterGetExpose,
            AfterGetExpose(
                id: id, expose: expose, remoteInfo: remoteInfo, remoteEntryExports: container.value,
                moduleFactory: factory, error: error, origin: host))
    }

    private func runFactory(
        _ factory: LuaValue, id: String, expose: String, as activity: () -> Activity?
    ) async throws -> LuaValue {
        let hooks = host.hooks
        try await hooks.emit(
            host.lifecycle.beforeExecuteFactory,
            BeforeExecuteFactory(id: id, expose: expose, remoteInfo: remoteInfo, origin: host))
        let module: LuaValue
        do {
            guard factory.isCallable else {
                throw MFError.factoryNotFunction(factory, expose: expose, remote: remoteInfo)
            }
            module = try await host.runtime.call(factory, [], as: activity)
        } catch {
            try await hooks.emit(
                host.lifecycle.afterExecuteFactory,
                AfterExecuteFactory(
                    id: id, expose: expose, remoteInfo: remoteInfo, exposeModule: .nil, error: error, origin: host))
            throw error
        }
        try await hooks.emit(
            host.lifecycle.afterExecuteFactory,
            AfterExecuteFactory(
                id: id, expose: expose, remoteInfo: remoteInfo, exposeModule: module, error: nil, origin: host))
        return module
    }
}

/// The third argument of `container.init`; `shareScopeMap` can be read and is left out when it is enumerated.
final class RemoteEntryInitOptions: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var values: [String: LuaValue]

    init(version: String, shareScopeKeys: ShareScopeName, shareScopeMap: ShareScopes) {
        values = [
            "version": .string(version), "shareScopeKeys": shareScopeKeys.luaValue,
            "shareScopeMap": .object(shareScopeMap),
        ]
    }

    static let luaTypeName = "mf.RemoteEntryInitOptions"
    var luaKeys: [LuaKey] { values.keys.sorted().filter { $0 != "shareScopeMap" }.map { .string($0) } }

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        if case .string(let name) = key { values[name] ?? .nil } else { .nil }
    }

    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        if case .string(let name) = key { values[name] = value.isNil ? nil : value }
    }
}

/// What `onLoad` gets as `options`: `{remoteInfo, host}`.
public final class ModuleOptions: LuaObject, @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    public let remoteInfo: ResolvedRemote
    public let host: Host

    init(remoteInfo: ResolvedRemote, host: Host) {
        self.remoteInfo = remoteInfo
        self.host = host
    }

    public static let luaTypeName = "mf.ModuleOptions"
    public var luaKeys: [LuaKey] { ["remoteInfo", "host"].map { .string($0) } }
    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        switch key {
        case .string("remoteInfo"): .object(remoteInfo)
        case .string("host"): .object(host)
        default: .nil
        }
    }
}
