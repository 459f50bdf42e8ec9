import Glibc

extension EventLoop {
    /// Runs a closure on the loop and blocks the calling thread until it is done; on the loop, runs it at once.
    ///
    /// For starting up and for tests: a task waits with ``perform(_:)`` instead.
    ///
    /// - Throws: The error that the closure throws.
    public func runAndWait<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        if isOnLoop { return try body() }
        let outcome = Outcome<T>()
        submit { outcome.settle(Result { try body() }) }
        return try outcome.wait().get()
    }
}

/// A result that one thread waits for and another gives.
private final class Outcome<T: Sendable>: @unchecked Sendable {
    // The result is written before the semaphore is posted and read after it was waited for.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var result: Result<T, any Error>?

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func settle(_ result: Result<T, any Error>) {
        self.result = result
        sem_post(semaphore)
    }

    func wait() -> Result<T, any Error> {
        while sem_wait(semaphore) != 0 {}
        // Set: the semaphore is posted after the result was written.
        return result!
    }
}
