internal import Synchronization

/// Ties a mutable object to the loop that uses it, and stops the program where another thread does.
///
/// An object that is made off every loop is free: whoever has made it fills it in. From the first use on a loop it belongs
/// to that loop, and to one that is made on a loop it belongs from the beginning.
///
/// ```swift
/// final class Counter: @unchecked Sendable {
///     private let owner = LoopOwner()
///     private var stored = 0
///     var count: Int {
///         owner.check("Counter")
///         return stored
///     }
/// }
/// ```
public struct LoopOwner: ~Copyable, Sendable {
    /// The number of the loop; 0 while the object is free.
    private let loop: Atomic<UInt>

    /// Belongs to the loop whose thread this is, if it is one's.
    public init() { loop = Atomic(EventLoop.current) }

    /// Stops the program when the object belongs to a loop and this is not its thread.
    ///
    /// - Parameters:
    ///   - type: The type whose member was called, for the message.
    ///   - member: The member that was called.
    @inline(__always)
    public func check(_ type: StaticString, _ member: StaticString = #function) {
        if loop.load(ordering: .relaxed) != EventLoop.current { claim("\(type)", member) }
    }

    /// The same for a generic object: the message has the name of the type.
    @inline(__always)
    package func check(_ type: Any.Type, _ member: StaticString) {
        if loop.load(ordering: .relaxed) != EventLoop.current { claim("\(type)", member) }
    }

    @inline(never)
    private func claim(_ type: @autoclosure () -> String, _ member: StaticString) {
        let (isFree, _) = loop.compareExchange(expected: 0, desired: EventLoop.current, ordering: .relaxed)
        if !isFree { EventLoop.stopOffLoop("\(type()).\(member)") }
    }
}
