import Diagnostics
public import LuaBridge

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

    /// Where its code runs.
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
    /// Bytes of one value that crosses its border.
    public var message = 1 << 20
    /// Hosts that `mf.fetch` may talk to, on public addresses. An entry that is an address, or `localhost`, allows that
    /// address, too.
    public var net: [String] = []
    /// Packages that `mf.loadShare` may give it.
    public var shared: [String] = []
    /// What `mf.env` holds.
    public var env: [String: String] = [:]
    /// How often it may go over a limit within ``doomWindow`` before it is suspended.
    public var dooms = 3
    /// The time in which dooms are counted.
    public var doomWindow = Duration.seconds(60)
    /// Whether the hooks of its plugins fail while it is suspended; else they are passed over.
    public var failClosed = false

    /// Makes options with the safe defaults.
    public init() {}
}

// MARK: - From Lua

extension TenantOptions: LuaConvertible {
    public static let luaType = "mf.TenantOptions"

    private typealias Setter = @Sendable (inout TenantOptions, LuaValue, String) throws -> Void
    private static let setters: [(key: String, set: Setter)] = [
        ("level", { $0.level = try level($1, $2) }),
        ("memory", { $0.memory = try byteCount($1, $2) }),
        ("cpu", { $0.cpu = try duration($1, $2) }),
        ("wall", { $0.wall = try duration($1, $2) }),
        ("tasks", { $0.tasks = try count($1, $2) }),
        ("message", { $0.message = try byteCount($1, $2) }),
        ("net", { $0.net = try strings($1, $2) }),
        ("shared", { $0.shared = try strings($1, $2) }),
        ("env", { $0.env = try variables($1, $2) }),
        ("dooms", { $0.dooms = try count($1, $2) }),
        ("doomWindow", { $0.doomWindow = try duration($1, $2) }),
        (
            "failClosed",
            {
                guard case .boolean(let flag) = $1 else {
                    throw MFError.badTenantOption($2, wants: "true or false", found: $1)
                }
                $0.failClosed = flag
            }
        ),
    ]

    public var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("level", .string(level.rawValue)), ("memory", .integer(Int64(memory))),
                ("cpu", .string("\(cpu.milliseconds)ms")), ("wall", .string("\(wall.milliseconds)ms")),
                ("tasks", .integer(Int64(tasks))), ("message", .integer(Int64(message))), ("net", net.luaValue),
                ("shared", shared.luaValue), ("env", .record(LuaRecord(env.map { ($0.key, .string($0.value)) }))),
                ("dooms", .integer(Int64(dooms))), ("doomWindow", .string("\(doomWindow.milliseconds)ms")),
                ("failClosed", .boolean(failClosed)),
            ]))
    }

    /// Reads `{ memory = "16MB", cpu = "50ms", … }`.
    ///
    /// - Throws: ``MFError`` with `LUA-004` for an unknown key or a value of another form.
    public static func fromLua(_ value: LuaValue) throws -> TenantOptions {
        var options = TenantOptions()
        for (key, value) in try value.entries(expecting: luaType) {
            guard case .string(let name) = key, let setter = setters.first(where: { $0.key == name }) else {
                throw MFError.unknownTenantOption(key.stringValue ?? key.description, known: setters.map(\.key))
            }
            try setter.set(&options, value, name)
        }
        return options
    }

    private static func level(_ value: LuaValue, _ key: String) throws -> Level {
        guard case .string(let name) = value, let level = Level(rawValue: name) else {
            throw MFError.badTenantOption(key, wants: "\"state\" or \"process\"", found: value)
        }
        return level
    }

    private static func count(_ value: LuaValue, _ key: String) throws -> Int {
        guard let count = value.intValue, count > 0 else {
            throw MFError.badTenantOption(key, wants: "a positive integer", found: value)
        }
        return count
    }

    private static func byteCount(_ value: LuaValue, _ key: String) throws -> Int {
        if let count = value.intValue, count > 0 { return count }
        let units = [("GB", 0x1p30), ("MB", 0x1p20), ("KB", 0x1p10), ("B", 1)]
        guard case .string(let text) = value, let count = scaled(text, units), count >= 1, count < 1e12 else {
            throw MFError.badTenantOption(key, wants: "a size such as \"16MB\"", found: value)
        }
        return Int(count)
    }

    private static func duration(_ value: LuaValue, _ key: String) throws -> Duration {
        let units = [("us", 0.001), ("ms", 1), ("min", 60_000), ("s", 1000)]
        guard case .string(let text) = value, let milliseconds = scaled(text, units), milliseconds > 0,
            milliseconds < 1e12
        else {
            throw MFError.badTenantOption(key, wants: "a time such as \"50ms\" or \"2s\"", found: value)
        }
        return .microseconds(milliseconds * 1000)
    }

    /// `16MB` by the first unit that fits.
    private static func scaled(_ text: String, _ units: [(String, Double)]) -> Double? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number.isFinite else { return nil }
            return number * factor
        }
        return nil
    }

    private static func strings(_ value: LuaValue, _ key: String) throws -> [String] {
        do { return try [String].fromLua(value) } catch {
            throw MFError.badTenantOption(key, wants: "a list of strings", found: value)
        }
    }

    private static func variables(_ value: LuaValue, _ key: String) throws -> [String: String] {
        var variables: [String: String] = [:]
        for (name, value) in try value.entries(expecting: "a table of strings") {
            guard case .string(let name) = name, case .string(let value) = value else {
                throw MFError.badTenantOption(key, wants: "strings under strings", found: value)
            }
            variables[name] = value
        }
        return variables
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
    /// Whole nanoseconds.
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
