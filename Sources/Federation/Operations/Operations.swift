import Diagnostics
import EventLoops
import Logging
import LuaBridge

/// What the functions of `mf` that reach the system work with, for one piece of code: the script, a generation of a
/// plugin, a remote.
struct Operations: Sendable {
    let tasks: TaskRunner
    let facilities: Facilities
    let log: Logger
    /// What is begun now belongs to it, and ends with it; nothing does for the script.
    let owner: @Sendable () -> Lifetime?

    /// Which generation of a plugin it is, and the plugin's files; 1 for other code.
    var generation: @Sendable () -> (number: Int, files: Set<String>) = { (1, []) }
    /// Seconds since 1970.
    var time: @Sendable () -> Double = WallClock.now

    var loop: EventLoop { tasks.loop }

    /// One function of `mf`.
    struct Function: Sendable, Dated {
        let name: String
        let signature: String
        let summary: String
        var availability = Availability()
        let make: @Sendable (Operations) -> LuaCallable
    }

    /// All of them.
    static let functions: [Function] =
        processFunctions + timerFunctions + signalFunctions + smallFunctions + serverFunctions
        + connectFunctions

    /// All of them for this piece of code.
    var record: LuaRecord {
        LuaRecord(Self.functions.map { ($0.name, .callable($0.make(self))) })
    }
}

extension Operations {
    /// Calls a function that may wait, beside everything else. An error is logged.
    ///
    /// - Parameters:
    ///   - name: What messages call it.
    ///   - done: Is told when it has ended, and of its error; not of its being cancelled.
    func call(
        _ name: String, _ function: LuaFunction, _ arguments: [LuaValue] = [],
        done: @escaping @Sendable ((any Error)?) -> Void = { _ in }
    ) -> Task<Void, any Error> {
        // What it is called in the course of is over.
        Activity.$running.withValue(Activity(name, .task)) {
            PinnedView.$current.withValue(nil) {
                loop.start {
                    do {
                        _ = try await function.state.callAsync(function, arguments)
                        done(nil)
                    } catch is CancellationError {
                        done(nil)
                    } catch {
                        log.error("\(name) failed: \(MFError.text(of: error))", metadata: ["part": "script"])
                        done(error)
                    }
                }
            }
        }
    }
}

/// Holds something that was begun: it keeps the runtime awake, and ends with its owner and with the runtime.
final class Holding: @unchecked Sendable {
    // Made, released and ended on the loop of its operations.
    private let work: KeepAlive?
    private var number: Int?
    private let owner: Lifetime?
    private var token: Lifetime.Token?

    /// - Parameters:
    ///   - retire: Ends it when its owner has a successor, unless somebody needs it still; ends it at once by default.
    ///   - end: Ends it; it may have ended already.
    init(
        in operations: Operations, keepsAwake: Bool = true, retiring retire: (@Sendable () -> Void)? = nil,
        end: @escaping @Sendable () -> Void
    ) {
        work = operations.tasks.work
        owner = operations.owner()
        number = keepsAwake ? work?.begin(cancel: end) : nil
        token = owner?.own(inDispatch: PinnedView.isInDispatch, retiring: retire ?? end, end)
    }

    /// It has ended.
    func release() {
        if let number { work?.end(number) }
        if let token { owner?.release(token) }
        (number, token) = (nil, nil)
    }
}
