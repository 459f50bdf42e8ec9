import Diagnostics
import EventLoops
import Federation
import Fetch
import Glibc
import LuaBridge
import Posix

/// A host, a well-behaved second tenant, and one hostile tenant at a time.
final class Arena {
    // Confined to its loop's thread: every entry point is reached from a task of that loop.
    struct Report: Sendable {
        let ending: String
        let milliseconds: Int
        let problem: String?
    }

    private let level: TenantOptions.Level
    private let loop: EventLoop
    private let host: LuaState
    private let services: TenantServices
    private let neighbour: Tenant
    private let witness: LuaFunction
    private var memory = 0

    /// What host and neighbour compute after each case: libraries, string metatable, shared module.
    private static let check = """
        local level = ...
        assert(("a"):upper() == "A" and ("x").pwned == nil and #("abc"):rep(3, ",") == 11)
        assert(string.upper("x") == "X" and math.floor(2.5) == 2 and math.max(1, 2) == 2)
        local t = { 3, 1, 2 } table.insert(t, 4) table.sort(t)
        assert(table.concat(t, ",") == "1,2,3,4" and select("#", table.unpack(t)) == 4)
        local n = 0 for _ in pairs(t) do n = n + 1 end assert(n == 4 and utf8.char(228) == "ä")
        assert(pcall(error) == false and coroutine.wrap(function() return 7 end)() == 7)
        if not level then
          local factory = require("mf").loadShare("config")
          level = factory and factory().level
        end
        assert(level == "info", "the shared module was changed")
        local sum = 0 for i = 1, 1000 do sum = sum + i end
        return sum
        """

    init(level: TenantOptions.Level, loop: EventLoop) async throws {
        (self.level, self.loop) = (level, loop)
        let host = try LuaState(loop: loop)
        self.host = host
        let config = try host.makeTable(.record(["level": "info"]))
        try host.globals.set("config", .table(config))
        services = TenantServices(
            fetcher: CurlFetcher(loop: loop), loadShare: { name in name == "config" ? .table(config) : .nil })
        witness = try host.load("return (function(...) \(Self.check) end)(config.level)", name: "=host")
        neighbour = Tenant("neighbour", Self.options(level), services: services, host: host)
        try await check()
        memory = Self.residentMemory()
    }

    /// Ends what is there for all cases.
    func close() {
        neighbour.close()
        host.close()
    }

    private static func options(_ level: TenantOptions.Level) -> TenantOptions {
        var options = TenantOptions()
        options.level = level
        options.memory = 16 << 20
        options.cpu = .milliseconds(100)
        options.wall = .seconds(1)
        options.net = ["api.acme.example"]
        options.shared = ["config"]
        return options
    }

    /// Runs one case and looks what it has left behind.
    func run(_ attack: AttackCase) async -> Report {
        let tenant = Tenant("attacker", Self.options(level), services: services, host: host)
        let start = loop.now
        let ending = await end(of: attack, in: tenant)
        tenant.close()
        let milliseconds = Int(start.duration(to: loop.now) / .milliseconds(1))
        var problems: [String] = []
        let kind = ending.prefix { $0 != ":" }
        if !attack.expected.contains(String(kind)) {
            problems.append("\(ending), expected \(attack.expected.sorted().joined(separator: " or "))")
        }
        if Self.measures, milliseconds >= (attack.kind == .chunk ? 2000 : 10_000) {
            problems.append("took \(milliseconds) ms")
        }
        do { try await check() } catch { problems.append("afterwards: \(error)") }
        Self.giveFreeMemoryBack()
        let resident = Self.residentMemory()
        if Self.measures, resident > memory + (48 << 20) {
            problems.append("\(resident >> 20) MB resident, \(memory >> 20) MB before")
        }
        return Report(
            ending: ending, milliseconds: milliseconds,
            problem: problems.isEmpty ? nil : problems.joined(separator: "; "))
    }

    private func end(of attack: AttackCase, in tenant: Tenant) async -> String {
        do {
            if attack.kind != .chunk { return try await BorderArena(Self.options(level), on: loop).end(of: attack) }
            var results = try await tenant.run(attack.source, name: "@\(attack.name)")
            if case .callable(let callable)? = results.first {
                let function = try host.makeFunction(callable)
                results = try await host.callAsync(function)
            }
            // The host reads what it got: metamethods of the tenant must not run for that.
            let seen = results.map { "\($0)" }.joined(separator: ", ")
            if case .string(let text)? = results.first, text.hasPrefix("ESCAPED") { return "escaped: \(text)" }
            return "contained: \(seen.prefix(200))"
        } catch let error as MFError where error.code.rawValue.hasPrefix("LIMIT-") {
            return "stopped: \(error.message) [\(error.code)]"
        } catch let error as MFError {
            return "refused: \(error.message.prefix(200)) [\(error.code)]"
        } catch {
            return "refused: \(error)"
        }
    }

    private func check() async throws {
        let sum = try host.call(witness)
        let other = try await neighbour.run(Array(Self.check.utf8), name: "=neighbour")
        guard sum.first == .integer(500_500), other.first == .integer(500_500) else {
            throw MFError(.luaRuntime, "the sums are wrong")
        }
    }

    /// A sanitizer keeps what was freed and slows the rest down: neither says anything about the tenants there.
    static let measures = dlsym(nil, "__asan_init") == nil && dlsym(nil, "__tsan_init") == nil

    /// What malloc keeps for later is no growth: how much that is depends on what ran before.
    private static func giveFreeMemoryBack() {
        // Glibc's module does not show it.
        typealias Trim = @convention(c) (Int) -> Int32
        guard let address = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(address, to: Trim.self)(0)
    }

    private static func residentMemory() -> Int {
        let fields = ((try? File.text(of: "/proc/self/statm")) ?? "").split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }
}
