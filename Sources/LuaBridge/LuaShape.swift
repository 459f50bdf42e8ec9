internal import Synchronization

/// The keys of an argument table, in order.
///
/// Each state interns them once, so that building a table of this shape costs no hashing of strings. Make shapes once,
/// as static constants: each takes a place in every state that uses it.
public final class LuaShape: Sendable {
    /// The keys.
    public let keys: [String]
    /// Its place in the states' lists.
    let index: Int

    private static let counter = Atomic<Int>(0)

    /// Makes a shape of keys.
    public init(_ keys: [String]) {
        self.keys = keys
        index = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
