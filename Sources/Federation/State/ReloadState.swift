import Diagnostics
import EventLoops
import LuaBridge
import LuaLibrary

/// What a runtime keeps for hot reload.
final class ReloadState {
    var onFilesChange: (() -> Void)?
    var onReload: ((ReloadReport) -> Void)?
    /// What tells of changed remotes, while somebody watches.
    var feeds: (any RemoteFollower)?
    /// The generation whose code is being run, when that is known.
    var owner: Lifetime?
    /// The plugins that are being reloaded, by host.
    private var underWay: [(host: ObjectIdentifier, plugin: PluginID)] = []
    /// How long a plugin's file may run while it is loaded anew, and each step of the hand-over.
    private let loadTime: Duration
    private var loadGuards: (begin: LuaFunction, end: LuaFunction)?

    init(loadTime: Duration) { self.loadTime = loadTime }

    /// Runs a part of a plugin's making: what it registers or starts meanwhile is the scope's.
    func owning<T>(_ scope: Lifetime?, _ body: () throws -> T) rethrows -> T {
        guard let scope else { return try body() }
        let outer = owner
        owner = scope
        defer { owner = outer }
        return try body()
    }

    /// Runs the reload of a plugin.
    ///
    /// - Returns: Nil where its reload is under way already: one of its steps asks for another.
    func reloading<T>(_ plugin: PluginID, of host: AnyObject, _ body: () throws -> T) rethrows -> T? {
        let host = ObjectIdentifier(host)
        guard !underWay.contains(where: { $0.host == host && $0.plugin == plugin }) else { return nil }
        underWay.append((host, plugin))
        defer { underWay.removeLast() }
        return try body()
    }

    /// Runs a step of a reload and raises in Lua code that goes on for too long: a plugin that never ends its load must
    /// not stop the host.
    ///
    /// Plugins of the host's own state are the team's own: this ends what loops by mistake, not what wants to go on.
    func withinLoadTime<T>(of state: LuaState, _ body: () throws -> T) throws -> T {
        let guards = try guards(of: state)
        _ = try state.call(guards.begin, [.number(loadTime / .seconds(1))])
        defer { _ = try? state.call(guards.end, []) }
        return try body()
    }

    /// The functions of lua/mf/guard.lua.
    private func guards(of state: LuaState) throws -> (begin: LuaFunction, end: LuaFunction) {
        if let loadGuards { return loadGuards }
        let parts = try state.call(state.load(LuaLibrary.source(of: "mf/guard.lua"), name: "@mf/guard.lua"))
        guard parts.count == 2, case .function(let begin) = parts[0], case .function(let end) = parts[1] else {
            throw MFError(.luaRuntime, "lua/mf/guard.lua did not return two functions")
        }
        loadGuards = (begin, end)
        return (begin, end)
    }
}

/// What follows the servers that remotes come from.
protocol RemoteFollower: AnyObject {
    /// Remotes or hosts have come or gone.
    func check()
    /// A remote is made of a URL that it was not made of before.
    func add(_ url: String)
    func end()
}
