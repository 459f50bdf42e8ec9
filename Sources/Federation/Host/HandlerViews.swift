import EventLoops
import LuaBridge
import OrderedCollections

/// `host.remoteHandler`.
final class RemoteHandlerView: LuaObject {
    private unowned let host: Host
    init(_ host: Host) { self.host = host }
    static let luaTypeName = "mf.RemoteHandler"
    var luaKeys: [LuaKey] { [.string("idToRemoteMap")] }
    func luaGet(_ key: LuaKey) -> LuaValue {
        host.registry.loop.checkOnLoop("RemoteHandler")
        guard key == .string("idToRemoteMap") else { return .nil }
        return .record(
            LuaRecord(
                host.idToRemoteMap.map {
                    ($0.key, ["name": .string($0.value.name), "expose": .string($0.value.expose)])
                }))
    }
}

/// `host.snapshotHandler`.
final class SnapshotHandlerView: LuaObject {
    private unowned let host: Host
    init(_ host: Host) { self.host = host }
    static let luaTypeName = "mf.SnapshotHandler"
    static let luaMethods = [
        LuaCallable(async: "loadRemoteSnapshotInfo") { call in
            let host = try call.object(0, as: SnapshotHandlerView.self).host
            let parameters = try call.table(1)
            let remote = try Remote.fromLua(try parameters.get("moduleInfo"))
            let id = try parameters.get("id").stringValue ?? remote.name
            let (snapshot, global) = try await host.snapshots.loadSnapshot(
                of: remote, id: id,
                initiator: try parameters.get("initiator").stringValue ?? "loadRemote")
            return [["remoteSnapshot": .object(snapshot), "globalSnapshot": .object(global)]]
        }
    ]
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}
