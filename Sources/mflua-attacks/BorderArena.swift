import Diagnostics
import EventLoops
import Federation
import Fetch
import LuaBridge

/// A host with remotes of its own and of two tenants, one of which attacks: by its plugin, or by its remote's manifest.
///
/// The host loads, shares and preloads; then it looks whether it was answered by anybody but its own remotes, and whether
/// anything was asked of a place that the tenant may not reach.
struct BorderArena {
    private let options: TenantOptions
    private let loop: EventLoop

    /// - Parameter options: Those of the attacking tenant.
    init(_ options: TenantOptions, on loop: EventLoop) {
        var options = options
        options.net = ["allowed"]
        options.wall = .milliseconds(300)
        options.maxRestarts = 1_000
        (self.options, self.loop) = (options, loop)
    }

    private static let entry = """
        return { init = function() end, get = function(name)
          return function() return { from = "FROM", has = type(io) } end
        end }
        """

    /// What a remote's manifest is, where it is not the attack.
    private static let manifest = """
        {"name":"n","metaData":{"name":"n","publicPath":"auto","globalName":"n","buildInfo":{"buildVersion":"1"},
        "remoteEntry":{"name":"entry.lua","path":"","type":"global"}},"shared":[],"remotes":[],
        "exposes":[{"id":"n:x","name":"x","path":"./x","assets":{"js":{"sync":[],"async":[]},"css":{"sync":[],"async":[]}}}]}
        """

    /// All that calls hooks. What the tenant has changed of it is an escape.
    private static let loads = """
        local path, level, options = ...
        local host = mf.init {
          name = "gateway", tenants = { attacker = options, beta = {} },
          remotes = { { name = "disk", alias = "d", entry = "http://disk/mf-manifest.json" }, { name = "plain", entry = "http://plain/entry.lua" },
            { name = "betas", entry = "http://betas/entry.lua", tenant = "beta" }, { name = "gone", entry = "http://gone/gone" },
            { name = "own", entry = "http://own/mf-manifest.json", tenant = "attacker" } },
          shared = { config = { version = "1.0.0", lib = function() return { level = "info" } end } },
          plugins = path and { { path, tenant = "attacker" }, { name = "owner-plugin", onLoad = function() SEEN = true end } } or {},
        }
        local function expect(right, what, found)
          if found ~= right then error("ESCAPED: " .. what .. " is " .. tostring(found), 0) end
        end
        pcall(mf.preloadRemote, { { nameOrAlias = "disk" }, { nameOrAlias = "own", resourceCategory = "all" } })
        for _, id in ipairs { "disk/x", "d/x", "plain/x" } do
          local module = mf.loadRemote(id)
          expect("host", id, module.from)
          expect("table", "`io` of " .. id, module.has)
        end
        expect("beta", "betas/x", mf.loadRemote("betas/x").from)
        expect(false, "gone/x", (pcall(mf.loadRemote, "gone/x")))
        local ok, module = pcall(mf.loadRemote, "own/x")
        if ok and type(module) == "table" and module.has then expect("nil", "`io` of own/x", module.has) end
        expect("info", "the share", mf.loadShare("config")().level)
        expect("info", "the share", mf.loadShareSync("config")().level)
        host:registerRemotes { { name = "late", entry = "http://late/entry.lua" } }
        expect("host", "late/x", mf.loadRemote("late/x").from)
        expect("http://disk/mf-manifest.json", "the entry of disk", host.options.remotes[1].entry)
        if path then expect(true, "the call of the owner's plugin", SEEN) end
        expect(nil, "a global", MARK)
        return ok
        """

    /// How an attack ends: `contained`, or what escaped.
    func end(of attack: AttackCase) async throws -> String {
        let fetcher = InMemoryFetcher { request in
            let isOwn = request.url.hasPrefix("http://own/")
            let text: String? =
                if isOwn, attack.kind == .manifest, request.url.hasSuffix("mf-manifest.json") {
                    String(decoding: attack.source, as: UTF8.self)
                } else if request.url.hasSuffix("mf-manifest.json") {
                    Self.manifest
                } else if request.url.hasSuffix("entry.lua") {
                    Self.entry.replacing("FROM", with: request.url.contains("betas") ? "beta" : "host")
                } else {
                    nil
                }
            guard let text else { return FetchResponse(status: 404, url: request.url) }
            return FetchResponse(url: request.url, body: Array(text.utf8))
        }
        var configuration = RuntimeConfiguration(fetcher: fetcher, loop: loop, logLevel: "critical")
        let state = try StateArena()
        defer { state.remove() }
        configuration.stateFolder = state.path
        let runtime = try Runtime(configuration: configuration)
        do {
            let ending = try await end(of: attack, in: runtime, fetcher)
            await runtime.shutdown()
            return try state.foreignFile().map { "escaped: wrote \($0)" } ?? ending
        } catch {
            await runtime.shutdown()
            throw error
        }
    }

    private func end(of attack: AttackCase, in runtime: Runtime, _ fetcher: InMemoryFetcher) async throws -> String {
        let path: LuaValue = attack.kind == .plugin ? .string(attack.path) : .nil
        let options = options.luaValue
        do {
            let results = try await runtime.loop.perform {
                let chunk = try runtime.state.load("local mf = require('mf') " + Self.loads, name: "=host")
                return try await runtime.state.callAsync(chunk, [path, .string(attack.name), options])
            }
            if let url = fetcher.requestedURLs.first(where: Self.isForbidden) { return "escaped: asked for \(url)" }
            if let request = fetcher.requests.first(where: Self.isSmuggled) { return "escaped: sent \(request)" }
            return "contained: \(results.map { "\($0)" }.joined(separator: ", "))"
        } catch let error as MFError where error.message.contains("ESCAPED") {
            return "escaped: \(error.message)"
        }
    }

    /// What the host asks for nobody: neither the owner nor the tenant may.
    private static func isForbidden(_ url: String) -> Bool {
        !["disk", "plain", "betas", "gone", "own", "late", "allowed"].contains { url.hasPrefix("http://\($0)/") }
    }

    /// Whether a request holds what callers may not set.
    private static func isSmuggled(_ request: FetchRequest) -> Bool {
        let methods = ["CONNECT", "TRACE", "TRACK"]
        return methods.contains(request.method.uppercased()) || request.method.contains { $0.isWhitespace }
            || request.headers.contains { $0.1.contains("smuggled") }
    }
}
