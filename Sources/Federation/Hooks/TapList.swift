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

/// One listener of a hook, and whose it is.
struct Tap<A: Sendable>: Sendable {
    enum Listener: Sendable {
        case lua(LuaFunction)
        case swift(SwiftListener<A>)
    }
    /// The plugin's registration; a plugin that was replaced has another.
    let owner: PluginID
    /// What is known of the plugin, and of its listener of this hook, over all generations.
    let plugin: PluginAccount
    let account: HookAccount
    let filter: HookFilter
    let listener: Listener
    /// Whether a failure in a call fails the step, for a tenant's: its border decides. Nil: the policy alone does.
    let failsClosed: (@Sendable (A) -> Bool)?
    /// Its place: lower ones are called before it. That of its plugin in the list, until the list of listeners is arranged.
    fileprivate(set) var rank: Int

    init(
        _ owner: PluginID, _ plugin: PluginAccount, hook: String, filter: HookFilter = HookFilter(),
        failsClosed: (@Sendable (A) -> Bool)? = nil, _ listener: Listener
    ) {
        rank = owner.rank
        self.failsClosed = failsClosed
        (self.owner, self.plugin, self.filter, self.listener) = (owner, plugin, filter, listener)
        account = plugin.hook(hook)
    }

    /// Whether it has to be asked before each call whether it is called.
    var isGated: Bool { !filter.isEmpty || plugin.needsGate }
}

/// Work on a list of listeners whose arguments are known to the list alone.
protocol TapListVisitor {
    func visit<A: Sendable>(_ list: TapList<A>)
}

/// What the host does with a hook's listeners without knowing the hook's arguments.
protocol AnyTapList: AnyObject, Sendable {
    func add(lua function: LuaFunction, filter: HookFilter, plugin: PluginAccount, owner: PluginID)
    /// Puts the listeners in the order of their plugins.
    func arrange(_ ranks: [String: Int])
    /// The plugins that listen, in the order in which they are called.
    var plugins: [String] { get }
    /// Compiles the listeners anew at the next call: what a plugin's account says of them has changed.
    func recompile()
    /// Hands the list out as what it is.
    func accept(_ visitor: some TapListVisitor)
    func remove(owner: PluginID)
    func holds(_ owner: PluginID) -> Bool
    func copy() -> any AnyTapList
    func emit(open value: LuaValue, of bus: HookBus) async throws -> LuaValue
}

/// The listeners of one hook of one host, in order.
///
/// A dispatch works on the runs it found when it began; a change makes new ones, so that what started on a generation
/// of a plugin ends on it.
final class TapList<A: Sendable>: AnyTapList, @unchecked Sendable {
    // Plugins are attached and hooks emitted by `HookBus`, which no other loop than its state's gets hold of.

    /// What is called in one go: consecutive Lua listeners that are always called, or one listener.
    ///
    /// A class, so that a dispatch that looks at one counts one reference.
    final class Run: Sendable {
        enum Body: Sendable {
            case lua(LuaListeners)
            case swift(SwiftListener<A>)
        }
        let body: Body
        let taps: ArraySlice<Tap<A>>
        /// The listener, where it is asked for before each call.
        let gate: Tap<A>?

        init(body: Body, taps: ArraySlice<Tap<A>>, gate: Tap<A>?) {
            (self.body, self.taps, self.gate) = (body, taps, gate)
        }
    }

    let definition: HookDefinition<A>
    @exclusivity(unchecked)
    private(set) var taps: [Tap<A>] = []
    /// Those in Lua: one that listens already is not added.
    @exclusivity(unchecked)
    private var functions: Set<LuaFunction> = []
    @exclusivity(unchecked)
    private var compiled: [Run]?
    /// How many calls of its listeners are under way within one another; of a sync hook's only.
    @exclusivity(unchecked)
    private var depth = 0
    /// Whether they went too deep: all that are further in fail at once, as trying again at each depth would take for ever.
    @exclusivity(unchecked)
    private var isUnwinding = false

