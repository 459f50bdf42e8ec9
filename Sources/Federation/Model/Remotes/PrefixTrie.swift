/// Names as a tree of bytes, each with the numbers of those who bear it.
///
/// Finding the names that a text begins with takes as many steps as the text has bytes, however many names there are.
struct PrefixTrie {
    /// One byte of the names that share what comes before it. 0 stands for "none" in the links: the root is node 0.
    private struct Node {
        var byte: UInt8
        var firstChild: Int32 = 0
        var sibling: Int32 = 0
        /// How many bearers there are of the names that end here or below.
        var population: Int32 = 0
        /// Where in `bearers` those of the name that ends here are; -1 when none does.
        var name: Int32 = -1
    }

    private var nodes = [Node(byte: 0)]
    private var freeNodes: [Int32] = []
    /// The bearers of each name, in the order in which they got it.
    private var bearers: [[Int]] = []
    private var freeNames: [Int32] = []

    /// Gives a name to a bearer.
    mutating func insert(_ name: String, bearer: Int) {
        var node = 0
        nodes[0].population += 1
        for byte in name.utf8 {
            let next = child(of: node, byte) ?? makeChild(of: node, byte)
            nodes[next].population += 1
            node = next
        }
        if nodes[node].name < 0 {
            if let free = freeNames.popLast() {
                nodes[node].name = free
            } else {
                nodes[node].name = Int32(bearers.count)
                bearers.append([])
            }
        }
        bearers[Int(nodes[node].name)].append(bearer)
    }

    /// Takes a name from a bearer who has it.
    mutating func remove(_ name: String, bearer: Int) {
        var path = [0]
        for byte in name.utf8 {
            guard let next = child(of: path.last!, byte) else { return }
            path.append(next)
        }
        let end = path.last!
        guard nodes[end].name >= 0, let place = bearers[Int(nodes[end].name)].firstIndex(of: bearer) else { return }
        bearers[Int(nodes[end].name)].remove(at: place)
        if bearers[Int(nodes[end].name)].isEmpty {
            freeNames.append(nodes[end].name)
            nodes[end].name = -1
        }
        for node in path { nodes[node].population -= 1 }
        // Nobody's nodes go back, the lowest first.
        for (parent, node) in zip(path, path.dropFirst()).reversed() where nodes[node].population == 0 {
            unlink(node, from: parent)
            freeNodes.append(Int32(node))
        }
    }

    /// Who bears exactly this name.
    func bearers(of name: String) -> [Int] {
        node(of: name).map(bearers(at:)) ?? []
    }

    /// The first bearer of the longest name that the text begins with, up to a slash or the text's end.
    func longest(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        var node = 0
        var found = text.isEmpty || text[0] == UInt8(ascii: "/") ? nodes[0].name : -1
        for position in text.indices {
            guard let next = child(of: node, text[position]) else { break }
            node = next
            if nodes[node].name >= 0, position + 1 == text.count || text[position + 1] == UInt8(ascii: "/") {
                found = nodes[node].name
            }
        }
        return found < 0 ? nil : bearers[Int(found)][0]
    }

    /// Some bearer of a name that begins with the text, byte by byte.
    func anyone(below text: String) -> Int? {
        guard var node = node(of: text), nodes[node].population > 0 else { return nil }
        while true {
            if let bearer = bearers(at: node).first { return bearer }
            node = Int(nodes[node].firstChild)
        }
    }

    /// The first name that the text begins with, byte by byte, and for whose bearer the condition holds.
    ///
    /// - Parameter condition: Gets a bearer and the length of the name.
    func first(_ text: UnsafeBufferPointer<UInt8>, where condition: (Int, Int) -> Bool) -> Int? {
        var node = 0
        for position in text.indices {
            guard let next = child(of: node, text[position]) else { return nil }
            node = next
            if let bearer = bearers(at: node).first(where: { condition($0, position + 1) }) { return bearer }
        }
        return nil
    }

    // MARK: - Nodes

    private func bearers(at node: Int) -> [Int] {
        nodes[node].name < 0 ? [] : bearers[Int(nodes[node].name)]
    }

    private func node(of text: String) -> Int? {
        var node = 0
        for byte in text.utf8 {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return node
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        var child = Int(nodes[node].firstChild)
        while child != 0 {
            if nodes[child].byte == byte { return child }
            child = Int(nodes[child].sibling)
        }
        return nil
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
