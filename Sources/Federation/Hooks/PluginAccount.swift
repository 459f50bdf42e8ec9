import Diagnostics
import EventLoops
import LuaBridge

/// What a host knows of an attached plugin over all of its generations: its policy, its calls, its failures.
final class PluginAccount: @unchecked Sendable {
    // Written by the dispatch loops of one host's hooks and by its registrar, all of which run on the runtime's loop; what is
    // handed out of there are values.

    /// Why listeners are not called at the moment, whatever their hook.
    enum Rest: Sendable, Equatable {
        case off(why: String?)
    }

    /// An error that a listener ended with.
    struct Failure: Sendable {
        let hook: String
        let message: String
        let code: String
        let at: ContinuousClock.Instant
    }

    let name: String
    let policy: PluginPolicy
    private(set) var breaker: Breaker?
    private(set) var lastFailure: Failure?
    /// Set while the plugin is not called.
    var rest: Rest?
    /// Why it is not called until another plugin is; nil: it need not wait.
    var waiting: String?
    /// Called when it has tripped, and when it no longer has.
    var onTrip: (() -> Void)?
    /// When it is called again.
    var wakeUp: TimerID?
    /// By hook, in the order of their first listeners.
    private(set) var hooks: [HookAccount] = []
    /// Tells the owner of the host something.
    private let warn: @Sendable (String) -> Void

    /// - Parameter isTenants: Whether it runs in a tenant.
    init(
        _ name: String, policy: PluginPolicy, isTenants: Bool, warn: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.name, self.policy, self.warn) = (name, policy, warn)
        breaker = policy.trip(isTenants: isTenants).map { Breaker($0) }
    }

    /// The account of one hook, made when it is first asked for.
    func hook(_ name: String) -> HookAccount {
        if let known = hooks.first(where: { $0.hook == name }) { return known }
        let made = HookAccount(name)
        hooks.append(made)
        return made
    }

    /// Whether a failure fails the step.
    var failsClosed: Bool { policy.fail == nil || policy.fail == .closed }
    var isObserver: Bool { policy.fail == .observe }

    /// Whether each listener has to be asked before it is called.
    var needsGate: Bool { breaker != nil || policy.timeout != nil || policy.cpu != nil || !failsClosed || isResting }
    /// Whether its listeners are left out.
    var isResting: Bool { rest != nil || waiting != nil }

    // MARK: - What is told

    func admits(at now: @autoclosure () -> ContinuousClock.Instant) -> Bool {
        // Asks for the time only where it matters.
        guard let breaker, breaker.isOpen else { return true }
        return self.breaker?.admits(at: now()) ?? true
    }

    func succeeded(in hook: HookAccount) {
        if breaker?.succeed() == true { onTrip?() }
        hook.isFailing = false
    }

    func withdraw(at now: ContinuousClock.Instant) { breaker?.withdraw(at: now) }

    /// Notes a failure; the owner is told where the plugin trips by it.
    func failed(_ error: any Error, in hook: HookAccount, at now: ContinuousClock.Instant) {
        let told = error as? MFError
        hook.errors += 1
        lastFailure = Failure(
            hook: hook.hook, message: told?.message ?? String(describing: error), code: told?.code.rawValue ?? "",
            at: now)
        guard breaker?.fail(at: now) == true else { return }
        warn("plugin `\(name)` has tripped: it is passed over for a while")
        onTrip?()
    }

    /// Tells the owner of a failure that fails nothing: of each series once.
    func passed(_ error: any Error, in hook: HookAccount) {
        guard !hook.isFailing else { return }
        hook.isFailing = true
        let text = (error as? MFError).map { "\($0.code.rawValue): \($0.message)" } ?? String(describing: error)
        warn("`\(hook.hook)` of plugin `\(name)` failed, and is passed over: \(text)")
    }

    /// Tells the owner that the plugin waits for another.
    func tellWaiting() {
        if let waiting { warn("plugin `\(name)` is not called for now: it \(waiting)") }
    }

    func reset() { breaker?.reset() }
}

/// What the calls of a plugin's listener of one hook have come to.
final class HookAccount: @unchecked Sendable {
    // As its plugin's: counted into by the dispatch loops, on the runtime's loop.
    let hook: String
    let tally = LuaTally()
    var errors = 0
    /// Calls that a filter has kept away.
    var filtered = 0
    /// Calls that were given up after the policy's `timeout`.
    var timeouts = 0
    /// Calls that were not made because the plugin had tripped, or too many of an observer's were under way.
    var passedOver = 0
    /// An observer's calls that are under way, by number.
    var observing: [Int: Task<Void, any Error>] = [:]
    var nextObservation = 0
    /// Whether the last call failed: each series of failures that pass is told of once.
    var isFailing = false

    init(_ hook: String) { self.hook = hook }
}
