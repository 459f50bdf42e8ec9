import Diagnostics
import EventLoops
import LuaBridge

/// A module's exposes: the factory that its container gives, and the module that the factory makes.
extension RemoteLoader {
    /// Gets an expose: its module, or its factory.
    func get(
        of module: RemoteModule, id: String, expose: String, loadFactory: Bool, snapshot: Snapshot?
    ) async throws -> LuaValue {
        module.beginLoad()
        defer { module.endLoad() }
        // Of a remote that is loaded, only what waits takes part in the wait-for graph.
        if module.isInitialized {
            return try await get(of: module, id: id, expose: expose, loadFactory: loadFactory, snapshot: snapshot) {
                activity(of: module, expose, loadFactory: loadFactory)
            }
        }
        return try await activity(of: module, expose, loadFactory: loadFactory).run {
            try await get(of: module, id: id, expose: expose, loadFactory: loadFactory, snapshot: snapshot) { nil }
        }
    }

    /// The load of an expose, for which whoever asked for it waits.
    func activity(of module: RemoteModule, _ expose: String, loadFactory: Bool) -> Activity {
        let id = RemoteRequest.id(remote: module.remoteInfo.name, expose: expose)
        return Activity(id, key: Activity.Key(loadFactory ? id : "factory of " + id, of: context))
    }

    private func get(
        of module: RemoteModule, id: String, expose: String, loadFactory: Bool, snapshot: Snapshot?,
        as activity: () -> Activity?
    ) async throws -> LuaValue {
        let container = try await initialize(module, id: id, snapshot: snapshot, expose: expose)
        try await hooks.emit(
            lifecycle.beforeGetExpose,
            BeforeGetExpose(
                id: id, expose: expose, remoteInfo: module.remoteInfo, remoteEntryExports: container.value,
                context: context))
        if loadFactory, !isFactoryHeardOf {
            let (isModule, value) = try await container.load(expose, of: module.remoteInfo, in: state, as: activity)
            if isModule { return value }
            try check(module, value, id: id, expose: expose, snapshot: snapshot)
            throw MFError.factoryNotFunction(value, expose: expose, remote: module.remoteInfo)
        }
        let factory: LuaValue
        do {
            factory = try await moduleFactory(
                of: module, id: id, expose: expose, container: container, snapshot: snapshot, as: activity)
        } catch {
            try await afterGetExpose(module, id, expose, container, error: error)
            throw error
        }
        try await afterGetExpose(module, id, expose, container, factory: factory)
        guard loadFactory else { return factory }
        return try await runFactory(of: module, factory, id: id, expose: expose, as: activity)
    }

    /// Whether somebody listens between `get` and the end of the factory that it gives.
    private var isFactoryHeardOf: Bool {
        return hooks.hears(lifecycle.getModuleFactory) || hooks.hears(lifecycle.afterGetExpose)
            || hooks.hears(lifecycle.beforeExecuteFactory) || hooks.hears(lifecycle.afterExecuteFactory)
    }

    private func moduleFactory(
        of module: RemoteModule, id: String, expose: String, container: Container, snapshot: Snapshot?,
        as activity: () -> Activity?
    ) async throws -> LuaValue {
        let fromHook = try await hooks.emit(
            lifecycle.getModuleFactory,
            GetModuleFactory(expose: expose, remoteInfo: module.remoteInfo, remoteEntryExports: container.value))
        if fromHook.isCallable { return fromHook }
        let factory = try await container.get(expose, of: module.remoteInfo, in: state, as: activity)
        try check(module, factory, id: id, expose: expose, snapshot: snapshot)
        return factory
    }

    /// Throws when a container gave no factory.
    private func check(
        _ module: RemoteModule, _ factory: LuaValue, id: String, expose: String, snapshot: Snapshot?
    ) throws {
        guard !factory.isTruthy else { return }
        throw MFError.exposeNotFound(expose, remote: module.remoteInfo, request: id, host: name, snapshot: snapshot)
    }

    private func afterGetExpose(
        _ module: RemoteModule, _ id: String, _ expose: String, _ container: Container, factory: LuaValue = .nil,
        error: (any Error)? = nil
    ) async throws {
        try await hooks.emit(
            lifecycle.afterGetExpose,
            AfterGetExpose(
                id: id, expose: expose, remoteInfo: module.remoteInfo, remoteEntryExports: container.value,
                moduleFactory: factory, error: error, context: context))
    }

    private func runFactory(
        of remote: RemoteModule, _ factory: LuaValue, id: String, expose: String, as activity: () -> Activity?
    ) async throws -> LuaValue {
        try await hooks.emit(
            lifecycle.beforeExecuteFactory,
            BeforeExecuteFactory(id: id, expose: expose, remoteInfo: remote.remoteInfo, context: context))
        let module: LuaValue
        do {
            guard factory.isCallable else {
                throw MFError.factoryNotFunction(factory, expose: expose, remote: remote.remoteInfo)
            }
            module = try await state.invoke(factory, [], as: activity)
        } catch {
            try await hooks.emit(
                lifecycle.afterExecuteFactory,
                AfterExecuteFactory(
                    id: id, expose: expose, remoteInfo: remote.remoteInfo, exposeModule: .nil, error: error,
                    context: context))
            throw error
        }
        try await hooks.emit(
            lifecycle.afterExecuteFactory,
            AfterExecuteFactory(
                id: id, expose: expose, remoteInfo: remote.remoteInfo, exposeModule: module, error: nil,
                context: context))
        return module
    }
}
