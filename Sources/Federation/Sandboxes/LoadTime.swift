import Diagnostics
import EventLoops
import LuaBridge

/// What tenants have done to one load, share, preload, update or registration: the time that they used, computing and
/// waiting, all of a tenant's hooks together, and the failures of their hooks that did not count.
final class LoadTime: @unchecked Sendable {
    // Written by what runs as part of the load: `current` gives it to nobody on another loop.

    @TaskLocal static var running: LoadTime?

    /// That of the running task's load; one of another loop is none.
    static var current: LoadTime? {
        guard let running, running.loop == EventLoop.current else { return nil }
        return running
    }

    private let loop = EventLoop.current
    private var used: [String: Duration] = [:]
    /// What failed and was passed over, as sentences.
    private var failures: [String] = []
    /// So many are told of.
    private static let toldFailures = 3

    /// A tenant has had its time in this load.
    struct Up: Error {}

    func used(by tenant: String) -> Duration { used[tenant] ?? .zero }

    func add(_ time: Duration, to tenant: String) { used[tenant, default: .zero] += time }

    /// Notes a failure that the load goes on without.
    func passOver(_ error: any Error, of hook: String, plugin: String) {
        guard failures.count < Self.toldFailures, let error = error as? MFError else { return }
        let cure = error.hint.map { ": \($0)" } ?? ""
        failures.append("`\(hook)` of plugin `\(plugin)` failed, too: \(error.message) [\(error.code)]\(cure)")
    }

    /// The error of the load with what was passed over in its hint: it may be why the load failed.
    func explaining(_ error: MFError) -> MFError {
        guard !failures.isEmpty else { return error }
        return error.replacing(hint: ([error.hint].compactMap(\.self) + failures).joined(separator: "; "))
    }
}

extension MFError {
    /// The hooks of a tenant have taken as long in one load as the tenant may take.
    static func loadTimeUsed(_ tenant: String, _ wall: Duration) -> MFError {
        MFError(
            .limitWall, "the hooks of tenant `\(tenant)` took more than \(wall.milliseconds) ms of one load",
            context: [("tenant", tenant)], hint: "raise the tenant's `wall`, or reduce the time its hooks wait")
    }
}
