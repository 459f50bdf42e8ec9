internal import CEventLoop
internal import DequeModule
internal import Diagnostics
internal import Glibc
internal import Synchronization

/// One dedicated thread that runs everything of a runtime: tasks, timers, descriptors and signals.
///
/// The loop is both serial executor and task executor, and tasks that ``start(_:)`` and ``perform(_:)`` begin prefer
/// it: they stay on its thread across every `await`, so what belongs to the runtime needs no lock.
///
/// ```swift
/// let loop = EventLoop()
/// let answer = try await loop.perform {
///     try await loop.sleep(for: .milliseconds(5))
///     return 42
/// }
/// loop.stop()
/// loop.join()
/// ```
///
/// The thread lives until ``stop()``. Work that arrives later (the last release of something that cleans up on the
/// loop) is run all the same, by a thread that ends when there is none left.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // What other threads use stands first: constants, atomics, and the inbox with its lock. The rest is used by the loop's own
    // thread, which each synchronous member checks.

    /// The name of the thread, cut to what the system keeps.
    public let name: String

    /// The clock that timers go by; nil: the system's.
    public let clock: LoopClock?

    /// Distinguishes the loop from all others of the process, those that have ended included; never 0.
    let number: UInt

    // Shared with other threads.
    let inbox = Inbox()
    let threadID = Atomic<UInt>(0)
    let wakeUp: Int32

    // Confined to the loop's thread.
    let epoll: Int32
    var queue = Deque<Work>()
    /// How many jobs the loop has begun, and how often it has looked for events. Between two equal numbers nothing but
    /// the caller ran. On the loop only.
    public private(set) var turnCount: UInt64 = 0
    var yielded: [UnsafeContinuation<Void, Never>] = []
    var turns = TurnQueue()
    var timers = TimerQueue()
    var watchers: [Int32: Watcher] = [:]
    /// How many of the watchers nobody waits for.
    var backgroundWatchers = 0
    var watcherGeneration: UInt32 = 0
    /// How many pieces of work other threads do for tasks of this loop.
    var workElsewhere = 0
    var alwaysReady: Set<Int32> = []
    var signals: [SignalWatch: Int32] = [:]
    var nextSignalWatch: UInt64 = 1
    var unblockedSignals: Set<Int32> = []
    var stopActions: [() -> Void] = []
    /// The programs that run, by their numbers: they end with the loop.
    var processes: [Int32: Subprocess] = [:]
    var isStopping = false
    /// Runs once, and is forgotten, when nothing is left that could end a wait: no job, and no timer or descriptor but
    /// those of the background. What other threads might send is not known here. On the loop only.
    public var onStarved: (() -> Void)?

    /// Makes a loop and starts its thread, which has a stack of 8 MB.
    ///
    /// - Precondition: There are two descriptors and a thread for it; ``start(name:)`` throws where there are not.
    public convenience init(name: String = "mflua") {
        do { try self.init(starting: name, clock: nil) } catch { preconditionFailure("\(error)") }
    }

    /// Makes a loop and starts its thread.
    ///
    /// ```swift
    /// let loop = try EventLoop.start(name: "worker")
    /// ```
    ///
    /// - Parameter clock: What timers go by; nil: the system's clock.
    /// - Throws: ``MFError`` with `RUNTIME-016` when there are no descriptors or no thread left for it.
    public static func start(name: String = "mflua", clock: LoopClock? = nil) throws -> EventLoop {
        try EventLoop(starting: name, clock: clock)
    }

    private init(starting name: String, clock: LoopClock?) throws {
        (self.name, self.clock) = (name, clock)
        number = Self.lastNumber.add(1, ordering: .relaxed).newValue
        epoll = mf_epoll_create()
        wakeUp = epoll < 0 ? -1 : mf_eventfd_create()
        guard wakeUp >= 0 else { throw MFError.resourceLacking("descriptor for an event loop", errno) }
        // Edge-triggered: each signal of the counter wakes the loop once, and nobody has to read it.
        let refusal = mf_epoll_set_edge(epoll, wakeUp, Self.wakeUpTag)
        guard refusal == 0 else { throw MFError.resourceLacking("descriptor for an event loop", refusal) }
        inbox.beginRunning()
        let failure = startThread()
        guard failure == 0 else { throw MFError.resourceLacking("thread for an event loop", failure) }
        // From here on `isOnLoop` is right for everybody.
        while threadID.load(ordering: .acquiring) == 0 { sched_yield() }
    }

    deinit {
        close(epoll)
        close(wakeUp)
    }

    /// Whether the caller runs on the loop's thread.
    public var isOnLoop: Bool { mf_loop_current() == number }

    /// The time that timers go by.
    public var now: ContinuousClock.Instant {
        guard let clock else { return .now }
        return .now + clock.lead
    }

    /// The same in nanoseconds.
    var nanoseconds: Int64 { clock?.nanoseconds ?? mf_monotonic_now() }

    // MARK: - End

    /// Ends the loop: sleeps are cancelled, timers and watches dropped, and what is queued is run. Returns at once.
    public func stop() {
        inbox.requestStop()
        mf_eventfd_signal(wakeUp)
    }

    /// Waits until the thread of a stopped loop has run all that was queued. Not to be called on the loop.
    public func join() {
        precondition(!isOnLoop, "an event loop cannot wait for its own end")
        inbox.waitUntilEnded()
    }

    /// Has an action run on the loop when it stops, before what is still queued. On the loop only.
    ///
    /// For what would otherwise leave tasks waiting for ever, such as transfers under way.
    public func atStop(_ action: @escaping () -> Void) {
        checkOnLoop()
        stopActions.append(action)
    }

    // MARK: - Executor

    /// Queues a job; called by the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        enqueue(.job(UnownedJob(job)))
    }

    /// Whether two loops are one; called by the Swift runtime.
    public func isSameExclusiveExecutionContext(other: EventLoop) -> Bool { self === other }

    /// Traps off the loop; called by `assumeIsolated` and its like.
    public func checkIsolated() { checkOnLoop("EventLoops", "checkIsolated()") }

    /// Whether the caller is isolated to the loop; called by the Swift runtime.
    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

    /// Runs a closure on the loop, after what is queued already. From any thread.
    public func submit(_ action: @escaping @Sendable () -> Void) {
        enqueue(.action(action))
    }

    private func enqueue(_ work: Work) {
        if isOnLoop {
            queue.append(work)
            return
        }
        switch inbox.add(work) {
        case .noticed: break
        case .wake: mf_eventfd_signal(wakeUp)
        case .restart:
            let failure = startThread()
            precondition(failure == 0, "no thread is available to replace the event loop's thread")
        }
    }

    // MARK: - Thread

    static let wakeUpTag = UInt64.max

    private static let lastNumber = Atomic<UInt>(0)

    /// How many jobs run before descriptors and timers get their turn, and for how long at most.
    private static let jobsPerTurn = 128
    private static let millisecondsPerTurn = 4

    /// A clock that is cheap to read and goes in steps of some milliseconds.
    private static func coarseMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    /// 0, or the errno.
    private func startThread() -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let retained = Unmanaged.passRetained(self)
        let failure = pthread_create(
            &thread, &attributes,
            { pointer in
                Unmanaged<EventLoop>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, retained.toOpaque())
        pthread_attr_destroy(&attributes)
        if failure != 0 { retained.release() }
        return failure
    }

    private func run() {
        mf_thread_set_name(name)
        // Whoever made the loop may have signals blocked, as Swift's own threads do. This one is for waking the loop's
        // thread out of computing; ignored unless somebody handles it.
        _ = mf_signal_unblock(SIGURG)
        mf_loop_set_current(number)
        threadID.store(UInt(pthread_self()), ordering: .releasing)
        // Run as tasks that prefer the loop, plain async functions call each other without going through the queue. The
        // price is paid by actors that live on the loop: their awaits go through it.
        let executor = asUnownedTaskExecutor()
        repeat {
            takeInbox()
            var budget = Self.jobsPerTurn
            let begun = Self.coarseMilliseconds()
            while budget > 0, let work = queue.popFirst() {
                budget -= 1
                turnCount &+= 1
                switch work {
                case .job(let job): job.runSynchronously(on: executor)
                case .action(let action): action()
                }
                if Self.coarseMilliseconds() - begun > Self.millisecondsPerTurn { break }
            }
            if isStopping, queue.isEmpty, yielded.isEmpty, turns.isEmpty {
                if inbox.endRunning({ threadID.store(0, ordering: .releasing) }) { return }
                continue
            }
            turnCount &+= 1
            poll()
            fireTimers()
            resumeYielded()
        } while true
    }

    private func takeInbox() {
        guard inbox.hasMail else { return }
        let stopRequested = inbox.take(into: &queue)
        if stopRequested, !isStopping { beginStopping() }
    }

    private func resumeYielded() {
        for continuation in yielded { continuation.resume() }
        yielded.removeAll(keepingCapacity: true)
        turns.next()?.resume()
    }

    private func beginStopping() {
        isStopping = true
        let actions = stopActions
        stopActions = []
        for action in actions { action() }
        for process in processes.values { process.end() }
        for descriptor in watchers.keys { unwatch(descriptor: descriptor) }
        for watch in signals.keys { removeSignal(watch) }
        for case .resume(let continuation) in timers.removeAll() {
            continuation.resume(throwing: CancellationError())
        }
    }
}

/// What the loop's thread has to run.
enum Work: @unchecked Sendable {
    // A job is handed over once, from the thread that enqueues it to the one that runs it; an action is `Sendable`.
    case job(UnownedJob)
    case action(@Sendable () -> Void)
}
