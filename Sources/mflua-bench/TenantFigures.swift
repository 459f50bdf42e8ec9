import EventLoops
import Federation
import Glibc
import LuaBridge
import Posix

/// Tenants of level `state`: what they cost beside the host's own code, and what they leave to each other.
///
/// Everything runs on the loop.
struct TenantFigures {
    let loop: EventLoop
    let state: LuaState

    private static let shape = LuaShape(["id", "options", "origin"])
    private static let values: [LuaValue] = [.string("app1/button"), .boolean(true), .integer(7)]
    /// The slice that a task has before it gives way.
    private static let slice = 1e6

    func run(_ report: Report) async throws {
        try idle(report)
        try await hooks(report)
        try tax(report)
        try await fairness(report)
    }

    private func tenant(_ name: String, _ change: (inout TenantOptions) -> Void = { _ in }) -> Tenant {
        var options = TenantOptions()
        change(&options)
        return Tenant(name, options, services: TenantServices(), host: state)
    }

    // MARK: - Idle ones

    private func idle(_ report: Report) throws {
        let count = 10_000
        let plugin = Array("return { name = 'idle-plugin', onLoad = function() end }".utf8)
        var tenants: [Tenant] = []
        tenants.reserveCapacity(count)
        let before = Self.residentMemory()
        var shortest = Double.infinity
        for batch in 0..<(count / 500) {
            shortest = min(
                shortest,
                try Measure.best(of: 1) {
                    for index in 0..<500 {
                        let tenant = tenant("idle\(batch * 500 + index)")
                        _ = try tenant.loadPlugin(plugin, name: "@idle-plugin.lua")
                        tenants.append(tenant)
                    }
                } / 500)
        }
        let each = Double(Self.residentMemory() - before) / Double(count)
        for tenant in tenants { tenant.close() }
        report.add(Figure("idle tenant, of 10,000 (limit)", ours: each, peer: 65_536, bar: 1, unit: .bytes))
        report.add(Figure("making a tenant with a plugin (limit)", ours: shortest, peer: 500_000, bar: 1))
    }

    // MARK: - Hooks

    private func hooks(_ report: Report) async throws {
        let source = "return { name = 'p', beforeRequest = function(args) end, onLoad = function(args) end }"
        let plugin = try tenant("hooks").loadPlugin(Array(source.utf8), name: "@p.lua")
        let own = try LuaListeners(
            state: state,
            functions: [try state.call(state.load("return function(args) end", name: "=own"))[0].functionValue!])
        let data = LuaEmission.Data.values(Self.shape, Self.values)
        let rounds = 5000
        var (ours, peer) = (Double.infinity, Double.infinity)
        // In turn, so that both meet the same disturbances.
        for _ in 0..<15 {
            peer = min(peer, try Measure.each(rounds, runs: 1) { _ = try state.emit(.sync, own, data, keep: false) })
            ours = min(
                ours,
                try Measure.each(rounds, runs: 1) {
                    _ = try plugin.emit(.sync, hook: "beforeRequest", Self.shape, Self.values)
                })
        }
        report.add(Figure("sync hook in a tenant (host's own)", ours: ours, peer: peer, bar: 3))
        (ours, peer) = (.infinity, .infinity)
        for _ in 0..<15 {
            let host = try await Measure.bestAwaited(of: 1) {
                for _ in 0..<rounds { _ = try await state.emitAsync(.async, own, data, keep: false) }
            }
            let tenant = try await Measure.bestAwaited(of: 1) {
                for _ in 0..<rounds {
                    _ = try await plugin.emitAsync(.async, hook: "onLoad", Self.shape, Self.values)
                }
            }
            peer = min(peer, host / Double(rounds))
            ours = min(ours, tenant / Double(rounds))
        }
        report.add(Figure("async hook in a tenant (host's own)", ours: ours, peer: peer, bar: 3))
        plugin.tenant.close()
    }

    // MARK: - Limits

    /// 20 ms of table accesses, calls and arithmetic.
    private static let work = """
        local t, x = {}, 0
        for i = 1, 64 do t[i] = i * 1.5 end
        local function step(i) return t[i % 64 + 1] + i % 7 end
        return function() for i = 1, 400000 do x = x + step(i) t[i % 64 + 1] = x % 100 end return x end
        """

    private func tax(_ report: Report) throws {
        let limited = try LuaState(
            loop: loop, configuration: .tenant(LuaLimits(memory: 64 << 20, cpu: .seconds(3600), message: 1 << 20)))
        defer { limited.close() }
        let pairs = try [limited, state].map { state in
            (state, try state.call(state.load(Self.work, name: "=work"))[0].functionValue!)
        }
        var best = [Double.infinity, .infinity]
        for _ in 0..<40 {
            for index in pairs.indices {
                let (state, work) = pairs[index]
                best[index] = min(best[index], try Measure.best(of: 1) { _ = try state.call(work) })
            }
        }
        report.add(Figure("a computing tenant's limits (without)", ours: best[0], peer: best[1], bar: 1.02))
    }

    // MARK: - Fairness

    /// 50 tenants; 10 of them spin, each in several tasks. How long the calls of the others take.
    private func fairness(_ report: Report) async throws {
        let spinning = 10
        let tenants = (0..<50).map { index in
            tenant("tenant\(index)") {
                $0.cpu = .seconds(3600)
                $0.wall = .seconds(3600)
            }
        }
        let spin = Array(
            """
            local mf = require("mf")
            for i = 1, 8 do mf.spawn(function() while true do end end) end
            """.utf8)
        for tenant in tenants.prefix(spinning) { _ = try await tenant.run(spin, name: "@spin.lua") }
        let source = "return { name = 'p', onLoad = function() for i = 1, 20000 do end end }"
        let plugins = try tenants.dropFirst(spinning).map { try $0.loadPlugin(Array(source.utf8), name: "@p.lua") }
        let clock = ContinuousClock()
        var times: [Double] = []
        for _ in 0..<25 {
            for plugin in plugins {
                let start = clock.now
                _ = try await plugin.emitAsync(.async, hook: "onLoad", Self.shape, Self.values)
                await loop.yieldToIO()
                times.append(Measure.nanoseconds(clock.now - start))
            }
        }
        for tenant in tenants { tenant.close() }
        let p99 = Measure.percentile(0.99, of: times)
        report.add(
            Figure(
                "a call beside 10 spinning tenants, p99 (2 slices each)", ours: p99,
                peer: 2 * Self.slice * Double(spinning + 1), bar: 1))
    }

    private static func residentMemory() -> Int {
        let fields = ((try? File.text(of: "/proc/self/statm")) ?? "").split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
    }
}
