internal import Synchronization

/// The keys of an argument table, in order.
///
/// Each state interns them once, so that building a table of this shape costs no hashing of strings. Make shapes once,
/// as static constants: each takes a place in every state that uses it.
public final class LuaShape: Sendable {
    /// The keys.
    public let keys: [String]
    /// Which of them are read back after an emission, one bit a key; those from the 65th on always are.
    let read: UInt64
    /// Its place in the states' lists.
    let index: Int

    private static let counter = Atomic<Int>(0)

    /// Makes a shape of keys.
    ///
    /// - Parameter reading: Which keys are read back after an emission; of the others the values that were put in count.
    public init(_ keys: [String], reading: (String) -> Bool = { _ in true }) {
        self.keys = keys
        read = keys.prefix(64).enumerated().reduce(0) { bits, key in
            reading(key.element) ? bits | 1 << UInt64(key.offset) : bits
        }
        index = Self.counter.wrappingAdd(1, ordering: .relaxed).oldValue
    }
}
