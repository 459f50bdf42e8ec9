import Glibc
import Synchronization

/// Writes log records to a descriptor from a thread of its own, so that a reader who stops reading stops nobody.
///
/// Records wait in a queue of bounded size. What does not fit is dropped, and counted in the log once there is room.
final class LogWriter: Sendable {
    /// The process's log. What it holds is written before the process ends, or for a second at most.
    static let standardError: LogWriter = {
        atexit { LogWriter.standardError.flush(within: .seconds(1)) }
        return LogWriter(descriptor: STDERR_FILENO)
    }()

    /// Bytes that wait to be written, at most.
    private let capacity: Int
    private let descriptor: Int32
    private let state = Mutex(State())
    /// Counts up when there is something to write; read by the writer's thread.
    private let filled = Condition()
    /// Signalled when everything has been written.
    private let emptied = Condition()

    private struct State {
        var waiting: [UInt8] = []
        /// Bytes that the thread has taken and not written yet.
        var underWay = 0
        var dropped = 0
        var hasThread = false

        var isEmpty: Bool { waiting.isEmpty && underWay == 0 && dropped == 0 }
    }

    /// - Parameters:
    ///   - descriptor: Where to write; it stays the caller's.
    ///   - capacity: How many bytes may wait.
    init(descriptor: Int32, capacity: Int = 1 << 20) {
        (self.descriptor, self.capacity) = (descriptor, capacity)
    }

    /// Queues a whole record, its line end included. Returns at once, whether anybody reads or not.
    func write(_ record: String) {
        var record = record
        let mustStart = record.withUTF8 { bytes in
            state.withLock { state in
                if state.waiting.count + state.underWay + bytes.count > capacity {
                    state.dropped += 1
                } else {
                    state.waiting.append(contentsOf: bytes)
                }
                defer { state.hasThread = true }
                return !state.hasThread
            }
        }
        if mustStart, !startThread() { return writeWaiting() }
        filled.signal()
    }

    /// Waits until everything has been written, but no longer than that.
    func flush(within limit: Duration) {
        let deadline = ContinuousClock.now + limit
        while !state.withLock({ $0.isEmpty }), ContinuousClock.now < deadline {
            emptied.wait(atMost: deadline - .now)
        }
    }

    /// Without a thread to be had, records are written by who makes them.
    private func startThread() -> Bool {
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // The new thread inherits the mask: signals are for the others.
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<LogWriter>.fromOpaque(pointer!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if failure == 0 { pthread_detach(thread) }
        return failure == 0
    }

    private func run() {
        while true {
            writeWaiting()
            filled.wait()
        }
    }

    private func writeWaiting() {
        while let bytes = take() {
            write(bytes)
            state.withLock { $0.underWay = 0 }
        }
        emptied.signal()
    }

    /// What waits, with a word about what was dropped after it; nil when there is nothing.
    private func take() -> [UInt8]? {
        state.withLock { state in
            guard !state.waiting.isEmpty || state.dropped > 0 else { return nil }
            var bytes = state.waiting
            if state.dropped > 0 {
                let text = state.dropped == 1 ? "1 log message" : "\(state.dropped) log messages"
                bytes += Array(LogSettings.current.render(.dropped("\(text) dropped: the reader is too slow")).utf8)
            }
            state.waiting = []
            state.dropped = 0
            state.underWay = bytes.count
            return bytes
        }
    }

    private func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress!, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if count < 0, errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if count >= 0 || errno != EINTR {
                    return  // the reader is gone
                }
            }
        }
    }
}

/// A counter that one thread waits for and others count up.
private final class Condition: @unchecked Sendable {
    // The semaphore is made for several threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }

    func wait(atMost limit: Duration) {
        guard limit > .zero else { return }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let (seconds, attoseconds) = limit.components
        let nanoseconds = time.tv_nsec + Int(attoseconds / 1_000_000_000)
        time.tv_sec += Int(seconds) + nanoseconds / 1_000_000_000
        time.tv_nsec = nanoseconds % 1_000_000_000
        while sem_timedwait(semaphore, &time) != 0, errno == EINTR {}
    }
}
