import EventLoops
import LuaBridge

/// What a host knows of an attached plugin: how it is, and what its listeners have done.
///
/// ```swift
/// for plugin in try await host.plugins() where plugin.state == .tripped { print(plugin.name, plugin.why ?? "") }
/// ```
public struct PluginReport: Sendable, Equatable {
    /// How a plugin is.
    public enum State: String, Sendable {
        /// Its listeners are called.
        case on
        /// It was disabled.
        case off
        /// It kept failing, and is tried again later.
        case tripped
        /// It did not load, and need not; it is tried again when its file changes.
        case failed
        /// It needs a plugin that is disabled, has tripped, waits itself, or is not attached, and is called again when that
        /// one is.
        case waiting
    }

    /// What the listener of one hook has done.
    public struct Hook: Sendable, Equatable {
        /// The hook.
        public var name: String
        /// How often it was called.
        public var calls: Int
        /// How many of these calls returned nothing.
        public var noops: Int
        /// How many calls a filter has kept away.
        public var filtered: Int
        /// How many calls ended with an error.
        public var errors: Int
        /// How many calls were given up after the entry's `timeout`.
        public var timeouts: Int
        /// The time of all calls without what they waited: estimated from one call in 64.
        public var spent: Duration
        /// How long the calls have waited.
        public var waited: Duration
        /// The longest of the calls that were timed, without what it waited.
        public var longest: Duration
    }

    /// The error that a listener ended with last.
    public struct Failure: Sendable, Equatable {
        /// The hook.
        public var hook: String
        /// The error's text and code; the code is empty for an error of the plugin's own.
        public var message: String, code: String
        /// How long ago.
        public var age: Duration
    }

    /// The name; `tenant/name` for a tenant's plugin.
    public var name: String
    /// The version that the plugin names.
    public var version: String?
    /// The file that it was read from, or the name of its text.
    public var from: String?
    /// The tenant whose sandbox it runs in.
    public var tenant: String?
    /// 1 for the version that was attached, one more for each that has replaced another; 0 where none was.
    public var generation: Int
    /// How it is.
    public var state: State
    /// The reason, unless it is ``State/on``.
    public var why: String?
    /// Its listeners, in the order in which their hooks were first attached.
    public var hooks: [Hook]
    /// The last failure, if there was one.
    public var lastFailure: Failure?
}

extension PluginReport {
    init(_ plugin: RegisteredPlugin, now: ContinuousClock.Instant) {
        let account = plugin.known
        name = plugin.name
        version = plugin.version.stringValue
        from = plugin.source?.path
        tenant = plugin.source?.tenant
        generation = plugin.source?.generation.number ?? 1
        lastFailure = account.lastFailure.map {
            Failure(hook: $0.hook, message: $0.message, code: $0.code, age: $0.at.duration(to: now))
        }
        switch account.rest {
        case .off(let reason):
            state = .off
            why = reason
        case nil where account.breaker?.isOpen == true:
            state = .tripped
            why = account.lastFailure.map { "`\($0.hook)` failed: \($0.message)" }
        case nil where account.waiting != nil:
            state = .waiting
            why = account.waiting
        case nil: state = .on
        }
        hooks = account.hooks.map { hook in
            Hook(
                name: hook.hook, calls: hook.tally.calls, noops: hook.tally.noops, filtered: hook.filtered,
                errors: hook.errors, timeouts: hook.timeouts, spent: hook.tally.spent, waited: hook.tally.waited,
                longest: hook.tally.longest)
        }
    }

    /// What is known of one that is not attached.
    init(_ plugin: AbsentPlugin) {
        (name, from, tenant, generation, hooks) = (plugin.name, plugin.from, plugin.tenant, 0, [])
        switch plugin.reason {
        case .off(let reason): (state, why) = (.off, reason)
        case .failed(let error): (state, why) = (.failed, plugin.failure(error))
        }
    }

    /// The same for Lua, as `host:plugins()` gives it: times in milliseconds.
    var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("name", .string(name)), ("version", .optional(version)), ("from", .optional(from)),
                ("tenant", .optional(tenant)), ("generation", .integer(Int64(generation))),
                ("state", .string(state.rawValue)), ("why", .optional(why)),
                ("hooks", .record(LuaRecord(hooks.map { ($0.name, $0.luaValue) }))),
                ("lastError", lastFailure?.luaValue ?? .nil),
            ]))
    }
}

extension PluginReport.Hook {
    fileprivate var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("calls", .integer(Int64(calls))), ("noops", .integer(Int64(noops))),
                ("filtered", .integer(Int64(filtered))), ("errors", .integer(Int64(errors))),
                ("timeouts", .integer(Int64(timeouts))), ("ms", .number(spent / .milliseconds(1))),
                ("waitMs", .number(waited / .milliseconds(1))), ("maxMs", .number(longest / .milliseconds(1))),
            ]))
    }
}

extension PluginReport.Failure {
    fileprivate var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("hook", .string(hook)), ("message", .string(message)), ("code", code.isEmpty ? .nil : .string(code)),
                ("age", .number(age / .seconds(1))),
            ]))
    }
}

extension PluginRegistrar {
    /// What is known of each plugin, in the order in which they were attached; then of those that are not attached.
    var reports: [PluginReport] {
        context.plugins.map { PluginReport($0, now: loop.now) } + context.absentPlugins.map { PluginReport($0) }
    }
}
