internal import CEventLoop
internal import Synchronization

/// Waits for a while on no loop: for tasks that look after a loop which may be busy.
///
/// Not `Task.sleep`: that one's timers are libdispatch's, whose threads end the process where they cannot read `/proc`.
///
/// - Throws: `CancellationError` when the task is cancelled.
package func pause(for duration: Duration) async throws {
    let pauser = Pauser()
    let hasPaused = try await withTaskCancellationHandler {
        try await withUnsafeThrowingContinuation { pauser.begin($0, for: duration) }
    } onCancel: {
        pauser.cancel()
    }
    // There is no thread for alarms; libdispatch may have one.
    if !hasPaused { try await Task.sleep(for: duration) }
}

/// One pause.
private final class Pauser: Sendable {
    private enum Stage {
        case new
        case waiting(UnsafeContinuation<Bool, any Error>, alarm: Int64)
        case over
    }

    private let stage = Mutex(Stage.new)

    func begin(_ continuation: UnsafeContinuation<Bool, any Error>, for duration: Duration) {
        // An alarm waits for the stage: it finds its own number there.
        let outcome: Result<Bool, any Error>? = stage.withLock { stage in
            guard case .new = stage else { return .failure(CancellationError()) }
            let context = Unmanaged.passRetained(self)
            let (seconds, fraction) = min(max(duration, .zero), .seconds(1 << 30)).components
            let alarm = mf_alarm_set(
                seconds * 1_000_000_000 + fraction / 1_000_000_000,
                { Unmanaged<Pauser>.fromOpaque($0!).takeRetainedValue().end() }, context.toOpaque())
            guard alarm != 0 else {
                context.release()
                stage = .over
                return .success(false)
            }
            stage = .waiting(continuation, alarm: alarm)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Its time has come.
    private func end() {
        guard case .waiting(let continuation, _) = leave() else { return }
        continuation.resume(returning: true)
    }

    func cancel() {
        guard case .waiting(let continuation, let alarm) = leave() else { return }
        if mf_alarm_cancel(alarm) { Unmanaged.passUnretained(self).release() }
        continuation.resume(throwing: CancellationError())
    }

    private func leave() -> Stage {
        stage.withLock { stage in
            defer { stage = .over }
            return stage
        }
    }
}
