/// What one generation of a plugin has started, and what therefore ends with it.
///
/// Tasks that a dispatch started live as long as that dispatch may need them: they end when the scope is closed;
/// everything else ends when the scope is left.
package final class Lifetime: @unchecked Sendable {
    // `owner` checks the thread of every member.

    /// Names something that is owned, so that it can be let go when it has ended by itself.
    package struct Token: Hashable { fileprivate let number: Int }

    private struct Owned {
        let outlivesLeaving: Bool
        let retire: (() -> Void)?
        let end: () -> Void
    }

    private let owner = LoopOwner()
    private var owned: [Int: Owned] = [:]
    private var next = 0
    /// Whether the generation has been replaced or removed.
    package var isLeft: Bool {
        owner.check("Lifetime")
        return wasLeft
    }
    private var wasLeft = false

    /// Makes a lifetime that owns nothing.
    package init() {}

    /// How many things are owned.
    package var count: Int {
        owner.check("Lifetime")
        return owned.count
    }

    /// Takes something over; if the scope was left already, it is ended at once.
    ///
    /// - Parameters:
    ///   - inDispatch: Whether a dispatch that is under way started it.
    ///   - retire: Ends it when nobody waits for it; nil for what goes on when the scope retires.
    @discardableResult
    package func own(
        inDispatch: Bool = false, retiring retire: (() -> Void)? = nil, _ end: @escaping () -> Void
    ) -> Token {
        owner.check("Lifetime")
        let token = Token(number: next)
        next += 1
        if wasLeft && !inDispatch {
            end()
        } else {
            owned[token.number] = Owned(outlivesLeaving: inDispatch, retire: retire, end: end)
        }
        return token
    }

    /// Whether something is owned still.
    package func holds(_ token: Token) -> Bool {
        owner.check("Lifetime")
        return owned[token.number] != nil
    }

    /// Forgets something that has ended by itself.
    package func release(_ token: Token) {
        owner.check("Lifetime")
        owned[token.number] = nil
    }

    /// Ends the tasks that are owned, each as soon as nobody waits for it: the generation has a successor, and what was
    /// handed out of it goes on working.
    package func retire() {
        owner.check("Lifetime")
        for (_, owned) in owned.sorted(by: { $0.key > $1.key }) { owned.retire?() }
    }

    /// Whether some task goes on.
    package var hasTasks: Bool {
        owner.check("Lifetime")
        return owned.values.contains { $0.retire != nil }
    }

    /// How many tasks go on.
    package var taskCount: Int {
        owner.check("Lifetime")
        return owned.values.count { $0.retire != nil }
    }

    /// Ends what is owned, newest first, but for what a dispatch may still wait for.
    package func leave() {
        owner.check("Lifetime")
        wasLeft = true
        end { !$0.outlivesLeaving }
    }

    /// Ends all that is left.
    package func close() {
        owner.check("Lifetime")
        wasLeft = true
        end { _ in true }
    }

    private func end(_ condition: (Owned) -> Bool) {
        let ending = owned.filter { condition($0.value) }.sorted { $0.key > $1.key }
        for (number, _) in ending { owned[number] = nil }
        for (_, owned) in ending { owned.end() }
    }
}
