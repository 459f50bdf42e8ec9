import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Metrics
import MetricsTestKit
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// What the host is told of its tenants: numbers, gauges, events, log lines.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TenantStatsTests {
    init() {
        useBuiltWorker()
        _ = Self.metrics
    }

    /// The program's metrics, which can be chosen once.
    private static let metrics = {
        let metrics = TestMetrics()
        MetricsSystem.bootstrap(metrics)
        return metrics
    }()

    private final class Told: Sendable {
        let lines = Mutex<[String]>([])
        let suspensions = Mutex<[Duration]>([])
    }

    private func tenant(_ name: String, _ options: TenantOptions, _ sandbox: SandboxedState, _ told: Told) -> Tenant {
        let services = TenantServices(
            log: { severity, text in told.lines.withLock { $0.append("\(severity): \(text)") } },
            event: { if case .suspended(_, let time) = $0 { told.suspensions.withLock { $0.append(time) } } })
        return Tenant(name, options, services: services, host: sandbox.host)
    }

    @Test(arguments: TenantOptions.Level.allCases) func gaugesShowWhatTheStatsSay(level: TenantOptions.Level)
        async throws
    {
        try await withSandboxedState { sandbox in
            let name = "gauged-\(level)"
            let tenant = tenant(
                name,
                .with {
                    $0.level = level
                    $0.cpu = .milliseconds(20)
                }, sandbox, Told())
            defer { tenant.close() }
            _ = try await tenant.run("kept = ('x'):rep(100000) return 1")
            await expectMFError(.luaRuntime) { try await tenant.run("error('no')") }
            await expectMFError(.limitCPU) { try await tenant.run("while true do end") }
            _ = try await tenant.run("return 1")
            let stats = tenant.stats
            #expect(
                stats.calls == 4 && stats.errors == 2 && stats.violations == ["LIMIT-001": 1] && stats.state == .running
            )
            #expect(stats.peakMemory > 100_000 && stats.memory > 0 && stats.memory < stats.peakMemory)
            #expect(stats.cpuTime > .milliseconds(20))
            func gauge(_ label: String) throws -> Double? {
                try Self.metrics.expectGauge(label, [("tenant", name)]).lastValue
            }
            #expect(try gauge("mflua_tenant_memory_bytes") == Double(stats.memory))
            #expect(try gauge("mflua_tenant_peak_memory_bytes") == Double(stats.peakMemory))
            #expect(try gauge("mflua_tenant_cpu_seconds") == Double(stats.cpuTime.nanoseconds) / 1e9)
            #expect(try gauge("mflua_tenant_calls") == 4)
            #expect(try gauge("mflua_tenant_errors") == 2)
            let violations = try Self.metrics.expectCounter(
                "mflua_tenant_dooms", [("tenant", name), ("code", "LIMIT-001")])
            #expect(violations.totalValue == 1)
        }
    }

    /// The worker of a tenant whose violations count: its restarts back off in the same way.
    @Test(arguments: TenantOptions.Level.allCases) func suspensionsGrowAndAreTold(level: TenantOptions.Level)
        async throws
    {
        try await withSandboxedState { sandbox in
            let told = Told()
            let tenant = tenant(
                "acme",
                .with {
                    $0.level = level
                    $0.cpu = .milliseconds(10)
                    $0.maxRestarts = 1
                }, sandbox, told)
            defer { tenant.close() }
            tenant.firstSuspension = .milliseconds(1)
            for _ in 1...4 {
                await expectMFError(.limitCPU) { try await tenant.run("while true do end") }
                while tenant.suspension != nil { await sandbox.loop.yieldToIO() }
            }
            #expect(told.suspensions.withLock { $0 } == [1, 2, 4, 8].map { .milliseconds($0) })
            let lines = told.lines.withLock { $0 }
            #expect(lines.count == 8)
            #expect(
                lines.first?.hasPrefix("warning: tenant `acme` exceeded a limit: the call used up") == true, "\(lines)"
            )
            #expect(lines.last?.hasPrefix("error: tenant `acme` is suspended for 0.008") == true, "\(lines)")
            let afterwards = try await tenant.run("return 1")
            #expect(afterwards == 1)
        }
    }
}