    init(_ definition: HookDefinition<A>) { self.definition = definition }

    var hook: String { definition.name }
    var kind: HookKind { definition.kind }

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
                hook, plugin: taps.count == 1 ? taps[0].plugin.name : nil, depth: Self.depthLimit)
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
        if let function = tap.function, !functions.insert(function).inserted { return }
        // Mostly the newest plugin's, which stands last.
        let isLast = taps.last.map { $0.rank <= tap.rank } ?? true
        taps.insert(tap, at: isLast ? taps.count : taps.firstIndex { $0.rank > tap.rank } ?? taps.count)
        compiled = nil
    }

    func holds(_ owner: PluginID) -> Bool { taps.contains { $0.owner == owner } }

    func copy() -> any AnyTapList {
        let copy = TapList(definition)
        (copy.taps, copy.functions) = (taps, functions)
        return copy
    }

    func accept(_ visitor: some TapListVisitor) { visitor.visit(self) }

    func add(lua function: LuaFunction, filter: HookFilter, plugin: PluginAccount, owner: PluginID) {
        add(Tap(owner, plugin, hook: hook, filter: filter, .lua(function)))
    }

    func arrange(_ ranks: [String: Int]) {
        for index in taps.indices { taps[index].rank = ranks[taps[index].plugin.name] ?? taps[index].rank }
        let sorted = taps.indices.sorted { (taps[$0].rank, $0) < (taps[$1].rank, $1) }
        guard sorted != Array(taps.indices) else { return }
        taps = sorted.map { taps[$0] }
        compiled = nil
    }

    var plugins: [String] { taps.reduce(into: []) { if !$0.contains($1.plugin.name) { $0.append($1.plugin.name) } } }

    func recompile() { compiled = nil }

    func remove(owner: PluginID) {
        // Hosts that end let go of the newest first, which mostly stands last.
        while let last = taps.last, last.owner == owner { forget(at: taps.count - 1) }
        while let index = taps.firstIndex(where: { $0.owner == owner }) { forget(at: index) }
    }

    private func forget(at index: Int) {
        if let function = taps.remove(at: index).function { functions.remove(function) }
        compiled = nil
    }

    /// The listeners as runs, from the one at `start` on. Those of plugins that rest are left out.
    func runs(from start: Int = 0) throws -> [Run] {
        if start == 0, let compiled { return compiled }
        var runs: [Run] = []
        var first = start
        while first < taps.count {
            let tap = taps[first]
            guard !tap.plugin.isResting else {
                first += 1
                continue
            }
            var end = first + 1
            switch tap.listener {
            case .swift(let listener):
                runs.append(Run(body: .swift(listener), taps: taps[first..<end], gate: tap.isGated ? tap : nil))
            case .lua(let function):
                while !tap.isGated, end < taps.count, taps[end].follows(function) { end += 1 }
                runs.append(try run(taps[first..<end], in: function.state))
            }
            first = end
        }
        if start == 0 { compiled = runs }
        return runs
    }

    private func run(_ taps: ArraySlice<Tap<A>>, in state: LuaState) throws -> Run {
        let gate = taps.first.flatMap { $0.isGated ? $0 : nil }
        let listeners = try LuaListeners(
            state: state, functions: taps.compactMap(\.function), tallies: taps.map(\.account.tally),
            cpu: gate?.plugin.policy.cpu)
        return Run(body: .lua(listeners), taps: taps, gate: gate)
    }
}

extension Tap {
    fileprivate var function: LuaFunction? { if case .lua(let function) = listener { function } else { nil } }

    /// Whether it can be called in one go with a Lua listener before it.
    fileprivate func follows(_ other: LuaFunction) -> Bool {
        guard let function, function.state === other.state else { return false }
        return !isGated && !plugin.isResting
    }
}
