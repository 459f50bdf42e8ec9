import Diagnostics
import EventLoops
import LuaBridge

/// A Swift listener of a hook with arguments `A`; which case is used follows from the hook's kind.
enum SwiftListener<A: Sendable>: Sendable {
    case sync(@Sendable (A) throws -> LuaValue)
    case async(@Sendable (A) async throws -> LuaValue)
    case syncWaterfall(@Sendable (A) throws -> A)
    case asyncWaterfall(@Sendable (A) async throws -> A)
}

/// One listener of a hook, with the name of the plugin it belongs to.
struct Tap<A: Sendable>: Sendable {
    enum Listener: Sendable {
        case lua(LuaFunction)
        case swift(SwiftListener<A>)
    }
    let plugin: String
    /// The plugin's registration; a plugin that was replaced has another.
    let owner: PluginID
    let listener: Listener
}

/// Work on a list of listeners whose arguments are known to the list alone.
protocol TapListVisitor {
    func visit<A: Sendable>(_ list: TapList<A>)
}

/// What the host does with a hook's listeners without knowing the hook's arguments.
protocol AnyTapList: AnyObject, Sendable {
    func add(lua function: LuaFunction, plugin: String, owner: PluginID)
    /// Hands the list out as what it is.
    func accept(_ visitor: some TapListVisitor)
    func remove(owner: PluginID)
    func holds(_ owner: PluginID) -> Bool
    func copy() -> any AnyTapList
    func emit(open value: LuaValue, in state: LuaState) async throws -> LuaValue
}

/// The listeners of one hook of one host, in order.
///
/// A dispatch works on the runs it found when it began; a change makes new ones, so that what started on a generation
/// of a plugin ends on it.
final class TapList<A: Sendable>: AnyTapList, @unchecked Sendable {
    // Plugins are attached and hooks emitted by `HookBus`, which no other loop than its state's gets hold of.

    /// Consecutive Lua listeners of one state are called in one go.
    enum Run {
        case lua(LuaListeners, first: Int)
        case swift(SwiftListener<A>, index: Int)
    }

    let hook: String
    let kind: HookKind
    /// The lines of the hook's argument table.
    let fields: [HookField<A>]
    /// When tenants' plugins are called, and what their results do.
    let tenancy: HookTenancy
    /// What a call is about.
    let subject: @Sendable (A) -> HookSubject
    @exclusivity(unchecked)
    private(set) var taps: [Tap<A>] = []
    @exclusivity(unchecked)
    private var compiled: [Run]?
    /// How many calls of its listeners are under way within one another; of a sync hook's only.
    @exclusivity(unchecked)
    private var depth = 0
    /// Whether they went too deep: all that are further in fail at once, as trying again at each depth would take for ever.
    @exclusivity(unchecked)
    private var isUnwinding = false

    init(
        hook: String, kind: HookKind, fields: [HookField<A>], tenancy: HookTenancy,
        subject: @escaping @Sendable (A) -> HookSubject
    ) {
        (self.hook, self.kind, self.fields, self.tenancy, self.subject) = (hook, kind, fields, tenancy, subject)
    }

    @inline(__always)
    var isEmpty: Bool { taps.isEmpty }

    /// How deeply listeners of a sync hook may repeat what they are called for.
    static var depthLimit: Int { 50 }

    /// Calls listeners of a sync hook.
    ///
    /// - Throws: what the body throws; ``MFError`` with `LOAD-002` when that went too deep.
    func nested<T>(_ body: () throws -> T) throws -> T {
        if depth >= Self.depthLimit { isUnwinding = true }
        if isUnwinding {
            // Where several listen, the error is told whose listener it was on its way out.
            throw MFError.listenersTooDeep(
                hook, plugin: taps.count == 1 ? taps[0].plugin : nil, depth: Self.depthLimit)
        }
        depth += 1
        defer {
            depth -= 1
            if depth == 0 { isUnwinding = false }
        }
        return try body()
    }

    /// The error that a listener of a sync hook failed with, told of its plugin where the listener repeats what it is
    /// called for.
    func tooDeep(_ error: MFError, plugin: String?) -> MFError {
        if error.code == .listenersTooDeep, error["hook"] == hook, error["plugin"] == nil {
            return MFError.listenersTooDeep(hook, plugin: plugin, depth: Self.depthLimit)
        }
        // With other calls in between, Lua's own limit comes first.
        let causes = sequence(first: error) { $0.cause as? MFError }
        guard depth > 1, causes.contains(where: { $0.code == .tooDeep }) else { return error }
        isUnwinding = true
        return MFError.listenersTooDeep(hook, plugin: plugin, depth: depth)
    }

    /// Adds a listener at its plugin's place; the same Lua function listens once.
    func add(_ tap: Tap<A>) {
        if case .lua(let function) = tap.listener, contains(function) { return }
        taps.insert(tap, at: taps.firstIndex { $0.owner.rank > tap.owner.rank } ?? taps.count)
        compiled = nil
    }

    func holds(_ owner: PluginID) -> Bool { taps.contains { $0.owner == owner } }

    func copy() -> any AnyTapList {
        let copy = TapList(hook: hook, kind: kind, fields: fields, tenancy: tenancy, subject: subject)
        copy.taps = taps
        return copy
    }

    func accept(_ visitor: some TapListVisitor) { visitor.visit(self) }

    func add(lua function: LuaFunction, plugin: String, owner: PluginID) {
        add(Tap(plugin: plugin, owner: owner, listener: .lua(function)))
    }

    func remove(owner: PluginID) {
        taps.removeAll { $0.owner == owner }
        compiled = nil
    }

    private func contains(_ function: LuaFunction) -> Bool {
        taps.contains { tap in
            if case .lua(let other) = tap.listener { other == function } else { false }
        }
    }

    /// The listeners as runs, from the one at `start` on.
    func runs(from start: Int = 0) throws -> [Run] {
        if start == 0, let compiled { return compiled }
        var runs: [Run] = []
        var functions: [LuaFunction] = []
        var first = start
        func flush() throws {
            guard let state = functions.first?.state else { return }
            runs.append(.lua(try LuaListeners(state: state, functions: functions), first: first))
            functions = []
        }
        for index in taps.indices.dropFirst(start) {
            switch taps[index].listener {
            case .lua(let function):
                if let state = functions.first?.state, state !== function.state { try flush() }
                if functions.isEmpty { first = index }
                functions.append(function)
            case .swift(let listener):
                try flush()
                runs.append(.swift(listener, index: index))
            }
        }
        try flush()
        if start == 0 { compiled = runs }
        return runs
    }
}
