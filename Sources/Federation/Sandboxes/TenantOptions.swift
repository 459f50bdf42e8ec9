import Diagnostics
public import LuaBridge
import Posix

/// What a tenant is made from: where its code runs, how much it may use, what it may reach.
///
/// The defaults are safe: a capability that is not listed does not exist inside.
///
/// ```swift
/// var options = TenantOptions()
/// options.memory = 32 << 20
/// options.net = ["api.acme.example"]
/// ```
public struct TenantOptions: Sendable, Equatable {
    /// Where a tenant's code runs.
    public enum Level: String, Sendable, CaseIterable {
        /// In a Lua state of its own, in the host's process.
        case state
        /// In a worker process behind a system-call filter.
        case process
    }

    /// The isolation level: `state` or `process`.
    public var level = Level.state
    /// Bytes that its Lua objects may take.
    public var memory = 16 << 20
    /// Processor time of one call with the tasks it spawns. Tasks that outlive their call get it once every ``wall``, all
    /// of them together.
    public var cpu = Duration.milliseconds(50)
    /// Total time of one call, its waits included.
    public var wall = Duration.seconds(2)
    /// Spawned tasks, timers and fetches that are alive at a time.
    public var tasks = 64
    /// The size limit of a value passed into or out of the tenant, in bytes.
    public var message = 1 << 20
    /// Bytes that the store of each of its plugins may take.
    public var store = 1 << 20
    /// Hosts that `mf.fetch` may talk to, on public addresses. An entry that is an address, or `localhost`, allows that
    /// address, too.
    public var net: [String] = []
    /// Packages that `mf.loadShare` may give it.
    public var shared: [String] = []
    /// Whose loads and shared modules the hooks of its plugins are called for: globs over `remote/expose` and
    /// `share:PACKAGE`. A lone `*` is everything, but for what belongs to other tenants.
    public var hears: [String] = ["*"]
    /// What the hooks of its plugins may change beside the tenant's own remotes, in the same form.
    public var changes: [String] = []
    /// What `mf.env` holds.
    public var env: [String: String] = [:]
    /// How often its instance may be replaced within ``restartWindow``, for going over a limit, before it is suspended.
    public var maxRestarts = 3
    /// The period in which restarts are counted.
    public var restartWindow = Duration.seconds(60)
    /// Whether the hooks of its plugins fail while it is suspended; else they are passed over.
    public var failClosed = false

    /// Makes options with the safe defaults.
    public init() {}
}

// MARK: - From Lua

extension TenantOptions: LuaConvertible {
    public static let luaType = "mf.TenantOptions"

    /// One option: its key as it is checked and told of, how it is read and how it is written.
    private struct Field: Sendable {
        let key: OptionTable.Key
        let get: @Sendable (TenantOptions) -> LuaValue
        let set: @Sendable (inout TenantOptions, LuaValue) -> Void

        init(
            _ name: String, _ type: OptionType, _ summary: String,
            _ get: @escaping @Sendable (TenantOptions) -> LuaValue,
            set: @escaping @Sendable (inout TenantOptions, LuaValue) -> Void
        ) {
            // Nothing here has another default in its place: a `null` is a mistake.
            (key, self.get, self.set) = (OptionTable.Key(name, type, summary, takesNull: false), get, set)
        }
    }

