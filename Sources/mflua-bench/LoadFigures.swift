import Federation
import LuaBridge

/// Loading what is loaded already: remotes and shared modules, with plugins in the way.
struct LoadFigures {
    let engine: Engine
    let site: Site
    let peer: Peer

    /// What a loaded shared module may take, in nanoseconds.
    private static let shareLimit = 2e3

    func run(_ report: Report) async throws {
        try await engine.run(Self.hosts)
        for kind in Kind.allCases {
            for count in [0, 1, 10] {
                try await prepare(kind, plugins: count)
                let ours = try await engine.each(2_000, runs: 11) { Self.loop($0) }
                let limit = Measure.least(of: 11) {
                    peer.load(plugins: count, manifest: kind == .manifest, rounds: 2_000)
                }
                let name = "loadRemote, \(kind.rawValue), \(count) plugin\(count == 1 ? "" : "s") (C limit)"
                report.add(Figure(name, ours: ours, peer: limit, bar: 1.5))
            }
        }
        try await shares(report)
    }

    /// How a remote is entered.
    enum Kind: String, CaseIterable {
        case entry, manifest
    }

    /// Makes a host with so many plugins, and loads its remote for the first time.
    func prepare(_ kind: Kind, plugins: Int) async throws {
        let url = kind == .manifest ? site.manifestURL(1) : site.entryURL(1)
        try await engine.run("host = make_host(\(plugins), \"\(url)\")")
    }

    static func loop(_ rounds: Int) -> String { "for _ = 1, \(rounds) do host:loadRemote('r1/x') end" }

    static let hosts = """
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
        """

    private func shares(_ report: Report) async throws {
        try await engine.run(
            "host = make_host(0, \"\(site.entryURL(1))\") assert(host:loadShare('pkg')().answer == 42)")
        let async = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadShare('pkg') end" }
        report.add(Figure("loadShare, loaded singleton (2 us)", ours: async, peer: Self.shareLimit, bar: 1))
        let sync = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadShareSync('pkg') end" }
        report.add(Figure("loadShareSync, loaded singleton (2 us)", ours: sync, peer: Self.shareLimit, bar: 1))
    }
}
