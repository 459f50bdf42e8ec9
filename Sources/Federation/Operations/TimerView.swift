import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// What `mf.every`, `mf.after` and `mf.at` return: a function that is called again and again, or once.
final class TimerView: LuaObject, @unchecked Sendable {
    // Made by functions of a state, whose loop runs its timers and calls.

    /// What comes next.
    enum Next {
        /// A call, after a while.
        case call(Duration)
        /// The same question, after a while.
        case again(Duration)
    }

    /// What comes next; nil: nothing.
    private let next: () -> Next?
    private let function: LuaFunction
    private let operations: Operations
    private let overlaps: Bool
    private let name: String
    private var timer: TimerID?
    private var holding: Holding?
    private var running: [Int: Task<Void, any Error>] = [:]
    private var calls = 0
    private var errors = 0
    private var skipped = 0
    private var lastError: String?
    private var state = State.active

    private enum State: String { case active, cancelled, done }

    /// Starts a timer.
    ///
    /// - Parameters:
    ///   - kind: What it is called in messages, such as `every`.
    ///   - overlaps: Whether it is called while the last call goes on.
    ///   - isImmediate: Whether the first call is at once.
    ///   - next: What comes next, asked after each call is begun; nil: nothing.
    init(
        _ kind: String, _ function: LuaFunction, _ operations: Operations, overlaps: Bool = false,
        isImmediate: Bool = false, next: @escaping () -> Next?
    ) {
        (self.function, self.operations, self.overlaps, self.next) = (function, operations, overlaps, next)
        name = kind + (function.place.map { " (\($0))" } ?? "")
        holding = Holding(in: operations) { [weak self] in self?.end() }
        if state != .active {
            releaseIfOver()
            return
        }
        if isImmediate { schedule(.zero) { [self] in tick() } } else { scheduleNext() }
    }

    /// Starts a timer for the times of a cron expression.
    ///
    /// - Parameter part: A pause longer than this is slept in parts: the clock on the wall may be set meanwhile.
    convenience init(
        at schedule: CronSchedule, _ offset: @escaping CronSchedule.Offset, _ function: LuaFunction,
        _ operations: Operations, part: Duration = .seconds(30)
    ) {
        // What was due is not due again where the clock is set back, and once only where it is set forward.
        var last = Int(operations.time().rounded(.down))
        self.init("at", function, operations) {
            let now = operations.time()
            guard let due = schedule.next(after: last, offset) else { return nil }
            if Double(due) > now { return .again(min(part, .seconds(Double(due) - now))) }
            last = max(due, Int(now.rounded(.down)))
            return .call(.zero)
        }
    }

    private func scheduleNext() {
        switch next() {
        case .call(let delay): schedule(delay) { [self] in tick() }
        case .again(let delay): schedule(delay) { [self] in scheduleNext() }
        case nil:
            state = .done
            releaseIfOver()
        }
    }

    private func schedule(_ delay: Duration, _ action: @escaping () -> Void) {
        timer = operations.loop.schedule(after: delay) { [weak self] in
            self?.timer = nil
            action()
        }
    }

    private func tick() {
        guard state == .active else { return }
        if running.isEmpty || overlaps { call() } else { skipped += 1 }
        scheduleNext()
    }

    private func call() {
        calls += 1
        let number = calls
        running[number] = operations.call(name, function, [.object(self)]) { [self] error in
            if let error {
                errors += 1
                lastError = MFError.text(of: error)
            }
            running[number] = nil
            releaseIfOver()
        }
    }

    /// No further calls; those under way go on.
    func cancel() {
        if state == .active { state = .cancelled }
        if let timer { operations.loop.cancel(timer) }
        timer = nil
        releaseIfOver()
    }

    /// Its owner has ended: the calls under way end, too.
    private func end() {
        cancel()
        for call in running.values { call.cancel() }
    }

    private func releaseIfOver() {
        if state != .active, running.isEmpty { holding.take()?.release() }
    }

    static let luaTypeName = "mf.Timer"
    var luaDescription: String { "mf.Timer(\(name))" }
    var luaKeys: [LuaKey] { ["status", "calls", "errors", "skipped", "lastError"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("status"): .string(state.rawValue)
        case .string("calls"): .integer(Int64(calls))
        case .string("errors"): .integer(Int64(errors))
        case .string("skipped"): .integer(Int64(skipped))
        case .string("lastError"): .optional(lastError)
        default: .nil
        }
    }

    static let luaMethods = [cancelling("cancel"), cancelling("__close")]

    private static func cancelling(_ name: String) -> LuaCallable {
        LuaCallable(name) { call in
            try call.object(0, as: TimerView.self).cancel()
            return []
        }
    }
}
