import Glibc

/// Runs blocking work on a thread of its own, so that the few threads of the global pool stay free.
public func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
        let work = Unmanaged.passRetained(Work { continuation.resume(with: Result { try body() }) })
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(failure == 0, "no thread to be had")
        pthread_detach(thread)
    }
}

private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
