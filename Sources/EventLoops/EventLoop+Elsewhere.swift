internal import Glibc
internal import Synchronization

extension EventLoop {
    /// Does something that blocks on another thread, while the loop goes on. On the loop only.
    ///
    /// A task that is cancelled is not waited for; what was begun is done all the same.
    ///
    /// - Throws: What the body throws; `CancellationError`.
    package func elsewhere<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        checkOnLoop()
        let first = FirstOutcome<T>()
        beginWorkElsewhere()
        defer { endWorkElsewhere() }
        BlockingThreads.shared.run {
            let result = Result { try body() }
            self.submit { first.finish(result) }
        }
        return try await first.value(cancelledOn: self)
    }

    /// Notes that another thread does something that tasks of this loop may wait for, until it is done. On the loop only.
    package func beginWorkElsewhere() {
        checkOnLoop()
        workElsewhere += 1
    }

    /// Ends what ``beginWorkElsewhere()`` began. On the loop only.
    package func endWorkElsewhere() {
        checkOnLoop()
        workElsewhere -= 1
    }
}

/// A few threads for what blocks, started as they are needed.
private final class BlockingThreads: @unchecked Sendable {
    // The semaphore is made for several threads; the rest is constant or behind the mutex.
    static let shared = BlockingThreads()
    /// More than a few: one that opens a pipe without a writer may block for good.
    private static let most = 16

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var idle = 0
        var count = 0
    }
    private let state = Mutex(State())
    /// Posted once a job.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    private init() { sem_init(semaphore, 0, 0) }

    func run(_ job: @escaping @Sendable () -> Void) {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.idle < state.jobs.count, state.count < Self.most else { return false }
            state.count += 1
            return true
        }
        sem_post(semaphore)
        if needsThread, !start() {
            // Without a thread the caller does it, if nobody else will.
            let isAlone = state.withLock { state in
                state.count -= 1
                return state.count == 0
            }
            if isAlone { next()?() }
        }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
    }

    private func start() -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        return pthread_create(
            &thread, &attributes,
            { _ in
                BlockingThreads.shared.work()
                return nil
            }, nil) == 0
    }

    private func work() {
        while true {
            state.withLock { $0.idle += 1 }
            while sem_wait(semaphore) != 0 {}
            state.withLock { $0.idle -= 1 }
            next()?()
        }
    }
}
