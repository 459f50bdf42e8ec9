internal import CEventLoop
internal import Diagnostics
internal import Glibc

/// Names the watching of a signal, so that it can be ended.
public struct SignalWatch: Hashable, Sendable {
    let number: UInt64
    let signal: Int32
}

// Confined to the loop's thread.
extension EventLoop {
    /// Runs an action on the loop each time the process gets a signal. On the loop only.
    ///
    /// As long as a signal is watched, by any loop, it does not do what it did before (`SIGINT` does not end the
    /// process). Signals that come in quick succession may be told once.
    ///
    /// ```swift
    /// let interrupt = try loop.onSignal(SIGINT) { task.cancel() }
    /// …
    /// loop.removeSignal(interrupt)
    /// ```
    ///
    /// - Parameter isBackground: Whether what waits is not woken by it (see ``onStarved``), as it ends the process or reloads
    ///   files.
    /// - Throws: ``MFError`` with `RUNTIME-016` when there is no descriptor left, or the signal cannot be watched.
    @discardableResult public func onSignal(
        _ signal: Int32, isBackground: Bool = true, _ action: @escaping () -> Void
    ) throws -> SignalWatch {
        checkOnLoop()
        let counter = mf_eventfd_create()
        guard counter >= 0 else { throw MFError.resourceLacking("descriptor to watch a signal", errno) }
        let failure = mf_signal_watch(signal, counter)
        guard failure == 0 else {
            close(counter)
            throw MFError.resourceLacking("way to watch signal \(signal)", failure)
        }
        let watch = SignalWatch(number: nextSignalWatch, signal: signal)
        nextSignalWatch += 1
        signals[watch] = counter
        // Otherwise nobody might get it: Swift's own threads block signals, and new threads inherit that.
        if mf_signal_unblock(signal) { unblockedSignals.insert(signal) }
        self.watch(descriptor: counter, for: .read, isBackground: isBackground) { _ in
            if mf_eventfd_take(counter) > 0 { action() }
        }
        return watch
    }

    /// Ends the watching of a signal. With the last watch the signal does again what it did before. On the loop only.
    public func removeSignal(_ watch: SignalWatch) {
        checkOnLoop()
        guard let counter = signals.removeValue(forKey: watch) else { return }
        mf_signal_unwatch(watch.signal, counter)
        unwatch(descriptor: counter)
        close(counter)
        let isLast = !signals.keys.contains { $0.signal == watch.signal }
        if isLast, unblockedSignals.remove(watch.signal) != nil { mf_signal_block(watch.signal) }
    }
}
