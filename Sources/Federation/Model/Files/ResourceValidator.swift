import EventLoops
import Fetch

/// What is known of a resource that was fetched: enough to ask whether it is another by now.
struct ResourceValidator {
    let entityTag: String?
    let lastModified: String?
    /// Where the resource came from, which may be elsewhere than it was asked for.
    private let url: String?
    private let hash: Int
    private let size: Int

    /// A resource that is not there any more.
    static let gone = ResourceValidator()

    private init() { (entityTag, lastModified, url, hash, size) = (nil, nil, nil, 0, -1) }

    /// What is known of an answer, or of bytes whose answer is gone.
    init(_ body: [UInt8], _ response: FetchResponse? = nil) {
        entityTag = response?.header("ETag")
        lastModified = response?.header("Last-Modified")
        url = response.flatMap { $0.url.isEmpty ? nil : $0.url }
        var hasher = Hasher()
        body.withUnsafeBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
        size = body.count
    }

    init(_ response: FetchResponse) { self.init(response.body, response) }

    /// Whether both are the same bytes; times and tags do not matter.
    func hasContent(of other: ResourceValidator) -> Bool { hash == other.hash && size == other.size }

    /// What a conditional request says; nil where nothing is known that it could say.
    ///
    /// - Parameter asked: The URL of the request.
    func conditions(for asked: String) -> FetchConditions? {
        var fields: [(String, String)] = []
        if let entityTag { fields.append(("If-None-Match", entityTag)) }
        if let lastModified { fields.append(("If-Modified-Since", lastModified)) }
        return fields.isEmpty ? nil : FetchConditions(url: url ?? asked, headers: fields)
    }
}

/// A resource whose content is another than before.
struct ChangedResource {
    let url: String
    /// The answer; nothing when the resource is gone.
    let response: FetchResponse?

    var resource: ResourceValidator { response.map { ResourceValidator($0) } ?? .gone }
}
