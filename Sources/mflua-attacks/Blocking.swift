import Glibc

/// A value that one thread waits for.
final class Blocking<Value: Sendable>: @unchecked Sendable {
    // The semaphore orders the two threads: the one writes before it posts, the other reads after it has waited.
    private var value: Value?
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }
    deinit { semaphore.deallocate() }

    func finish(_ value: Value) {
        self.value = value
        sem_post(semaphore)
    }

    func wait() -> Value {
        while sem_wait(semaphore) != 0 {}
        return value!
    }
}
