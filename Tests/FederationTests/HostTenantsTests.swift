import Diagnostics
import LuaBridge
import Synchronization
import TestSupport
import Testing

@testable import Federation

/// Tenants of a host as Swift declares and watches them.
@Suite(.timeLimit(.minutes(1))) struct HostTenantsTests {
    private static let spinning = """
        return { name = "spinning-plugin", getModuleInfo = function() end,
          onLoad = function() while true do end end }
        """
    private static let files = [
        "http://acme/entry.lua": SampleRemote.entry(#"["./x"] = function() return 1 end"#)
    ]

    private func options() -> HostOptions {
        HostOptions(name: "host", remotes: [Remote(name: "acme-ext", entry: "http://acme/entry.lua")])
    }

    @Test func declaredTenantTakesPlugins() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(options())
            try await host.declareTenant("acme", TenantOptions())
            try await host.register(pluginSource: "return { name = 'x-plugin' }", name: "x.lua", tenant: "acme")
            #expect(try await host.remove(plugins: ["acme/x-plugin"]) == ["acme/x-plugin"])
        }
    }

    @Test func pluginOfAnUndeclaredTenantIsRefused() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(options())
            let error = await #expect(throws: MFError.self) {
                try await host.register(pluginSource: "return { name = 'x-plugin' }", name: "x.lua", tenant: "acme")
            }
            #expect(error?.message.contains("`acme`") == true)
        }
    }

    @Test func declaredNameIsChecked() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(options())
            await #expect(throws: MFError.self) { try await host.declareTenant("a/b", TenantOptions()) }
        }
    }

    @Test func listenerIsToldOfViolationsAndOfTheSuspension() async throws {
        try await withSite(Self.files) { site in
            let host = try await site.runtime.createHost(options())
            var limits = TenantOptions()
            limits.cpu = .milliseconds(1)
            limits.maxRestarts = 1
            let events = Mutex<[String]>([])
            try await host.declareTenant("acme", limits)
            try await host.onTenantEvent { event in
                let text =
                    switch event {
                    case .terminated(let name, let error): "\(name) \(error.code)"
                    case .suspended(let name, for: _): "\(name) suspended"
                    }
                events.withLock { $0.append(text) }
            }
            try await host.register(pluginSource: Self.spinning, name: "spinning.lua", tenant: "acme")
            while try await host.tenantStats("acme").state != .suspended {
                _ = try await host.loadRemote("acme-ext/x")
            }
            let told = events.withLock { $0 }
            #expect(told.contains("acme LIMIT-001"))
            #expect(told.contains("acme suspended"))
        }
    }
}
