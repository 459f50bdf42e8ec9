import Synchronization

/// Tells clients over server-sent events which files of a served folder have changed.
///
/// Each event carries a number as `id` and the paths, one a `data` line. A client that comes back with `Last-Event-ID`
/// gets at once what it has missed. With `?once` in the query the answer ends after the first event, for clients that
/// read whole answers.
///
/// ```
/// id: 3
/// event: change
/// data: disk/remoteEntry.lua
/// ```
public final class ChangeFeed: Sendable {
    /// The path that the feed is served under.
    public static let path = "/.mflua/events"

    private struct Change {
        let number: Int
        let paths: [String]

        var event: [UInt8] {
            let data = paths.map { "data: \($0)\n" }.joined()
            return Array("id: \(number)\nevent: change\n\(data)\n".utf8)
        }
    }

    private struct Listener {
        let continuation: AsyncStream<[UInt8]>.Continuation
        let once: Bool
    }

    private struct State {
        var last = 0
        /// The newest changes, for those who come back.
        var recent: [Change] = []
        var listeners: [Int: Listener] = [:]
        var nextListener = 0
    }

    private static let remembered = 256
    private let state = Mutex(State())

    /// Makes a feed that nobody listens to.
    public init() {}

    /// Tells everybody.
    ///
    /// - Parameter paths: What has changed, relative to the served folder.
    public func publish(_ paths: [String]) {
        state.withLock { state in
            state.last += 1
            let change = Change(number: state.last, paths: paths)
            state.recent.append(change)
            if state.recent.count > Self.remembered { state.recent.removeFirst() }
            for (number, listener) in state.listeners {
                listener.continuation.yield(change.event)
                guard listener.once else { continue }
                listener.continuation.finish()
                state.listeners[number] = nil
            }
        }
    }

    /// Answers a request for the feed; nothing if the request is for something else.
    public func reply(to request: ServerRequest) -> ServerReply? {
        guard request.method == "GET", request.pathWithoutQuery == Self.path else { return nil }
        let once = request.path.hasSuffix("?once")
        let known = request.header("Last-Event-ID").flatMap { Int($0) }
        return .stream(
            events(after: known, once: once),
            headers: [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")])
    }

    /// The events from now on, or those after a known one first.
    private func events(after known: Int?, once: Bool) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            state.withLock { state in
                // A number from the future is one of another server: that one's files may differ from ours.
                let known = known.map { $0 > state.last ? 0 : $0 }
                let missed = known.map { known in state.recent.filter { $0.number > known } } ?? []
                for change in missed { continuation.yield(change.event) }
                if once, !missed.isEmpty { return continuation.finish() }
                // Something at once, so that the client has the header and knows where it is.
                continuation.yield(Array("id: \(state.last)\nevent: hello\n\n".utf8))
                let number = state.nextListener
                state.nextListener += 1
                state.listeners[number] = Listener(continuation: continuation, once: once)
                continuation.onTermination = { [weak self] _ in
                    // Not under this lock: a stream may be ended while an event is handed to it.
                    guard let self else { return }
                    Task { self.forget(number) }
                }
            }
        }
    }

    private func forget(_ number: Int) {
        _ = state.withLock { $0.listeners.removeValue(forKey: number) }
    }
}
