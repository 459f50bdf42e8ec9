/// How much a tenant's Lua state may use.
public struct LuaLimits: Sendable, Equatable {
    /// Bytes that its Lua objects may take, garbage not counted.
    public var memory: Int
    /// Processor time of one call.
    public var cpu: Duration
    /// Bytes of what Lua hands to Swift at a time.
    public var message: Int
    /// Bytes of one source that `load` compiles.
    public var source = 1 << 20

    /// Makes limits.
    public init(memory: Int = 16 << 20, cpu: Duration = .milliseconds(50), message: Int = 1 << 20) {
        (self.memory, self.cpu, self.message) = (memory, cpu, message)
    }
}
