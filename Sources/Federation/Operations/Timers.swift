import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import Posix

extension Operations {
    /// `mf.every`, `mf.after` and `mf.at`.
    static let timerFunctions = [
        Function(
            name: "every",
            signature: "fun(interval: number|string, f: fun(timer: mf.Timer), options?: mf.EveryOptions): mf.Timer",
            summary: """
                Calls a function again and again, which may wait; a call is left out while the last one goes on. An error is \
                logged and counted, and the next call comes all the same.
                """
        ) { operations in
            LuaCallable("every") { call in
                let interval = try call.time(0)
                let function = try call.function(1)
                let options = try everyOptions.read(call, 2)
                let pace = Pace(interval, jitter: options["jitter"].time, operations.loop)
                return [
                    .object(
                        TimerView(
                            "every", function, operations, overlaps: options["overlap"].isTruthy,
                            isImmediate: options["immediate"].isTruthy
                        ) { .call(pace.next()) })
                ]
            }
        },
        Function(
            name: "after", signature: "fun(delay: number|string, f: fun(timer: mf.Timer)): mf.Timer",
            summary: "Calls a function once, after a while; it may wait. An error is logged and counted."
        ) { operations in
            LuaCallable("after") { call in
                let delay = try call.time(0)
                var isOver = false
                return [
                    .object(
                        TimerView("after", try call.function(1), operations) {
                            defer { isOver = true }
                            return isOver ? nil : .call(delay)
                        })
                ]
            }
        },
        Function(
            name: "at", signature: "fun(cron: string, f: fun(timer: mf.Timer), options?: mf.AtOptions): mf.Timer",
            summary: """
                Calls a function at the times of a cron expression, such as `30 2 * * mon-fri`. A time that the clock skips \
                comes once, when the clock goes on; one that comes twice counts once, unless the hour is `*`.
                """
        ) { operations in
            LuaCallable("at") { call in
                let text = try call.string(0)
                let schedule: CronSchedule
                do throws(CronSchedule.Problem) { schedule = try CronSchedule(text) } catch {
                    throw MFError.badCron(text, error, call)
                }
                let function = try call.function(1)
                let zone = try atOptions.read(call, 2)["zone"].stringValue
                let offset = zone == "UTC" ? CronSchedule.utc : CronSchedule.local
                return [
                    .object(TimerView(at: schedule, offset, function, operations))
                ]
            }
        },
    ]

    /// What `mf.every` takes besides.
    static let everyOptions = OptionTable([
        .init("jitter", .time, "At most this much later, by chance, each time."),
        .init("immediate", .boolean, "Whether the first call is at once; after one interval if absent."),
        .init("overlap", .boolean, "Whether it is called while the last call goes on."),
    ])

    /// What `mf.at` takes besides.
    static let atOptions = OptionTable([
        .init("zone", .word("local", "UTC"), "Whose clock; the machine's if absent.")
    ])
}

/// When the calls of `mf.every` come: at fixed times, however long they take and however late one was.
private final class Pace {
    private let interval: Duration
    private let jitter: Duration?
    private let loop: EventLoop
    private var due: ContinuousClock.Instant

    init(_ interval: Duration, jitter: Duration?, _ loop: EventLoop) {
        (self.interval, self.jitter, self.loop) = (interval, jitter, loop)
        due = loop.now
    }

    func next() -> Duration {
        let now = loop.now
        due += interval
        // What was missed is not made up for.
        if due < now { due = now + interval }
        let extra = jitter.map { $0 * Double.random(in: 0..<1) } ?? .zero
        return now.duration(to: due) + extra
    }
}

extension LuaCall {
    /// A time: a positive number of milliseconds, or a text with a unit.
    ///
    /// - Throws: ``MFError`` with `LUA-009`.
    func time(_ index: Int) throws -> Duration {
        if let time = self[index].time { return time }
        guard self[index].stringValue != nil || self[index].doubleValue != nil else {
            throw mismatch(index, "time such as \"5s\", or number of milliseconds,")
        }
        throw MFError.badArgument(
            index + 1, of: name,
            "expected a time such as \"5s\", or a positive number of milliseconds, found "
                + self[index].mismatchDescription
        ).replacing(hint: self[index].timeHint)
    }
}

extension MFError {
    /// A cron expression that cannot be read.
    fileprivate static func badCron(_ text: String, _ problem: CronSchedule.Problem, _ call: LuaCall) -> MFError {
        MFError.badArgument(1, of: call.name, "`\(text)` is no cron expression: \(problem)").replacing(
            hint: "write minute, hour, day of the month, month and day of the week: \"30 2 * * mon-fri\"")
    }
}
