internal import CEventLoop
internal import Glibc

/// What a descriptor is waited for, or found ready for.
public struct Interest: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Reading would not block.
    public static let read = Interest(rawValue: 1)
    /// Writing would not block.
    public static let write = Interest(rawValue: 2)
}

struct Watcher {
    let generation: UInt32
    let interest: Interest
    let isBackground: Bool
    let handler: (Interest) -> Void
}

// Confined to the loop's thread.
extension EventLoop {
    /// Calls a handler whenever a descriptor is ready. On the loop only.
    ///
    /// Watching a descriptor again replaces interest and handler. An error or a hang-up counts as ready for all that is
    /// waited for: reading or writing tells what happened. Plain files are always ready.
    ///
    /// - Parameter isBackground: Whether what waits is not woken by it (see ``onStarved``), such as an idle connection.
    public func watch(
        descriptor: Int32, for interest: Interest, isBackground: Bool = false, _ handler: @escaping (Interest) -> Void
    ) {
        checkOnLoop()
        if watchers[descriptor]?.isBackground == true { backgroundWatchers -= 1 }
        if isBackground { backgroundWatchers += 1 }
        // The generation tells a late event of a closed descriptor from one of its namesake.
        watcherGeneration &+= 1
        watchers[descriptor] = Watcher(
            generation: watcherGeneration, interest: interest, isBackground: isBackground, handler: handler)
        var flags: UInt32 = 0
        if interest.contains(.read) { flags |= UInt32(MFEventRead) }
        if interest.contains(.write) { flags |= UInt32(MFEventWrite) }
        let tag = UInt64(watcherGeneration) << 32 | UInt64(UInt32(bitPattern: descriptor))
        if mf_epoll_set(epoll, descriptor, flags, tag) == EPERM {
            alwaysReady.insert(descriptor)
        }
    }

    /// Ends the watching of a descriptor; call it before closing the descriptor. On the loop only.
    public func unwatch(descriptor: Int32) {
        checkOnLoop()
        guard let watcher = watchers.removeValue(forKey: descriptor) else { return }
        if watcher.isBackground { backgroundWatchers -= 1 }
        if alwaysReady.remove(descriptor) == nil { mf_epoll_remove(epoll, descriptor) }
    }

    /// Waits for descriptors as long as there is nothing else to do, and calls their handlers.
    func poll() {
        let hasWork =
            !queue.isEmpty || !alwaysReady.isEmpty || !yielded.isEmpty || !turns.isEmpty || isStopping
            || inbox.hasMail
        var timeout = hasWork ? 0 : timeUntilNextTimer()
        if timeout != 0, onStarved != nil, !timers.isAwaited, watchers.count == backgroundWatchers, workElsewhere == 0 {
            let action = onStarved.take()
            action?()
            timeout = 0
        }
        withUnsafeTemporaryAllocation(of: mf_event.self, capacity: 64) { events in
            let count = Int(mf_epoll_wait(epoll, events.baseAddress, Int32(events.count), timeout))
            for event in events.prefix(count) where event.tag != Self.wakeUpTag {
                dispatch(event)
            }
        }
        for descriptor in alwaysReady {
            if let watcher = watchers[descriptor] { watcher.handler(watcher.interest) }
        }
    }

    private func dispatch(_ event: mf_event) {
        let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: event.tag))
        guard let watcher = watchers[descriptor], UInt64(watcher.generation) == event.tag >> 32 else { return }
        var ready: Interest = []
        if event.flags & UInt32(MFEventRead) != 0 { ready.insert(.read) }
        if event.flags & UInt32(MFEventWrite) != 0 { ready.insert(.write) }
        if event.flags & UInt32(MFEventError | MFEventHangUp) != 0 { ready.formUnion(watcher.interest) }
        watcher.handler(ready)
    }
}
