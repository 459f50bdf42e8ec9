internal import DequeModule
internal import Glibc
internal import Synchronization

/// What other threads hand to a loop, and whether its thread is there to take it.
final class Inbox: @unchecked Sendable {
    // `mutex` is held wherever the variables are used; `mail` is atomic.

    /// What has to follow the adding of work.
    enum Followup {
        /// The loop knows already that there is mail.
        case noticed
        /// The loop may be asleep.
        case wake
        /// The loop's thread has ended: another one has to be started.
        case restart
    }

    // pthread's mutex rather than Swift's: ThreadSanitizer knows it.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let ended = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let mail = Atomic<Bool>(false)
    private var items: [Work] = []
    private var isRunning = false
    private var isStopRequested = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(ended, nil)
    }

    deinit {
        pthread_cond_destroy(ended)
        pthread_mutex_destroy(mutex)
        ended.deallocate()
        mutex.deallocate()
    }

    /// Whether there is something to take. Cheap: asked once a turn.
    var hasMail: Bool { mail.load(ordering: .acquiring) }

    /// Whether the loop has been asked to stop.
    var stopRequested: Bool { withLock { isStopRequested } }

    func add(_ work: Work) -> Followup {
        withLock {
            items.append(work)
            if !isRunning {
                isRunning = true
                mail.store(true, ordering: .releasing)
                return .restart
            }
            return mail.exchange(true, ordering: .acquiringAndReleasing) ? .noticed : .wake
        }
    }

    /// Moves all work to the loop's own queue.
    ///
    /// - Returns: Whether the loop has been asked to stop.
    func take(into queue: inout Deque<Work>) -> Bool {
        withLock {
            queue.append(contentsOf: items)
            items.removeAll(keepingCapacity: true)
            mail.store(false, ordering: .releasing)
            return isStopRequested
        }
    }

    func requestStop() {
        withLock {
            isStopRequested = true
            mail.store(true, ordering: .releasing)
        }
    }

    func beginRunning() {
        withLock { isRunning = true }
    }

    /// Ends the thread's term if no work has come in meanwhile.
    ///
    /// - Parameter leave: Called under the lock when the term ends.
    func endRunning(_ leave: () -> Void) -> Bool {
        withLock {
            guard items.isEmpty else { return false }
            isRunning = false
            leave()
            pthread_cond_broadcast(ended)
            return true
        }
    }

    /// Runs an action if there is a thread, which does not end meanwhile.
    func whileRunning(_ action: () -> Void) {
        withLock { if isRunning { action() } }
    }

    func waitUntilEnded() {
        withLock {
            while isRunning { pthread_cond_wait(ended, mutex) }
        }
    }

    private func withLock<T>(_ body: () -> T) -> T {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
