import Diagnostics
import EventLoops
import Fetch

/// The connection to a server that tells which of its files change.
final class OriginFeed: @unchecked Sendable {
    // Made and ended by `OriginFeeds`; its task and the answers it gets are of the runtime's loop.

    /// Where such servers tell it.
    static let path = "/.mflua/events"

    /// How long to wait before a lost connection is taken up again: twice as long each time.
    private static let delays = (first: Duration.milliseconds(100), longest: Duration.seconds(30))
    /// How long a server may take to answer.
    private static let patience = Duration.seconds(5)

    private enum Ending {
        /// The server does not tell what changes.
        case noFeed
        /// The connection was lost.
        case lost
    }

    /// What has to be asked for.
    private enum Changes {
        case some(Set<String>)
        case anything
    }

    private let origin: Origin
    private unowned let runtime: Runtime
    private var task: Task<Void, any Error>?
    private var work: Int?
    private var events = EventStream()
    /// Whether the answer was looked at and found to be something else.
    private var isRefused = false
    private var changes: Changes?
    private var asking: Task<Void, any Error>?

    init(_ origin: Origin, _ runtime: Runtime) { (self.origin, self.runtime) = (origin, runtime) }

    /// Begins to listen.
    func start() {
        work = runtime.beginWork()
        task = runtime.loop.start { [self] in
            try await listen()
            endWork()
        }
    }

    /// Ends it; what is being asked for is given up.
    func end() {
        task?.cancel()
        asking?.cancel()
        (task, asking, changes) = (nil, nil, nil)
        endWork()
    }

    private func endWork() {
        if let work { runtime.endWork(work) }
        work = nil
    }

    /// Listens until the server turns out not to tell anything.
    private func listen() async throws {
        let loop = runtime.loop
        var delay = Self.delays.first
        while true {
            let start = loop.now
            guard await connect() == .lost else { return }
            try Task.checkCancellation()
            // Only a connection that has held for a while shows that the server is well.
            if start.duration(to: loop.now) > delay * 2 { delay = Self.delays.first }
            try await loop.sleep(for: delay)
            delay = min(delay * 2, Self.delays.longest)
        }
    }

    private func connect() async -> Ending {
        events.restart()
        isRefused = false
        var headers = [("Accept", "text/event-stream"), ("Cache-Control", "no-store")]
        if let id = events.lastID, !id.isEmpty { headers.append(("Last-Event-ID", id)) }
        var request = FetchRequest(url: origin.url + Self.path, headers: headers, timeout: Self.patience)
        request.onPart = { [weak self] in self?.take($0, $1) ?? false }
        do {
            guard let listener = runtime.listener(to: origin) else { return .noFeed }
            _ = try await listener.fetch(request)
        } catch let error as MFError where error.code == .fetchStatus {
            // A server that is overloaded, or being started behind a proxy, may know better later.
            let status = error["status"].flatMap { Int($0) } ?? 0
            return status >= 500 || status == 429 ? .lost : .noFeed
        } catch let error as MFError where [.fetchPolicy, .fetchRedirects, .capabilityMissing].contains(error.code) {
            // Where it leads may not be asked, and will not be allowed later.
            return .noFeed
        } catch {
            return isRefused ? .noFeed : .lost
        }
        return isRefused ? .noFeed : .lost
    }

    private func take(_ header: FetchResponse, _ bytes: [UInt8]) -> Bool {
        let type = header.header("Content-Type")?.lowercased() ?? ""
        guard header.status == 200, type.hasPrefix("text/event-stream") else {
            isRefused = true
            return false
        }
        for event in events.take(bytes) { take(event) }
        return !events.isTooLong
    }

    private func take(_ event: EventStream.Event) {
        switch (event.name, changes) {
        // What has changed before is not known: since the files were fetched, or while the connection was lost.
        case ("hello", _): changes = .anything
        case ("change", .some(let known)?): changes = .some(known.union(event.data))
        case ("change", nil): changes = .some(Set(event.data))
        default: return
        }
        guard asking == nil else { return }
        asking = runtime.loop.start { [self] in
            while let next = changes, !Task.isCancelled {
                changes = nil
                switch next {
                case .some(let paths): await runtime.revalidate(paths, of: origin)
                case .anything: await runtime.revalidate(nil, of: origin)
                }
            }
            if !Task.isCancelled { asking = nil }
        }
    }
}
