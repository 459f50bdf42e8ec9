internal import DequeModule

/// What gives way to everything else, in a queue of owners: each owner has one turn, however many tasks it has.
struct TurnQueue {
    private var owners = Deque<ObjectIdentifier>()
    private var waiting: [ObjectIdentifier: Deque<UnsafeContinuation<Void, Never>>] = [:]

    var isEmpty: Bool { owners.isEmpty }

    func contains(_ owner: ObjectIdentifier) -> Bool { waiting[owner] != nil }

    mutating func append(_ continuation: UnsafeContinuation<Void, Never>, of owner: ObjectIdentifier) {
        if waiting[owner] == nil { owners.append(owner) }
        waiting[owner, default: []].append(continuation)
    }

    /// The next in line; its owner goes to the end.
    mutating func next() -> UnsafeContinuation<Void, Never>? {
        guard let owner = owners.popFirst(), let first = waiting[owner]?.popFirst() else { return nil }
        if waiting[owner]?.isEmpty == true {
            waiting[owner] = nil
        } else {
            owners.append(owner)
        }
        return first
    }
}
