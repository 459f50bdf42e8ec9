/// A JSON value, its objects in the order they were written.
indirect enum JSON: Equatable, Sendable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// One key of an object with its value.
    struct Member: Equatable, Sendable {
        var key: String
        var value: JSON
    }

    /// The value under a key; nil for anything that is no object or lacks the key.
    subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The element at an index; nil for anything that is no list or too short.
    subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var flag: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    var integer: Int? {
        if case .number(let number) = self { Int(exactly: number) } else { nil }
    }

    var elements: [JSON] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }

    /// An object from pairs; nil values are left out.
    static func make(_ pairs: (String, JSON?)...) -> JSON {
        .object(pairs.compactMap { key, value in value.map { Member(key: key, value: $0) } })
    }

    /// Assigns members, replacing those of the same key in place; null stays a value.
    func merging(_ others: [Member]) -> JSON {
        var members = self.members
        for other in others {
            if let index = members.firstIndex(where: { $0.key == other.key }) {
                members[index].value = other.value
            } else {
                members.append(other)
            }
        }
        return .object(members)
    }

    /// The object without some keys.
    func removing(_ keys: [String]) -> JSON {
        .object(members.filter { !keys.contains($0.key) })
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(arrayLiteral elements: JSON...) { self = .array(elements) }
}
