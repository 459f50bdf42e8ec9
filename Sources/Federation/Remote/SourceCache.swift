import OrderedCollections

/// Sources that were fetched ahead, until they are used; the oldest go when there are too many bytes.
final class SourceCache: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.
    private var sources: OrderedDictionary<String, [UInt8]> = [:]
    private var size = 0
    private let capacity: Int

    /// Makes a cache for this many bytes.
    init(capacity: Int = 64 << 20) { self.capacity = capacity }

    /// Keeps a source.
    func put(_ url: String, _ source: [UInt8]) {
        _ = take(url)
        sources[url] = source
        size += source.count
        while size > capacity, let oldest = sources.keys.first { _ = take(oldest) }
    }

    /// Hands a source out, once.
    func take(_ url: String) -> [UInt8]? {
        guard let source = sources.removeValue(forKey: url) else { return nil }
        size -= source.count
        return source
    }
}
