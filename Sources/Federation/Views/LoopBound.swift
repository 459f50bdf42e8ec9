import EventLoops

/// The fields of an object that belongs to a loop: used on another thread they stop the program, see ``LoopOwner``.
///
/// The object itself keeps nothing but constants, so the compiler sees that it is `Sendable`.
///
/// ```swift
/// public final class Counter: Sendable {
///     private struct Fields { var count = 0 }
///     private let bound = LoopBound<Counter, Fields>(Fields())
///
///     public var count: Int { bound[].count }
/// }
/// ```
final class LoopBound<Object, Fields>: @unchecked Sendable {
    // The fields are private, and the one way to them compares the thread with the owner's first.

    private let owner = LoopOwner()
    @exclusivity(unchecked)
    private var fields: Fields

    init(_ fields: Fields) { self.fields = fields }

    /// The fields.
    ///
    /// - Parameter member: The property of the object that is used, for the message.
    subscript(_ member: StaticString = #function) -> Fields {
        @inline(__always)
        _read {
            owner.check(Object.self, member)
            yield fields
        }
        @inline(__always)
        _modify {
            owner.check(Object.self, member)
            yield &fields
        }
    }
}
