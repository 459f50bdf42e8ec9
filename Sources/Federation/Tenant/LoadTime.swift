import Diagnostics
import LuaBridge

/// What tenants have used of one load or share: computing and waiting, all of a tenant's hooks together.
final class LoadTime: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    @TaskLocal static var current: LoadTime?

    private var used: [String: Duration] = [:]

    /// A tenant has had its time in this load.
    struct Up: Error {}

    func used(by tenant: String) -> Duration { used[tenant] ?? .zero }

    func add(_ time: Duration, to tenant: String) { used[tenant, default: .zero] += time }
}

extension Host {
    /// Runs a load within which the time of each tenant is bounded. One load inside of another has the outer's time.
    func bounded<T>(_ body: () async throws -> T) async rethrows -> T {
        guard hooks.hasTenants, LoadTime.current == nil else { return try await body() }
        return try await LoadTime.$current.withValue(LoadTime(), operation: body)
    }
}

extension MFError {
    /// The hooks of a tenant have taken as long in one load as the tenant may take.
    static func loadTimeUsed(_ tenant: String, _ wall: Duration) -> MFError {
        MFError(
            .limitWall, "the hooks of tenant `\(tenant)` took more than \(wall.milliseconds) ms of one load",
            context: [("tenant", tenant)], hint: "raise the tenant's `wall`, or let its hooks wait less")
    }
}
