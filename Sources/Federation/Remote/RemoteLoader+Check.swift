import Diagnostics
import EventLoops
import LuaBridge

/// Trying a new version of a remote out before it is put in place.
extension RemoteLoader {
    /// Makes an expose's module, to see whether that can be done.
    ///
    /// - Parameter isListed: Whether the manifest lists it; nothing where there is no manifest.
    /// - Returns: Whether it is offered. One that is not listed, and that `get` gives nothing for or raises at, as the
    ///   containers of Module Federation's build tools do, is not.
    func makes(
        _ module: RemoteModule, expose: String, isListed: Bool?, snapshot: Snapshot?
    ) async throws -> Bool {
        try await activity(of: module, expose, loadFactory: true).run {
            try await makeExpose(module, expose, isListed: isListed, snapshot: snapshot)
        }
    }

    private func makeExpose(
        _ module: RemoteModule, _ expose: String, isListed: Bool?, snapshot: Snapshot?
    ) async throws -> Bool {
        let container = try await container(of: module)
        let fromHook = try await hooks.emit(
            lifecycle.getModuleFactory,
            GetModuleFactory(expose: expose, remoteInfo: module.remoteInfo, remoteEntryExports: container.value))
        if fromHook.isCallable { return true }
        let factory: LuaValue
        do {
            factory = try await container.get(expose, of: module.remoteInfo, in: state)
        } catch let error as MFError where error.code == .luaRuntime && isListed != true {
            return false
        }
        if factory.isCallable {
            _ = try await state.invoke(factory, [])
            return true
        }
        if isListed == true {
            throw MFError.exposeNotFound(
                expose, remote: module.remoteInfo,
                request: RemoteRequest.id(remote: module.remoteInfo.name, expose: expose),
                host: name, snapshot: snapshot)
        }
        return false
    }
}
