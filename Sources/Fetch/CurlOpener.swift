internal import Diagnostics
internal import Glibc
internal import Synchronization

/// Opens libcurl, once, on a thread of its own that the process waits for when it ends.
///
/// libcurl's TLS library must not be set up on one thread while another runs the process's exit handlers: that is a crash.
/// The handler that waits is registered before the thread begins, hence it comes after whatever the libraries register.
enum CurlOpener {
    private static let outcome = Mutex<Result<CurlLibrary, MFError>?>(nil)
    private static let isExiting = Atomic<Bool>(false)

    /// The process's libcurl, or why there is none; waits until it is open.
    static func result() -> Result<CurlLibrary, MFError> {
        _ = thread
        gate.wait()
        // Set: the gate opens after it was written.
        return outcome.withLock { $0! }
    }

    /// Begins to open it.
    static func begin() { _ = thread }

    private static let gate = Gate()

    /// The thread that opens; nil where none could be had, and the caller's did it.
    private static let thread: pthread_t? = {
        atexit { CurlOpener.waitAtExit() }
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { _ in
                CurlOpener.open()
                return nil
            }, nil)
        if failure == 0 { return thread }
        open()
        return nil
    }()

    private static func open() {
        let result = Result { () throws(MFError) in try CurlLibrary(unless: { isExiting.load(ordering: .acquiring) }) }
        outcome.withLock { $0 = result }
        gate.open()
    }

    private static func waitAtExit() {
        isExiting.store(true, ordering: .releasing)
        if let thread { pthread_join(thread, nil) }
    }

    /// Lets everybody through once it is open.
    private final class Gate: @unchecked Sendable {
        // A semaphore is made for any thread, and the pointer to it never changes.
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init() { sem_init(semaphore, 0, 0) }

        func open() { sem_post(semaphore) }

        func wait() {
            while sem_wait(semaphore) != 0 {}
            sem_post(semaphore)
        }
    }
}