    private static let fields: [Field] = [
        Field(
            "level", .word(Level.allCases.map(\.rawValue)), "The isolation level: `state` or `process`.",
            { .string($0.level.rawValue) }
        ) {
            $0.level = $1.stringValue.flatMap(Level.init) ?? $0.level
        },
        Field(
            "memory", .byteCount, "The memory limit of its Lua objects, such as `16MB`.", { .integer(Int64($0.memory)) }
        ) {
            $0.memory = $1.byteCount ?? $0.memory
        },
        Field(
            "cpu", .duration,
            "The processor time limit of a call and the tasks it spawns, such as `50ms`; tasks that outlive the call get it anew every `wall`.",
            { .string($0.cpu.text) }
        ) { $0.cpu = $1.duration ?? $0.cpu },
        Field("wall", .duration, "The time limit of a call including waits, such as `2s`.", { .string($0.wall.text) }) {
            $0.wall = $1.duration ?? $0.wall
        },
        Field(
            "tasks", .integer(from: 1), "The limit of spawned tasks and timers alive at once.",
            { .integer(Int64($0.tasks)) }
        ) {
            $0.tasks = $1.intValue ?? $0.tasks
        },
        Field(
            "message", .byteCount, "The size limit of a value passed into or out of the tenant, in bytes.",
            { .integer(Int64($0.message)) }
        ) {
            $0.message = $1.byteCount ?? $0.message
        },
        Field(
            "store", .byteCount, "How many bytes the store of each of its plugins may take, such as `1MB`.",
            { .integer(Int64($0.store)) }
        ) { $0.store = $1.byteCount ?? $0.store },
        Field("net", .hosts, "The hosts that `mf.fetch` may contact.", { $0.net.luaValue }) {
            $0.net = (try? [String].fromLua($1)) ?? $0.net
        },
        Field("shared", .strings, "The shared modules it can see.", { $0.shared.luaValue }) {
            $0.shared = (try? [String].fromLua($1)) ?? $0.shared
        },
        Field("hears", .patterns, "Whose loads and shares its hooks are called for.", { $0.hears.luaValue }) {
            $0.hears = (try? [String].fromLua($1)) ?? $0.hears
        },
        Field("changes", .patterns, "Whose loads and shares its hooks may change.", { $0.changes.luaValue }) {
            $0.changes = (try? [String].fromLua($1)) ?? $0.changes
        },
        Field(
            "env", .map(of: .stringOrSecret, "a table of string values"),
            "The contents of `mf.env`, strings or secrets: `options.tenants` shows the names only.",
            { .record(LuaRecord($0.env.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })) }
        ) { options, value in
            // Secrets among the values are resolved where tenants are declared.
            let entries = (try? value.luaEntries()) ?? []
            options.env = Dictionary(
                entries.compactMap { entry in
                    entry.key.stringValue.flatMap { name in entry.value.stringValue.map { (name, $0) } }
                }
            ) { $1 }
        },
        Field(
            "maxRestarts", .integer(from: 1), "How many restarts are allowed within `restartWindow`.",
            { .integer(Int64($0.maxRestarts)) }
        ) { $0.maxRestarts = $1.intValue ?? $0.maxRestarts },
        Field(
            "restartWindow", .duration, "The period in which restarts are counted.", { .string($0.restartWindow.text) }
        ) { $0.restartWindow = $1.duration ?? $0.restartWindow },
        Field(
            "failClosed", .boolean, "Whether the hooks of its plugins fail while it is suspended.",
            { .boolean($0.failClosed) }
        ) { $0.failClosed = $1.boolValue ?? $0.failClosed },
    ]

    /// The keys that `tenants = { acme = { … } }` takes.
    static let options = OptionTable(
        fields.map(\.key),
        olderNames: ["dooms": "maxRestarts", "doomWindow": "restartWindow"])

    /// The options as a table, as a worker reads them.
    public var luaValue: LuaValue { .record(LuaRecord(Self.fields.map { ($0.key.name, $0.get(self)) })) }

    /// Reads `{ memory = "16MB", cpu = "50ms", … }`.
    ///
    /// - Throws: ``MFError`` with `LUA-012` for an unknown key or a value of another form.
    public static func fromLua(_ value: LuaValue) throws -> TenantOptions {
        let values = try options.read(value, of: "tenants")
        var options = TenantOptions()
        for field in fields where !values[field.key.name].isNil { field.set(&options, values[field.key.name]) }
        return options
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero and clamped.
    var milliseconds: Int64 { Int64(clamping: wholeAttoseconds / 1_000_000_000_000_000) }
    /// Whole nanoseconds, rounded towards zero and clamped.
    var nanoseconds: Int64 { Int64(clamping: wholeAttoseconds / 1_000_000_000) }

    private var wholeAttoseconds: Int128 {
        Int128(components.seconds) * 1_000_000_000_000_000_000 + Int128(components.attoseconds)
    }
}
