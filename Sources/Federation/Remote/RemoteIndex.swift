/// Remotes by name and alias, found by the request that begins with one.
///
/// The names form a tree of bytes, so that finding a remote takes as many steps as the request has bytes, however many
/// remotes there are.
///
/// ```swift
/// var index = RemoteIndex<Remote>()
/// index.add(disk, name: "disk", alias: "d")
/// index.match("d/usage")                  // (disk, "d", "./usage")
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

    /// One byte of the names that share what comes before it. 0 stands for "none" in the links: the root is node 0.
    private struct Node {
        let byte: UInt8
        var firstChild: Int32 = 0
        var sibling: Int32 = 0
        /// How many names and aliases end here or below.
        var population: Int32 = 0
        /// The remotes whose name or alias ends here, in the order of their registration.
        var owners: [Int] = []
    }

    private var nodes = [Node(byte: 0)]
    private var freeNodes: [Int32] = []
    private var entries: [Int: Entry] = [:]
    private var nextEntry = 0

    /// Makes an empty index.
    public init() {}

    /// The number of remotes.
    public var count: Int { entries.count }

    /// Adds a remote. Of several with one name the first is found, until it is removed.
    public mutating func add(_ value: Stored, name: String, alias: String? = nil) {
        let alias = alias.flatMap { $0.isEmpty || $0.utf8.elementsEqual(name.utf8) ? nil : $0 }
        entries[nextEntry] = Entry(value: value, name: name, alias: alias)
        insert(name, owner: nextEntry)
        if let alias { insert(alias, owner: nextEntry) }
        nextEntry += 1
    }

    /// Removes the first remote of a name.
    ///
    /// - Returns: What was stored for it.
    @discardableResult
    public mutating func remove(name: String) -> Stored? {
        guard let owner = node(of: name).flatMap({ nodes[$0].owners.first { hasName(name, $0) } }),
            let entry = entries.removeValue(forKey: owner)
        else { return nil }
        withdraw(entry.name, owner: owner)
        if let alias = entry.alias { withdraw(alias, owner: owner) }
        return entry.value
    }

    /// Removes all remotes.
    public mutating func removeAll() {
        self = RemoteIndex()
    }

    /// The remote of exactly this name or alias.
    public func remote(named nameOrAlias: String) -> Stored? {
        node(of: nameOrAlias).flatMap { nodes[$0].owners.first }.flatMap { entries[$0]?.value }
    }

    /// The remote that a request names: of all names and aliases that the request begins with, up to a slash or its end,
    /// the longest wins, then the one registered first.
    public func match(_ id: String) -> Match? {
        var id = id
        guard let owner = id.withUTF8(longestOwner), let entry = entries[owner] else { return nil }
        // A remote whose alias extends its own name is still asked by its name.
        guard
            let request = RemoteRequest(id, naming: entry.name) ?? entry.alias.flatMap({ RemoteRequest(id, naming: $0) })
        else { return nil }
        return Match(value: entry.value, request: request)
    }

    /// A remote whose alias, or whose name, would be ambiguous beside a new one: an alias may not begin the name or the
    /// alias of another remote, byte by byte.
    ///
    /// - Returns: The offending alias, whose it is (nil: the new remote's), and what is stored for the other remote.
    public func aliasConflict(name: String, alias: String?) -> (alias: String, isNew: Bool, other: Stored)? {
        if let alias, !alias.isEmpty, let start = node(of: alias), let owner = firstOwner(below: start),
            let entry = entries[owner]
        {
            return (alias, true, entry.value)
        }
        for text in [name, alias ?? ""] {
            var text = text
            guard let owner = text.withUTF8(aliasOwner), let entry = entries[owner], let short = entry.alias else {
                continue
            }
            return (short, false, entry.value)
        }
        return nil
    }
}

// MARK: - The tree

extension RemoteIndex {
    private func hasName(_ name: String, _ owner: Int) -> Bool {
        entries[owner].map { $0.name.utf8.elementsEqual(name.utf8) } ?? false
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        var child = nodes[node].firstChild
        while child != 0 {
            if nodes[Int(child)].byte == byte { return Int(child) }
            child = nodes[Int(child)].sibling
        }
        return nil
    }

    private func node(of text: String) -> Int? {
        var node = 0
        for byte in text.utf8 {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return node
    }

    private func longestOwner(_ id: UnsafeBufferPointer<UInt8>) -> Int? {
        var node = 0
        var owner = id.first == UInt8(ascii: "/") || id.isEmpty ? nodes[0].owners.first : nil
        for position in id.indices {
            guard let next = child(of: node, id[position]) else { break }
            node = next
            let isBoundary = position + 1 == id.count || id[position + 1] == UInt8(ascii: "/")
            if isBoundary, let first = nodes[node].owners.first { owner = first }
        }
        return owner
    }

    /// The remote that has an alias with which the text begins.
    private func aliasOwner(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var node = 0
        for position in text.indices {
            guard let next = child(of: node, text[position]) else { return nil }
            node = next
            for owner in nodes[node].owners {
                if let alias = entries[owner]?.alias, alias.utf8.elementsEqual(text[...position]) { return owner }
            }
        }
        return nil
    }

    private func firstOwner(below start: Int) -> Int? {
        var node = start
        while nodes[node].population > 0 {
            if let owner = nodes[node].owners.first { return owner }
            var child = Int(nodes[node].firstChild)
            while child != 0, nodes[child].population == 0 { child = Int(nodes[child].sibling) }
            node = child
        }
        return nil
    }

    private mutating func insert(_ text: String, owner: Int) {
        var node = 0
        nodes[0].population += 1
        for byte in text.utf8 {
            let next = child(of: node, byte) ?? makeChild(of: node, byte)
            nodes[next].population += 1
            node = next
        }
        nodes[node].owners.append(owner)
    }

    private mutating func makeChild(of parent: Int, _ byte: UInt8) -> Int {
        let new = Node(byte: byte, sibling: nodes[parent].firstChild)
        let index: Int
        if let free = freeNodes.popLast() {
            index = Int(free)
            nodes[index] = new
        } else {
            index = nodes.count
            nodes.append(new)
        }
        nodes[parent].firstChild = Int32(index)
        return index
    }

    private mutating func withdraw(_ text: String, owner: Int) {
        var path = [0]
        for byte in text.utf8 {
            guard let next = child(of: path.last!, byte) else { return }
            path.append(next)
        }
        nodes[path.last!].owners.removeAll { $0 == owner }
        for node in path { nodes[node].population -= 1 }
        // Nobody's nodes go back, the lowest first.
        for (parent, node) in zip(path, path.dropFirst()).reversed() where nodes[node].population == 0 {
            unlink(node, from: parent)
            freeNodes.append(Int32(node))
        }
    }

    private mutating func unlink(_ node: Int, from parent: Int) {
        if nodes[parent].firstChild == Int32(node) {
            nodes[parent].firstChild = nodes[node].sibling
            return
        }
        var child = Int(nodes[parent].firstChild)
        while child != 0 {
            if nodes[child].sibling == Int32(node) {
                nodes[child].sibling = nodes[node].sibling
                return
            }
            child = Int(nodes[child].sibling)
        }
    }
}
