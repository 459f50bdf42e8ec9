import Diagnostics
import Fetch
import LuaBridge

@testable import Federation

/// A gateway with remotes of its own and of two tenants, all of them with secrets, for tests of a tenant's border.
enum BorderSite {
    /// `disk` and the like are the host's, `own` is acme's, `other` is beta's.
    static let fetcher: @Sendable (FetchRequest) async throws -> FetchResponse = { request in
        let path = request.url.split(separator: "?").first.map(String.init) ?? ""
        let text: String? =
            if path.hasSuffix("mf-manifest.json") {
                #"{"name":"n","metaData":{"name":"n","publicPath":"auto","globalName":"n","buildInfo":{"buildVersion":"1"},"remoteEntry":{"name":"entry.lua","path":"","type":"global"},"note":"SECRET-80"},"shared":[],"remotes":[],"exposes":[{"id":"n:x","name":"x","path":"./x","assets":{"js":{"sync":["x.lua"],"async":[]},"css":{"sync":[],"async":[]}}}]}"#
            } else if path.hasSuffix("/broken/entry.lua") {
                "SECRET-92 is no Lua"
            } else if path.hasSuffix("/raising/entry.lua") {
                "error({ token = 'SECRET-91' })"
            } else if path.hasSuffix("entry.lua") {
                """
                return { init = function() end, get = function(name)
                  if name == "./raise" then error("SECRET-90") end
                  if name == "./none" then return nil end
                  return function() return { from = "\(path.contains("evil") ? "guest" : "host")", io = type(io), data = "\(path.contains("own") ? "of its own" : "SECRET-70")",
                    call = function() called = (called or 0) + 1 return "SECRET-71" end } end
                end }
                """
            } else if path.hasSuffix("x.lua") {
                "return {}"
            } else {
                nil
            }
        guard let text else { return FetchResponse(status: 404, url: request.url) }
        return FetchResponse(url: request.url, body: Array(text.utf8))
    }

    static func host(_ level: TenantOptions.Level, tenant options: String = "", plugins: String) -> String {
        """
        host = mf.init {
          name = "gateway",
          tenants = { acme = { level = "\(level.rawValue)", cpu = "5s", wall = "20s", memory = "64MB", \(options) },
                      beta = { env = { TOKEN = "SECRET-3" } } },
          shared = { config = { version = "1.0.0", lib = function() called = (called or 0) + 1 return { level = "host", token = "SECRET-50" } end } },
          remotes = {
            { name = "disk", alias = "d", entry = "http://user:SECRET-10@disk/entry.lua?token=SECRET-11#SECRET-12" },
            { name = "listed", entry = "http://user:SECRET-20@listed/mf-manifest.json?token=SECRET-21" },
            { name = "broken", entry = "http://user:SECRET-22@files/broken/entry.lua?token=SECRET-23" },
            { name = "raising", entry = "http://user:SECRET-24@files/raising/entry.lua?token=SECRET-25" },
            { name = "gone", entry = "http://user:SECRET-26@gone/gone?token=SECRET-27" },
            { name = "SECRET-30", alias = "other", entry = "http://other/entry.lua?token=SECRET-31", tenant = "beta" },
            { name = "own", entry = "http://user:SECRET-40@own/entry.lua?token=SECRET-41", tenant = "acme" },
          },
          plugins = { \(plugins) },
        }

        """
    }

    /// The names of all hooks, as the elements of a Lua table.
    static let hooks = Lifecycle.all.map { "\"\($0.name)\"" }.joined(separator: ", ")
}
