import Diagnostics
import LuaBridge

/// A plugin that listens to a hook, and the reason for its place.
///
/// ```swift
/// for place in try await host.order(of: "beforeRequest") { print(place.plugin, place.why) }
/// ```
public struct PluginPlace: Sendable, Equatable {
    /// The plugin's name.
    public var plugin: String
    /// Why it is called where it is, such as `after auth-plugin (its own requires)`.
    public var why: String
}

extension PluginRegistrar {
    /// The plugins that listen to a hook in the order in which they are called, each with the reason for its place.
    ///
    /// - Throws: ``MFError`` with `HOOK-001` where there is no such hook.
    func order(of hook: String) throws -> [PluginPlace] {
        guard let declared = hooks.table.named[hook] else { throw MFError.noSuchHook(hook) }
        let listeners = hooks.view.lists[declared.index].plugins
        guard context.ordersPlugins else { return listeners.map { PluginPlace(plugin: $0, why: "list order") } }
        do {
            return try sequence(listed).reasons(for: Set(listeners), in: hook).map {
                PluginPlace(plugin: $0.name, why: $0.why)
            }
        } catch {
            throw cycle(error.edges, of: listed)
        }
    }

    /// Puts the listeners of all hooks in the order of their plugins, after one came, went or was replaced, and finds out
    /// who waits for whom.
    func arrange() {
        guard context.ordersPlugins, !context.arrangesLater else { return }
        let sequence = sequence(listed)
        context.ordersPlugins = !sequence.isListOrder
        let ownHooks = sequence.hooks
        // Plugins whose places contradict each other are not attached.
        let common = (try? sequence.solve())?.ranks(of: sequence) ?? [:]
        for hook in hooks.table.names {
            let own = ownHooks.contains(hook) ? (try? sequence.solve(hook))?.ranks(of: sequence) : nil
            for store in hooks.stores(named: hook) { store.arrange(own ?? common) }
        }
        context.dependencies.update(dependencies)
    }

    /// Attaches and detaches plugins, and arranges them once they are all done: each would look at all the others.
    func arrangingOnce<T>(_ body: () throws -> T) rethrows -> T {
        if context.arrangesLater { return try body() }
        context.arrangesLater = true
        defer {
            context.arrangesLater = false
            arrange()
        }
        return try body()
    }

    /// Expects that the places of plugins do not contradict each other.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-021` that has every edge of the contradiction.
    func expectOrder(of plugins: [RegisteredPlugin]) throws {
        if let edges = contradiction(in: plugins) { throw cycle(edges, of: plugins) }
    }

    /// Leaves out arrivals that need not be attached, until there is an order of the others.
    ///
    /// - Parameter isFirst: Whether tenants' plugins whose places contradict each other need not be attached.
    /// - Throws: ``MFError`` with `PLUGIN-021` for a contradiction of those that have to be attached.
    func leaveOutContradicting(_ arrivals: [PluginArrival], isFirst: Bool) throws {
        while true {
            let new = arrivals.filter { $0.absence == nil }.compactMap(\.plugin)
            guard context.ordersPlugins || new.contains(where: \.isPlaced) else { return }
            let plugins = context.plugins + new
            guard let edges = contradiction(in: plugins) else { return }
            let error = cycle(edges, of: plugins)
            let names = Set(edges.map { plugins[$0.first].name })
            let isTenants =
                isFirst && edges.allSatisfy { plugins[$0.statement.member].isTenants && !$0.statement.isOwners }
            let left = arrivals.filter { arrival in
                guard arrival.absence == nil, let plugin = arrival.plugin, names.contains(plugin.name) else {
                    return false
                }
                return !arrival.isRequired || isTenants
            }
            guard !left.isEmpty else { throw error }
            for arrival in left { arrival.fail(error) }
        }
    }

