import CSandbox
import EventLoops
import Glibc

/// How much processor time a worker may still use, whatever it says of itself.
///
/// The watchdog in a worker ends what goes over the tenant's `cpu`; a worker that has been taken over has none. So the
/// kernel has a limit, too, which the host moves on for a sound worker: the time of a call, and of what outlives calls. It
/// is looked at with a call, at most once a second, and every some seconds.
final class WorkerProcessorTime {
    private let process: pid_t
    private let loop: EventLoop
    private let cpu: Duration
    private let perPeriod: Duration
    private let onExcess: () -> Void
    private var allowed: Duration?
    private var lookedAt: ContinuousClock.Instant
    private var timer: TimerID?

    private static let period = Duration.seconds(5)
    private static let leastPause = Duration.seconds(1)
    /// What it takes to start, and what whole seconds cut off.
    private static let slack = Duration.seconds(2)

    init(_ process: pid_t, _ loop: EventLoop, _ options: TenantOptions, onExcess: @escaping () -> Void) {
        (self.process, self.loop, self.onExcess, cpu, lookedAt) = (process, loop, onExcess, options.cpu, loop.now)
        // What outlives its call has `cpu` once every `wall`.
        perPeriod = min(options.cpu * max(1, Self.period / options.wall), Self.period)
        look(isCalled: true)
    }

    func stop() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    /// A call begins.
    func call() {
        if lookedAt.duration(to: loop.now) >= Self.leastPause { look(isCalled: true) }
    }

    /// - Parameter isCalled: Whether a call is under way: then it may use what a processor gives until the next look.
    private func look(isCalled: Bool) {
        lookedAt = loop.now
        stop()
        let used = sandbox_cpu_time(process)
        guard used >= 0 else { return }
        if let allowed, .nanoseconds(used) > allowed + Self.slack { return onExcess() }
        let more = cpu + Self.slack + (isCalled ? Self.period * 2 : perPeriod)
        let allowed = Duration.nanoseconds(used) + more
        self.allowed = allowed
        sandbox_limit_cpu(process, allowed.components.seconds + 1)
        timer = loop.schedule(after: Self.period, isBackground: true) { [weak self] in
            self?.look(isCalled: self?.isBusy() ?? false)
        }
    }

    /// Whether calls are under way.
    var isBusy: () -> Bool = { false }
}
