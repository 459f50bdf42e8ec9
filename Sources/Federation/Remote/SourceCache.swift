import OrderedCollections

/// Sources that were fetched ahead, until they are used; the oldest go when there are too many bytes.
struct SourceCache {
    private var sources: OrderedDictionary<String, [UInt8]> = [:]
    private var size = 0
    private let capacity = 64 << 20

    /// Keeps a source.
    mutating func put(_ url: String, _ source: [UInt8]) {
        _ = take(url)
        sources[url] = source
        size += source.count
        while size > capacity, let oldest = sources.keys.first { _ = take(oldest) }
    }

    /// Hands a source out, once.
    mutating func take(_ url: String) -> [UInt8]? {
        guard let source = sources.removeValue(forKey: url) else { return nil }
        size -= source.count
        return source
    }
}