    /// Where only the list decides between two plugins that say the same of their places: the second, and the sentence
    /// about it.
    var orderTies: [(plugin: String, text: String)] {
        guard context.ordersPlugins else { return [] }
        let (plugins, sequence) = (listed, sequence(listed))
        var ties: [PluginSequence.Tie] = []
        for hook in hooks.table.all {
            let listeners = Set(hooks.view.lists[hook.index].plugins)
            for tie in (try? sequence.ties(among: listeners, in: hook.name)) ?? []
            where !ties.contains(where: { $0.first == tie.first && $0.second == tie.second }) {
                ties.append(tie)
            }
        }
        return ties.map { tie in
            let (first, second) = (plugins[tie.first].name, plugins[tie.second].name)
            let text = "is `\(tie.order.rawValue)` in `\(tie.hook)`, as `\(first)` is: only the list has it come second"
            return (second, text)
        }
    }

    /// The attached plugins in the order of the list: one that was left out has kept its place.
    private var listed: [RegisteredPlugin] { context.plugins.sorted { $0.id.rank < $1.id.rank } }

    private func contradiction(in plugins: [RegisteredPlugin]) -> [PluginSequence.Edge]? {
        let sequence = sequence(plugins)
        if sequence.isListOrder { return nil }
        do {
            for hook in [nil] + sequence.hooks.sorted() { _ = try sequence.solve(hook) }
            return nil
        } catch { return error.edges }
    }

    private func sequence(_ plugins: [RegisteredPlugin]) -> PluginSequence {
        PluginSequence(
            plugins.map { plugin in
                PluginSequence.Member(
                    name: plugin.name, tenant: plugin.isTenants ? plugin.source?.tenant : nil, own: plugin.placement,
                    hooks: plugin.hookPlacements, entry: plugin.settings.placement)
            })
    }

    /// Where something is said of a plugin's place.
    private func source(of said: PluginSequence.Statement, _ plugin: RegisteredPlugin) -> String {
        let keys = [said.hook, said.key.rawValue].compactMap { $0 }
        let key = keys.joined(separator: ".")
        let place = said.isOwners ? plugin.listedAt() : plugin.place(of: keys)
        return (said.isOwners ? "`\(key)` in the entry of `\(plugin.name)`" : "`\(key)` of `\(plugin.name)`")
            + (place.map { ", \($0)" } ?? "")
    }

    /// The error that has every edge of a cycle and where it is written.
    private func cycle(_ edges: [PluginSequence.Edge], of plugins: [RegisteredPlugin]) -> MFError {
        let sentences = edges.map { edge in
            let source = source(of: edge.statement, plugins[edge.statement.member])
            return "`\(plugins[edge.first].name)` is called before `\(plugins[edge.second].name)` (\(source))"
        }
        return MFError(
            .pluginCycle, "the places of plugins contradict each other: \(sentences.joined(separator: ", "))",
            context: [("plugins", edges.map { plugins[$0.first].name }.joined(separator: ", "))],
            hint: "say `before`, `after` or `requires` in the entry of one of them: it wins over what the plugin says")
    }
}

extension PluginSequence.Solution {
    /// The place of each plugin.
    fileprivate func ranks(of sequence: PluginSequence) -> [String: Int] {
        Dictionary(order.enumerated().map { (sequence.members[$1].name, $0) }) { first, _ in first }
    }
}

extension RegisteredPlugin {
    /// Whether something is said of its place.
    var isPlaced: Bool { !placement.isEmpty || !settings.placement.isEmpty || !hookPlacements.isEmpty }

    /// Where its author has written something.
    func place(of keys: [String]) -> String? {
        switch body {
        case .swift: return "in Swift"
        case .lua(let plugin):
            return source?.place(of: keys) ?? plugin.hooks.lazy.compactMap(\.function.place).first ?? listedAt()
        case .tenant(_, let source): return source.place(of: keys)
        }
    }
}

extension PluginSource {
    /// The line on which a key is set, if it is found.
    fileprivate func place(of keys: [String]) -> String {
        let written = text.map { SourceText(name: path, bytes: $0) } ?? SourceText(file: path)
        return written?.place(of: keys) ?? path
    }
}

extension MFError {
    /// The name of something that is no hook.
    static func noSuchHook(_ name: String) -> MFError {
        MFError(
            .unknownHook, "there is no hook `\(name)`", context: [("hook", name)],
            hint: name.closestMatch(in: Lifecycle.table.names).map { "did you mean `\($0)`?" })
    }
}
