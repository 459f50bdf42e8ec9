/// What the remotes of a runtime are made of: which resources belong to a remote, and what is known of each.
struct RemoteResources {
    private struct Part {
        var resource: ResourceValidator?
        /// How many remotes it belongs to.
        var users: Int
    }

    private var names: [String: Set<String>] = [:]
    private var parts: [String: Part] = [:]

    /// The remotes that something is known of.
    var remotes: some Collection<String> { names.keys }

    /// The URLs of a remote's resources.
    func urls(of remote: String) -> Set<String> { names[remote] ?? [] }

    /// What is known of a resource.
    func known(_ url: String) -> ResourceValidator? { parts[url]?.resource }

    /// Notes that a remote is made of a resource, and what is known of it by now.
    ///
    /// - Returns: Whether the remote was not known to be made of it.
    @discardableResult
    mutating func note(_ url: String, _ resource: ResourceValidator? = nil, of remote: String) -> Bool {
        let isNew = names[remote, default: []].insert(url).inserted
        if isNew { parts[url, default: Part(users: 0)].users += 1 }
        if let resource { parts[url]?.resource = resource }
        return isNew
    }

    /// Takes over what is known of a resource by now.
    mutating func refresh(_ url: String, _ resource: ResourceValidator) { parts[url]?.resource = resource }

    /// What is known of all of a remote's resources.
    func all(of remote: String) -> [String: ResourceValidator?] {
        Dictionary(uniqueKeysWithValues: urls(of: remote).map { ($0, known($0)) })
    }

    /// Makes these, and no others, a remote's resources.
    mutating func replace(_ resources: [String: ResourceValidator?], of remote: String) {
        for (url, resource) in resources { note(url, resource, of: remote) }
        for url in urls(of: remote) where resources[url] == nil { forget(url, of: remote) }
    }

    /// Forgets a remote.
    ///
    /// - Returns: The URLs that belonged to no other.
    @discardableResult
    mutating func remove(_ remote: String) -> [String] {
        let all = urls(of: remote)
        for url in all { forget(url, of: remote) }
        names[remote] = nil
        return all.filter { parts[$0] == nil }
    }

    mutating func removeAll() { (names, parts) = ([:], [:]) }

    private mutating func forget(_ url: String, of remote: String) {
        names[remote]?.remove(url)
        guard let users = parts[url]?.users else { return }
        if users > 1 { parts[url]?.users = users - 1 } else { parts[url] = nil }
    }
}
