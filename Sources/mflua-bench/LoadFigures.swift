import Federation
import LuaBridge

/// Loading what is loaded already: remotes and shared modules, with plugins in the way.
struct LoadFigures {
    let engine: Engine
    let site: Site

    func run(_ report: Report) async throws {
        try await engine.run(
            """
            local mf = require("mf")
            local function observer(number)
              return {
                name = "observer-" .. number .. "-plugin",
                beforeRequest = function(args) return args end,
                afterResolve = function(args) return args end,
                onLoad = function() end,
              }
            end
            function make_host(count, entry)
              local plugins = {}
              for number = 1, count do plugins[number] = observer(number) end
              local host = mf.createInstance {
                name = "bench-" .. count .. entry, remotes = { { name = "r1", entry = entry } }, plugins = plugins,
                shared = { pkg = { version = "1.0.0", lib = function() return { answer = 42 } end,
                                   shareConfig = { singleton = true, requiredVersion = "^1.0.0" } } },
              }
              assert(host:loadRemote("r1/x").usage() == 42)
              return host
            end
            """)
        let manifest = site.manifestURL(1)
        let entry = site.entryURL(1)
        for (count, bar, ofManifest, ofEntry) in [
            (0, 1.0 / 3, Recorded.loadFromManifest, Recorded.loadFromEntry),
            (1, 1.0 / 3, Recorded.loadFromManifest, Recorded.loadFromEntry),
            (10, 1.0 / 2, Recorded.loadFromManifestTenPlugins, Recorded.loadFromEntryTenPlugins),
        ] {
            for (kind, url, peer) in [("manifest", manifest, ofManifest), ("entry", entry, ofEntry)] {
                try await engine.run("host = make_host(\(count), \"\(url)\")")
                let ours = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadRemote('r1/x') end" }
                let name = "loadRemote, \(kind), \(count) plugin\(count == 1 ? "" : "s") (MF on Node)"
                report.add(Figure(name, ours: ours, peer: peer, bar: bar))
            }
        }
        try await shares(report)
    }

    private func shares(_ report: Report) async throws {
        try await engine.run(
            "host = make_host(0, \"\(site.entryURL(1))\") assert(host:loadShare('pkg')().answer == 42)")
        let async = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadShare('pkg') end" }
        report.add(Figure("loadShare, loaded singleton (MF on Node)", ours: async, peer: Recorded.loadShare, bar: 0.2))
        let sync = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadShareSync('pkg') end" }
        report.add(
            Figure("loadShareSync, loaded singleton (MF on Node)", ours: sync, peer: Recorded.loadShareSync, bar: 0.2))
    }
}
