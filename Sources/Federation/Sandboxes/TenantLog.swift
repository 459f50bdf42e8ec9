import EventLoops

/// What a tenant says, in the amount that its host puts up with: the rest is counted, and the count is logged.
final class TenantLog {
    /// How much may be said.
    struct Allowance {
        /// Messages and bytes at once, and refilled evenly over ``interval``.
        var messages = 500.0
        var bytes = 64.0 * 1024
        var interval = Duration.seconds(1)
        /// Bytes of one message; the rest of it is left out.
        var longest = 8 << 10
    }

    private let name: String
    private let services: TenantServices
    private let loop: EventLoop
    private let allowance: Allowance
    private let now: () -> ContinuousClock.Instant
    private var messages: Double
    private var bytes: Double
    private var filled: ContinuousClock.Instant
    private var dropped = 0
    private var report: TimerID?

    /// - Parameter now: The clock that the allowance is refilled by.
    init(
        _ name: String, _ services: TenantServices, loop: EventLoop, allowance: Allowance = Allowance(),
        now: @escaping () -> ContinuousClock.Instant = { .now }
    ) {
        (self.name, self.services, self.loop, self.allowance, self.now) = (name, services, loop, allowance, now)
        (messages, bytes, filled) = (allowance.messages, allowance.bytes, now())
    }

    /// Logs a message, or counts it.
    func write(_ severity: TenantServices.Severity, _ text: String) {
        guard severity >= services.leastSeverity else { return }
        let text = shortened(text)
        let size = Double(text.utf8.count)
        refill()
        guard messages >= 1, bytes >= size else {
            dropped += 1
            // While it goes on saying too much, that is told once an interval.
            if report == nil {
                report = loop.schedule(after: allowance.interval) { [weak self] in self?.tellDropped() }
            }
            return
        }
        messages -= 1
        bytes -= size
        services.message(severity, name, text)
    }

    /// Tells at once what was dropped.
    func close() { tellDropped() }

    private func tellDropped() {
        if let report { loop.cancel(report) }
        report = nil
        guard dropped > 0 else { return }
        let text = dropped == 1 ? "1 message" : "\(dropped) messages"
        dropped = 0
        services.log(.warning, "\(text) of tenant `\(name)` dropped: it logs faster than the host accepts")
    }

    private func refill() {
        let now = now()
        let share = filled.duration(to: now) / allowance.interval
        filled = now
        messages = min(allowance.messages, messages + share * allowance.messages)
        bytes = min(allowance.bytes, bytes + share * allowance.bytes)
    }

    private func shortened(_ text: String) -> String {
        let count = text.utf8.count
        guard count > allowance.longest else { return text }
        return String(decoding: text.utf8.prefix(allowance.longest), as: UTF8.self)
            + "… (\(count - allowance.longest) more bytes)"
    }
}
