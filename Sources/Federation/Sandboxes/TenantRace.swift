import EventLoops

/// A call that waits, as what ends it early sees it.
protocol TenantRacing: AnyObject {
    var instance: any Sandbox { get }
    /// Ends the call with its instance's limit violation.
    func end()
}

/// A call that waits: it ends with its result, with its tenant's limit violation, or when its time is up.
final class TenantRace<T: Sendable>: TenantRacing, @unchecked Sendable {
    // `onEnd` is set before the call is listed, and read by what ends it: both on the tenant's loop.
    let instance: any Sandbox
    private let outcome = FirstOutcome<T>()
    var onEnd: () -> Void = {}

    init(_ instance: any Sandbox) { self.instance = instance }

    func end() {
        guard let violation = instance.violation else { return }
        finish(.failure(violation))
        onEnd()
    }

    func finish(_ result: Result<T, any Error>) { outcome.finish(result) }

    func value() async throws -> T { try await outcome.value() }
}
