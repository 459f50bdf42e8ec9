import LuaBridge
import LuaLibrary

extension Runtime {
    /// Lets the host's code `require("mf.plugins.retry")`, and the other plugins that come with mflua.
    ///
    /// They are compiled when they are asked for: a host that uses none does not pay for them.
    func offerShippedPlugins() throws {
        let preload = try state.globals.get("package").tableValue?.get("preload").tableValue
        for path in LuaLibrary.paths where path.hasPrefix("plugins/") {
            let name = path.dropFirst("plugins/".count).prefix { $0 != "-" }
            let loader = LuaCallable("load \(path)") { call in
                let chunk = try call.state.load(LuaLibrary.source(of: path), name: "@mf/" + path)
                return try call.state.call(chunk)
            }
            try preload?.set("mf.plugins.\(name)", .callable(loader))
        }
    }
}
