import EventLoops
import LuaBridge
import Testing

@testable import Federation

/// What happens to views that belong to a loop and are used on another thread.
@Suite struct OffLoopViewTests {
    /// A use of a view by the name that the message has.
    struct Use: Sendable {
        let name: String
        let run: @Sendable () throws -> Void
    }

    /// The properties that have other names than their fields.
    private static let properties = ["preloadConfig": "config", "shareConfig": "requirement"]

    /// Every declared field of a view, read and written, and what holds of all fields together.
    private static func uses<View: FieldView>(of view: View) -> [Use] {
        let type = "\(View.self)"
        let fields = View.fields.list.flatMap { field -> [Use] in
            let name = properties[field.name] ?? field.name
            // What a group has under these names is made of lists.
            let property = View.self == SnapshotAssetGroup.self ? name + "List" : name
            let reading = Use(name: "\(type).\(property)") { _ = try view.luaGet(.string(field.name)) }
            let writing = Use(name: "\(type).\(property)") {
                let value = try view.loopless(field)
                try view.luaSet(.string(field.name), value)
            }
            return field.set == nil ? [reading] : [reading, writing]
        }
        return fields + [
            Use(name: "\(type).extra") { _ = view.extra },
            Use(name: "\(type).extra") { [extra = view.extra] in view.extra = extra },
            Use(name: "\(type).") { _ = view.luaKeys },
        ]
    }

    /// Uses of views that belong to the loop whose thread this runs on.
    private static func uses() -> [Use] {
        let remote = Remote(name: "a", entry: "http://a")
        return uses(of: remote) + uses(of: HostOptions(name: "shell")) + uses(of: ShareRequirement())
            + uses(of: SharedModule(version: "1.0.0", lib: .nil)) + uses(of: Snapshot())
            + uses(of: SnapshotModule(moduleName: "a")) + uses(of: SnapshotShared(sharedName: "a"))
            + uses(of: SnapshotRemote(matchedVersion: "1")) + uses(of: SnapshotAssets())
            + uses(of: SnapshotAssetGroup()) + uses(of: PreloadRequest())
            + uses(of: PreloadOptions(remote: remote, config: PreloadRequest()))
            + [
                Use(name: "Remote.name") { _ = remote.luaDescription },
                Use(name: "Remote.resolved()") { _ = remote.resolved() },
                Use(name: "Remote.hasManifest") { _ = remote.hasManifest },
            ]
    }

    @Test(arguments: Self.uses().indices)
    func useOfAFieldStopsTheProgram(index: Int) async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [index] in
            let uses = try await EventLoop(name: "test").perform { Self.uses() }
            try uses[index].run()
        }
        let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        let name = Self.uses()[index].name
        #expect(errors.contains("`\(name)"), "\(name): \(errors)")
        #expect(errors.contains("was called off the thread of its event loop"), "\(errors)")
        #expect(errors.contains("runtime.loop.perform"), "\(errors)")
    }
}

extension FieldView {
    /// A value that a field takes: that of a fresh table of the same type, or none.
    fileprivate func loopless(_ field: ViewField<Self>) throws -> LuaValue {
        switch field.luaType {
        case "string": "text"
        case "boolean": true
        case "mf.Remote": .object(Remote(name: "b"))
        case "mf.PreloadRemoteArgs": .object(PreloadRequest())
        case "mf.SnapshotAssets": .object(SnapshotAssets())
        case "mf.SnapshotAssetGroup": .object(SnapshotAssetGroup())
        case "string[]" where Self.self == SnapshotAssetGroup.self: .array(["a"])
        default: .nil
        }
    }
}
