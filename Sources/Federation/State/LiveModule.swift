import Diagnostics
import LuaBridge
import OrderedCollections

/// What stands behind `mf.live(id)`: the module as the newest version of its remote gives it.
final class LiveModule: Sendable {
    let id: String
    let remote: String
    private let bound: LoopBound<LiveModule, LuaValue>
    var value: LuaValue {
        get { bound[] }
        set { bound[] = newValue }
    }

    init(id: String, remote: String, value: LuaValue) {
        (self.id, self.remote, bound) = (id, remote, LoopBound(value))
    }
}

/// The handles that `mf.live` gave out, each as long as a script holds it.
struct LiveModules {
    private struct Handle {
        weak var module: LiveModule?
    }

    private var references: [Handle] = []
    /// How many are looked through when one more comes: those that nobody holds any more make room.
    private var limit = 16

    /// How many are remembered, those included that nobody holds any more.
    var count: Int { references.count }

    /// The handles that somebody holds.
    var held: [LiveModule] { references.compactMap(\.module) }

    mutating func add(_ module: LiveModule) {
        if references.count >= limit {
            references.removeAll { $0.module == nil }
            limit = max(16, references.count * 2)
        }
        references.append(Handle(module: module))
    }
}
