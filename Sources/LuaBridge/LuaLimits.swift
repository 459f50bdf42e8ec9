/// How much a tenant's Lua state may use.
public struct LuaLimits: Sendable, Equatable {
    /// Bytes that its Lua objects may take, garbage not counted.
    public var memory: Int
    /// Processor time of one call with the tasks it spawns.
    public var cpu: Duration
    /// The time in which tasks that outlive the call they were spawned by get ``cpu`` again, all of them together.
    public var wall = Duration.seconds(2)
    /// Bytes of what Lua hands to Swift at a time.
    public var message: Int
    /// Bytes of one source that `load` compiles.
    public var source = 1 << 20

    /// Makes limits.
    public init(memory: Int = 16 << 20, cpu: Duration = .milliseconds(50), message: Int = 1 << 20) {
        (self.memory, self.cpu, self.message) = (memory, cpu, message)
    }
}
