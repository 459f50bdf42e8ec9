import Diagnostics
import LuaBridge

extension Host {
    /// Emits a hook with whatever arguments; the result of a waterfall is the data, else the last result.
    func emit(_ name: String, _ data: LuaValue) async throws -> LuaValue {
        guard let hook = Lifecycle.table.named[name] else { throw MFError.noSuchHook(name) }
        guard name == Lifecycle.declared.generatePreloadAssets.name else {
            return try await hooks.emit(hook, open: data)
        }
        // The built-in plan is made as by a listener before all others.
        let builtIn = try builtInPlan(for: data)
        let result = try await hooks.emit(hook, open: data)
        return result.isNil ? builtIn.luaValue : result
    }

    private func builtInPlan(for data: LuaValue) throws -> PreloadPlan {
        let entries = try data.entries(expecting: "the arguments of generatePreloadAssets")
        let fields = Dictionary(entries.compactMap { entry in entry.0.stringValue.map { ($0, entry.1) } }) { $1 }
        guard let options = fields["preloadOptions"], let info = fields["remoteInfo"],
            let snapshot = fields["remoteSnapshot"]
        else { return PreloadPlan() }
        return try preloads.builtInPlan(
            try PreloadOptions.fromLua(options), remoteInfo: try Remote.fromLua(info),
            snapshot: try Snapshot.fromLua(snapshot),
            global: try fields["globalSnapshot"].map { try LiveMap<Snapshot>.fromLua($0) })
    }
}

extension MFError {
    /// `host.method()` in place of `host:method()`.
    static func notCalledOnHost(_ name: String) -> MFError {
        MFError(.badArgument, "`\(name)` is a method of a host", hint: "call it with a colon: `host:\(name)(…)`")
    }
}
