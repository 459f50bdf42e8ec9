import EventLoops
import OrderedCollections

/// A file of a remote as it was fetched.
struct FetchedFile: Sendable {
    let body: [UInt8]
    /// The URL that answered: after redirects, or where a plugin had it from.
    let url: String
}

/// The files of remotes that are being fetched, and those that were fetched ahead and are not used yet.
///
/// Each tenant has a store of its own: what one may ask for, another may not be given.
///
/// A file that is fetched ahead is handed out once. Who wants one that is on its way waits for that request.
final class FileStore: @unchecked Sendable {
    // Kept by a registry or a tenant store, and asked by the fetches of its hosts on their loop.

    /// One request that is under way.
    final class Load: @unchecked Sendable {
        // `flight` is set before anybody gets it, `isTaken` by fetches on the loop of the store.
        fileprivate(set) var flight: SingleFlight<FetchedFile>!
        /// Whether somebody waits for the file who will use it: it is not kept for a later one then.
        fileprivate var isTaken = false
    }

    private var loads: [String: Load] = [:]
    private var ready: OrderedDictionary<String, FetchedFile> = [:]
    private var size = 0
    private let capacity: Int

    /// Makes a store that keeps this many bytes.
    init(capacity: Int = 64 << 20) { self.capacity = capacity }

    /// How many files are kept.
    var count: Int { ready.count }

    /// Keeps a file until it is used; the oldest go when there are too many bytes.
    func put(_ url: String, _ file: FetchedFile) {
        _ = take(url)
        ready[url] = file
        size += file.body.count
        while size > capacity, let oldest = ready.keys.first { _ = take(oldest) }
    }

    /// Hands a file out, once.
    func take(_ url: String) -> FetchedFile? {
        guard let file = ready.removeValue(forKey: url) else { return nil }
        size -= file.body.count
        return file
    }

    /// Drops a file that was fetched ahead; one on its way is not kept when it comes.
    func drop(_ url: String) {
        _ = take(url)
        loads.removeValue(forKey: url)?.isTaken = true
    }

    func removeAll() { (loads, ready, size) = ([:], [:], 0) }

    /// The request for a file that is under way.
    func load(_ url: String) -> Load? { loads[url].flatMap { $0.flight.isAbandoned ? nil : $0 } }

    /// The same for somebody who will use the file.
    func join(_ url: String) -> SingleFlight<FetchedFile>? {
        guard let load = load(url) else { return nil }
        load.isTaken = true
        return load.flight
    }

    /// Notes that a request has begun.
    func begin(_ url: String, _ flight: (Load) -> SingleFlight<FetchedFile>) -> Load {
        let load = Load()
        load.flight = flight(load)
        loads[url] = load
        return load
    }

    /// Notes that a request has ended. The file is kept, unless somebody waits for it or it was dropped meanwhile.
    func end(_ load: Load, _ url: String, with file: FetchedFile?) {
        guard loads[url] === load else { return }
        loads[url] = nil
        if let file, !load.isTaken { put(url, file) }
    }
}
