public import LuaBridge
import Metrics
import Diagnostics

/// What a tenant has used, and how it is.
public struct TenantStats: Sendable, Equatable {
    /// How a tenant is.
    public enum State: String, Sendable {
        /// Nothing of it runs; the next call makes an instance.
        case idle
        /// It has an instance.
        case running
        /// It went over its limits too often and is kept out for a while.
        case suspended
        /// It was closed.
        case closed
    }

    /// Bytes that its Lua objects take now.
    public var memory: Int
    /// The most they have taken in an instance.
    public var peakMemory: Int
    /// Processor time of all its calls.
    public var cpuTime: Duration
    /// Calls into it.
    public var calls: Int
    /// Calls that failed.
    public var errors: Int
    /// Results of its hooks that did not count, and failures that stopped nothing: `changes` did not allow them.
    public var drops: Int
    /// How often it went over a limit, by the limit's code.
    public var violations: [String: Int]
    /// How many instances there have been.
    public var generation: Int
    /// How it is.
    public var state: State
    /// How long it is suspended still.
    public var suspendedFor: Duration?
}

extension TenantStats {
    /// The same for Lua, as `host:tenantStats(name)` gives it: times in milliseconds.
    public var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("memory", .integer(Int64(memory))), ("peakMemory", .integer(Int64(peakMemory))),
                ("cpu", .number(Double(cpuTime.nanoseconds) / 1e6)), ("calls", .integer(Int64(calls))),
                ("errors", .integer(Int64(errors))), ("drops", .integer(Int64(drops))),
                (
                    "dooms",
                    .record(
                        LuaRecord(violations.sorted { $0.key < $1.key }.map { ($0.key, .integer(Int64($0.value))) }))
                ),
                ("generation", .integer(Int64(generation))), ("state", .string(state.rawValue)),
                ("suspendedFor", suspendedFor.map { .number(Double($0.milliseconds)) } ?? .nil),
            ]))
    }
}

/// The same as swift-metrics.
enum TenantMetrics {
    static func record(_ tenant: String, _ stats: TenantStats) {
        let dimensions = [("tenant", tenant)]
        Gauge(label: "mflua_tenant_memory_bytes", dimensions: dimensions).record(stats.memory)
        Gauge(label: "mflua_tenant_peak_memory_bytes", dimensions: dimensions).record(stats.peakMemory)
        Gauge(label: "mflua_tenant_cpu_seconds", dimensions: dimensions).record(Double(stats.cpuTime.nanoseconds) / 1e9)
        Gauge(label: "mflua_tenant_calls", dimensions: dimensions).record(stats.calls)
        Gauge(label: "mflua_tenant_errors", dimensions: dimensions).record(stats.errors)
    }

    static func terminated(_ tenant: String, _ code: MFError.Code) {
        Counter(label: "mflua_tenant_dooms", dimensions: [("tenant", tenant), ("code", code.rawValue)]).increment()
    }
}
