import EventLoops
import Logging
import LuaBridge

/// What the functions of `mf` that reach the system work with, for one piece of code: the script, a generation of a
/// plugin, a remote.
struct Operations: Sendable {
    let tasks: TaskRunner
    let log: Logger
    /// What is begun now belongs to it, and ends with it; nothing does for the script.
    let owner: @Sendable () -> Lifetime?

    var loop: EventLoop { tasks.loop }

    /// One function of `mf`.
    struct Function: Sendable {
        let name: String
        let signature: String
        let summary: String
        let make: @Sendable (Operations) -> LuaCallable
    }

    /// All of them.
    static let functions: [Function] = processFunctions

    /// All of them for this piece of code.
    var record: LuaRecord {
        LuaRecord(Self.functions.map { ($0.name, .callable($0.make(self))) })
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
