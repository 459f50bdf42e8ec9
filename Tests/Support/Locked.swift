import Glibc

/// A value behind pthread's mutex.
///
/// ThreadSanitizer does not see how Swift's own `Mutex` wakes who waits for it, and reports what it guards as a race.
public final class Locked<Value>: @unchecked Sendable {
    // `value` is used while the mutex is held only.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    public init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
