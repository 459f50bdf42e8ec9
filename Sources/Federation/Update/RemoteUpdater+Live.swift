import LuaBridge
import OrderedCollections

extension RemoteUpdater {
    /// A table that reads, writes and calls through to the module that is current then.
    func live(_ id: String) async throws -> LuaValue {
        let value = try await loader.load(id)
        let remote = context.idToRemoteMap[id]?.name ?? index.match(id, in: options.remotes)?.remote.name ?? id
        let live = LiveModule(id: id, remote: remote, value: value)
        context.lives.add(live)
        let current = LuaCallable("live") { _ in [live.value] }
        let chunk = try state.load(Self.liveSource, name: "=mf.live")
        return try state.invokeNow(.function(chunk), [.callable(current)])
    }

    private static let liveSource = """
        local current = ...
        return setmetatable({}, {
          __index = function(_, key) return current()[key] end,
          __newindex = function(_, key, value) current()[key] = value end,
          __call = function(_, ...) return current()(...) end,
          __pairs = function() return pairs(current()) end,
          __len = function() return #current() end,
          __tostring = function() return tostring(current()) end,
        })
        """
}
