/// Remotes by name and alias, found by the request that begins with one, at a price that does not depend on their number.
///
/// ```swift
/// var index = RemoteIndex<Remote>()
/// index.add(disk, name: "disk", alias: "d")
/// index.match("d/usage")                  // disk, "d", "./usage"
/// ```
public struct RemoteIndex<Stored> {
    /// A remote that a request names.
    public struct Match {
        /// What was stored for the remote.
        public let value: Stored
        /// The request, taken apart.
        public let request: RemoteRequest
    }

    private struct Entry {
        let value: Stored
        let name: String
        let alias: String?
    }

    private var tree = PrefixTrie()
    /// By the remotes' numbers; nil for those that were removed.
    private var entries: [Entry?] = []
    private var freeEntries: [Int] = []

    /// Makes an empty index.
    public init() {}

    /// The number of remotes.
    public var count: Int { entries.count - freeEntries.count }

    /// Adds a remote. Of several with one name the first is found, until it is removed.
    public mutating func add(_ value: Stored, name: String, alias: String? = nil) {
        let alias = alias.flatMap { $0.isEmpty || $0.utf8.elementsEqual(name.utf8) ? nil : $0 }
        let entry = Entry(value: value, name: name, alias: alias)
        let number: Int
        if let free = freeEntries.popLast() {
            number = free
            entries[number] = entry
        } else {
            number = entries.count
            entries.append(entry)
        }
        tree.insert(name, bearer: number)
        if let alias { tree.insert(alias, bearer: number) }
    }

    /// Removes the first remote of a name.
    ///
    /// - Returns: What was stored for it.
    @discardableResult
    public mutating func remove(name: String) -> Stored? {
        let number = tree.bearers(of: name).first { entries[$0].map { $0.name.utf8.elementsEqual(name.utf8) } ?? false }
        guard let number, let entry = entries[number] else { return nil }
        entries[number] = nil
        freeEntries.append(number)
        tree.remove(entry.name, bearer: number)
        if let alias = entry.alias { tree.remove(alias, bearer: number) }
        return entry.value
    }

    /// Removes all remotes.
    public mutating func removeAll() {
        self = RemoteIndex()
    }

    /// The remote of exactly this name or alias.
    public func remote(named nameOrAlias: String) -> Stored? {
        tree.bearers(of: nameOrAlias).first.flatMap { entries[$0]?.value }
    }

    /// The remote that a request names: of all names and aliases that the request begins with, up to a slash or its end,
    /// the longest wins, then the one registered first.
    public func match(_ id: String) -> Match? {
        var id = id
        guard let number = id.withUTF8(tree.longest), let entry = entries[number] else { return nil }
        // A remote whose alias extends its own name is still asked by its name.
        if let request = RemoteRequest(id, naming: entry.name) { return Match(value: entry.value, request: request) }
        guard let alias = entry.alias, let request = RemoteRequest(id, naming: alias) else { return nil }
        return Match(value: entry.value, request: request)
    }

    /// A remote beside which a new one would be ambiguous: an alias may not begin the name or the alias of another
    /// remote, byte by byte.
    ///
    /// - Returns: The offending alias, whether it is the new remote's, and what is stored for the other remote.
    public func aliasConflict(name: String, alias: String?) -> (alias: String, isNew: Bool, other: Stored)? {
        let alias = alias ?? ""
        if !alias.isEmpty, let number = tree.anyone(below: alias), let entry = entries[number] {
            return (alias, true, entry.value)
        }
        for text in [name, alias] {
            var text = text
            let number = text.withUTF8 { bytes in
                tree.first(bytes) { number, length in
                    guard let alias = entries[number]?.alias else { return false }
                    return alias.utf8.count == length && alias.utf8.elementsEqual(bytes[..<length])
                }
            }
            if let number, let entry = entries[number], let known = entry.alias { return (known, false, entry.value) }
        }
        return nil
    }
}
