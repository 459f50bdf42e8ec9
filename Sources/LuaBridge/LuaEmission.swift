/// How a run of Lua listeners is called, and what comes of it.
///
/// - `sync`: every listener is called with the same argument; the result is the last one that is not nil.
/// - `async`: the same, each may wait; `false` stops at once and is the result; nil and the very argument keep the
///   earlier result.
/// - waterfalls: nil keeps the data; a table or view that has a value for every key of the current data replaces it;
///   anything else throws `HOOK-002`.
///
/// An error stops every kind.
public enum LuaEmission {
    /// The rule by which results count.
    public enum Kind: Int32, Sendable {
        /// Every listener, no waiting.
        case sync
        /// Every listener until one returns false.
        case async
        /// Data is handed from one to the next, no waiting.
        case syncWaterfall
        /// Data is handed from one to the next.
        case asyncWaterfall
    }

    /// What listeners are called with.
    public enum Data: Sendable {
        /// A table with the shape's keys, made in the same call. Keys whose value is nil are left out.
        case values(LuaShape, [LuaValue])
        /// The table of an earlier run.
        case table(LuaTable)
        /// The table of an earlier run, with the shape's keys: they are read back as from ``values(_:_:)``. The values are
        /// those of the table.
        case kept(LuaTable, LuaShape, [LuaValue])
        /// Any one value.
        case value(LuaValue)
    }

    /// What came of it.
    public struct Result: Sendable {
        /// Plain kinds: the hook's result; `.nil` is nothing. Waterfalls over ``Data/value(_:)``: the final data.
        public var outcome: LuaValue
        /// Whether the outcome is the very argument.
        public var outcomeIsData: Bool
        /// Whether a listener of the async kind returned false.
        public var aborted: Bool
        /// With ``Data/values(_:_:)``: the shape's keys, read from the final data where the shape says so. Tables are
        /// references, views objects.
        public var fields: [LuaValue]
        /// Whether some field differs from what was put in.
        public var hasChanges: Bool
        /// The final data table, when it was to be kept.
        public var data: LuaTable?
    }
}
