internal import Glibc
import Diagnostics
import Synchronization

/// Writes what stores have appended through to the disk, once a second for all of them, on a thread of its own that is there
/// while there is something to write.
final class StoreSyncer: Sendable {
    /// Called when a round is over.
    typealias Waiter = @Sendable (Result<Void, any Error>) -> Void

    private struct State {
        /// By the file's identity in memory: what holds it open, and who waits for it.
        var stores: [ObjectIdentifier: (store: OpenStore, waiters: [Waiter])] = [:]
        var isRunning = false
        var lastRound: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    /// Whoever ends the process waits for the round that is under way.
    private let rounds = Mutex(())
    private let interval: Duration

    init(interval: Duration = .seconds(1)) { self.interval = interval }

    /// Has a store written through in the next round.
    func note(_ store: OpenStore, _ waiter: Waiter? = nil) {
        let starts = state.withLock { state in
            var known = state.stores[ObjectIdentifier(store.file)] ?? (store, [])
            if let waiter { known.waiters.append(waiter) }
            state.stores[ObjectIdentifier(store.file)] = known
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        start()
    }

    /// Writes everything through now.
    func flush() { round() }

    private func start() {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<StoreSyncer>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if code == 0 {
            pthread_detach(thread)
            return
        }
        // There is no thread to be had: the caller writes.
        Unmanaged.passUnretained(self).release()
        state.withLock { $0.isRunning = false }
        round()
    }

    private func run() {
        blockSignals()
        while true {
            let wait = state.withLock { state -> Duration? in
                guard !state.stores.isEmpty else {
                    state.isRunning = false
                    return nil
                }
                return state.lastRound.map { interval - $0.duration(to: .now) } ?? .zero
            }
            guard let wait else { return }
            if wait > .zero {
                let parts = wait.components
                usleep(UInt32(clamping: parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000))
            }
            round()
        }
    }

    private func round() {
        rounds.withLock { _ in
            let stores = state.withLock { state in
                defer { state.stores = [:] }
                state.lastRound = .now
                return state.stores.values.map { $0 }
            }
            for (store, waiters) in stores { writeThrough(store, waiters) }
        }
    }

    private func writeThrough(_ store: OpenStore, _ waiters: [Waiter]) {
        let result = Result { try store.file.synchronize() }
        for waiter in waiters { waiter(result) }
        do {
            if waiters.isEmpty { try result.get() }
            if store.file.isLong { try store.file.compact() }
        } catch {
            // Nobody waits for it: the values are in memory, and in the file as far as the system has taken them; the next
            // write tries again.
            store.tell((error as? MFError)?.message ?? "\(error)")
        }
    }

    /// Signals are for the program's own threads.
    private func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, nil)
    }
}
