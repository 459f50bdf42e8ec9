internal import CLuaShim

/// What the calls of one listener have come to.
///
/// Each call is counted; one of some is timed, as a look at the clock costs what a small listener costs.
public final class LuaTally: @unchecked Sendable {
    // The pointer is a constant; what it points to is used on the loop's thread only, by the emissions that count into it
    // and by the properties, which their users read there.
    let pointer: UnsafeMutablePointer<mf_tally>

    /// Makes a tally that stands at zero.
    public init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: mf_tally())
    }

    deinit { pointer.deallocate() }

    /// How often the listener was called.
    public var calls: Int { Int(pointer.pointee.calls) }
    /// How many of these calls returned nothing.
    public var noops: Int { Int(pointer.pointee.noops) }
    /// How long all calls have waited.
    public var waited: Duration { .nanoseconds(pointer.pointee.waited) }
    /// The longest of the calls that were timed, without what it waited.
    public var longest: Duration { .nanoseconds(pointer.pointee.longest) }

    /// The time of all calls without what they waited, as far as those that were timed tell.
    public var spent: Duration {
        let tally = pointer.pointee
        guard tally.timed > 0 else { return .zero }
        return .nanoseconds(Double(tally.spent) / Double(tally.timed) * Double(tally.calls))
    }

    /// Counts a call of a listener that is no Lua function of the host's state.
    ///
    /// - Parameters:
    ///   - clock: What time it is; asked twice for the calls that are timed.
    ///   - isNothing: Whether the result is nothing.
    public func count<T>(
        _ clock: () -> ContinuousClock.Instant, isNothing: (T) -> Bool, _ body: () throws -> T
    ) rethrows -> T {
        let begun = begin(clock)
        let result = try body()
        end(begun, clock, isNothing: isNothing(result))
        return result
    }

    /// The same for a listener that may wait; all of its time counts as waited.
    public func count<T>(
        waitingBy clock: () -> ContinuousClock.Instant, isNothing: (T) -> Bool, _ body: () async throws -> T
    ) async rethrows -> T {
        pointer.pointee.calls += 1
        let begun = clock()
        let result = try await body()
        pointer.pointee.waited += UInt64(clamping: begun.duration(to: clock()).wholeNanoseconds)
        if isNothing(result) { pointer.pointee.noops += 1 }
        return result
    }

    private func begin(_ clock: () -> ContinuousClock.Instant) -> ContinuousClock.Instant? {
        defer { pointer.pointee.calls += 1 }
        return pointer.pointee.calls % UInt64(MF_TIMED_EVERY) == 0 ? clock() : nil
    }

    private func end(
        _ begun: ContinuousClock.Instant?, _ clock: () -> ContinuousClock.Instant, isNothing: Bool
    ) {
        if isNothing { pointer.pointee.noops += 1 }
        guard let begun else { return }
        let spent = UInt64(clamping: begun.duration(to: clock()).wholeNanoseconds)
        pointer.pointee.timed += 1
        pointer.pointee.spent += spent
        pointer.pointee.longest = max(pointer.pointee.longest, spent)
    }
}

/// The tallies of a list of listeners, as C counts into them.
final class LuaTallies: @unchecked Sendable {
    // Constants: the addresses of tallies that `list` keeps alive.
    private let list: [LuaTally]
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<mf_tally>?>

    init(_ list: [LuaTally]) {
        self.list = list
        pointers = .allocate(capacity: list.count)
        for (index, tally) in list.enumerated() { (pointers + index).initialize(to: tally.pointer) }
    }

    deinit { pointers.deallocate() }
}

extension Duration {
    fileprivate static func nanoseconds(_ count: UInt64) -> Duration { .nanoseconds(Int64(clamping: count)) }
}
