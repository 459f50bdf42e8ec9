import Diagnostics
import EventLoops
import Logging
import LuaBridge

/// Verbs over what a host knows. A service is made where it is used, and keeps nothing of its own.
protocol HostService: Sendable {
    var context: HostContext { get }
}

extension HostService {
    var name: String { context.name }
    var options: HostOptions {
        get { context.options }
        nonmutating set { context.options = newValue }
    }
    var hooks: HookBus { context.hooks }
    var index: RemoteDirectory { context.index }
    var moduleCache: LiveMap<RemoteModule> { context.moduleCache }
    var shareScopeMap: ShareScopes { context.shareScopeMap }
    var tenants: TenantStore { context.tenants }
    var registry: FederationRegistry { context.registry }
    var state: LuaState { context.registry.state }
    var loop: EventLoop { context.registry.loop }
    var log: Logger { context.registry.log }
}

extension HostService {
    /// Runs a load, or what else emits hooks, within which the time of each tenant is bounded. One inside of another has
    /// the outer's time.
    func bounded<T>(_ body: () async throws -> T) async throws -> T {
        guard hooks.hasTenants, LoadTime.current == nil else { return try await body() }
        let time = LoadTime()
        do {
            return try await LoadTime.$running.withValue(time, operation: body)
        } catch let error as MFError {
            throw time.explaining(error)
        }
    }

    /// Does what does not wait, such as a registration, within the same bound.
    func boundedNow<T>(_ body: () throws -> T) throws -> T {
        guard hooks.hasTenants, LoadTime.current == nil else { return try body() }
        let time = LoadTime()
        do {
            return try LoadTime.$running.withValue(time, operation: body)
        } catch let error as MFError {
            throw time.explaining(error)
        }
    }
}
