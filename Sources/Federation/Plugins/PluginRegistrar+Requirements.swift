import Diagnostics
import Logging
import LuaBridge

extension PluginRegistrar {
    /// Expects that the plugins of a list find what they require, and that there is an order of all.
    ///
    /// Those that need not be attached are left out where they do not.
    ///
    /// - Parameter isFirst: Whether the host is being made.
    func expectAttachable(_ arrivals: [PluginArrival], isFirst: Bool) throws {
        var names: Set<String> = []
        let new = arrivals.filter { arrival in
            guard arrival.absence == nil, let name = arrival.plugin?.name else { return false }
            return !context.plugins.contains(named: name) && names.insert(name).inserted
        }
        guard !new.isEmpty else { return }
        try leaveOutContradicting(new, isFirst: isFirst)
        guard new.contains(where: { $0.plugin?.requirements.isEmpty == false }) else { return }
        var count = 0
        repeat {
            count = new.count { $0.absence == nil }
            let all = present(with: new.filter { $0.absence == nil }.compactMap(\.plugin))
            let absent = arrivals.filter { $0.absence != nil }.map { ($0.plugin?.name ?? $0.listed.name) }
            for arrival in new where arrival.absence == nil && !arrival.isRequired {
                guard let plugin = arrival.plugin else { continue }
                do { try expectRequirements(of: [plugin], in: all, absent: absent) } catch { arrival.fail(error) }
            }
        } while count != new.count { $0.absence == nil }
        let plugins = new.filter { $0.absence == nil }.compactMap(\.plugin)
        let absent = arrivals.filter { $0.absence != nil }.map { ($0.plugin?.name ?? $0.listed.name) }
        try expectRequirements(of: plugins, in: present(with: plugins), absent: absent)
    }

    /// The same for one that is attached by itself.
    func expectAttachable(_ plugin: RegisteredPlugin) throws {
        if !plugin.requirements.isEmpty { try expectRequirements(of: [plugin], in: present(with: [plugin])) }
        if context.ordersPlugins || plugin.isPlaced { try expectOrder(of: context.plugins + [plugin]) }
    }

    /// What is attached then: global plugins come along.
    private func present(with new: [RegisteredPlugin]) -> [RegisteredPlugin] {
        let all = context.plugins + new
        let names = Set(all.map(\.name))
        return all + registry.globalPlugins.filter { !names.contains($0.name) }
    }

    /// Expects that the owner's plugins find what they require.
    ///
    /// What a tenant's plugin requires is checked for itself alone: it waits for it. One that requires what is listed and
    /// left out waits, too.
    ///
    /// - Parameters:
    ///   - plugins: The plugins that are checked.
    ///   - all: All that are attached then.
    ///   - absent: The names of those that are listed and left out now; nil for one of which nothing was read.
    /// - Throws: ``MFError`` with `PLUGIN-022` that has everything missing.
    func expectRequirements(
        of plugins: [RegisteredPlugin], in all: [RegisteredPlugin], absent: [String?] = []
    ) throws {
        var absent = absent
        func mayCome(_ name: String) -> Bool { absent.contains { $0 == nil || $0 == name } }
        absent += context.absentPlugins.map { plugin in (try? ListedPlugin(plugin.value))?.name ?? nil }
        let present = all.byName
        let lacking = plugins.filter { !$0.isTenants }.map { plugin in
            (
                plugin,
                plugin.lacks(in: present).filter {
                    $0.attached != nil || $0.requirement.isOfMFLua || !mayCome($0.requirement.name)
                }
            )
        }.filter { !$0.1.isEmpty }
        guard let first = lacking.first else { return }
        throw MFError.unmet(
            lacking.flatMap { plugin, lacks in lacks.map { plugin.sentence(about: $0) } }, plugin: first.0.name)
    }

    /// Says in the log where a plugin that was attached and one that could do without the other do not fit.
    func warnOfVersions(around new: RegisteredPlugin) {
        guard context.ordersPlugins else { return }
        let attached = context.plugins.byName
        for plugin in context.plugins {
            for requirement in plugin.requirements where requirement.isOptional {
                guard let other = plugin.required(requirement, in: attached),
                    [plugin.name, other.name].contains(new.name),
                    !requirement.isSatisfied(by: other.version.stringValue)
                else { continue }
                let lack = RegisteredPlugin.Lack(requirement: requirement, attached: other)
                log.warning("\(plugin.sentence(about: lack))")
            }
        }
    }

    /// The owner's plugins that need some, directly or through others, and are not among them.
    func dependants(of names: Set<String>) -> [RegisteredPlugin] {
        var found = names
        var last = 0
        while last != found.count {
            last = found.count
            for plugin in context.plugins where !plugin.isTenants && !found.contains(plugin.name) {
                let needs = plugin.requirements.contains { !$0.isOptional && found.contains($0.name) }
                if needs { found.insert(plugin.name) }
            }
        }
        return context.plugins.filter { found.contains($0.name) && !names.contains($0.name) }
    }

    /// Expects that nobody needs plugins.
    ///
    /// - Parameter cascading: What `cascade` does.
    /// - Throws: ``MFError`` with `PLUGIN-023` that names who does.
    func expectNoDependants(of names: [String], among dependants: [RegisteredPlugin], cascading: String) throws {
        guard !dependants.isEmpty else { return }
        throw MFError.needed(names, by: dependants.map(\.name), cascading: cascading)
    }

    /// Who needs whom among the attached.
    var dependencies: [PluginDependencies.Member] {
        let attached = context.plugins.byName
        return context.plugins.compactMap { plugin in
            let requirements = plugin.requirements.filter { !$0.isOptional }
            guard !requirements.isEmpty, let account = plugin.account else { return nil }
            let lack = plugin.lacks(in: attached).first.map { lack in
                absence(of: lack.requirement.name) ?? plugin.reason(for: lack)
            }
            return PluginDependencies.Member(
                account: account,
                needs: requirements.compactMap { plugin.required($0, in: attached)?.account }, lack: lack)
        }
    }
}

extension PluginRegistrar {
    /// Why somebody waits for a plugin that was left out.
    private func absence(of name: String) -> String? {
        context.absentPlugins.first { $0.name == name }.map {
            "needs `\(name)`, which \($0.hasFailed ? "did not load" : "is disabled")"
        }
    }
}

extension Sequence<RegisteredPlugin> {
    /// The first plugin of each name.
    var byName: [String: RegisteredPlugin] { Dictionary(map { ($0.name, $0) }) { first, _ in first } }
}

extension RegisteredPlugin {
    /// A requirement that is not met.
    struct Lack {
        let requirement: PluginRequirement
        /// What is attached under the name, in another version.
        let attached: RegisteredPlugin?
    }

    /// What it requires, as its owner or its author says.
    var requirements: [PluginRequirement] { placement.overridden(by: settings.placement).requirements }

    /// The plugin that a requirement names; a tenant's plugin means those of its tenant first.
    ///
    /// - Parameter plugins: Those that there are, by name.
    func required(_ requirement: PluginRequirement, in plugins: [String: RegisteredPlugin]) -> RegisteredPlugin? {
        guard requirement.name != PluginRequirement.mflua else { return nil }
        let own = isTenants ? source?.tenant.flatMap { plugins["\($0)/\(requirement.name)"] } : nil
        return own ?? plugins[requirement.name]
    }

    /// The requirements that are not met.
    ///
    /// - Parameter plugins: Those that there are, by name.
    func lacks(in plugins: [String: RegisteredPlugin]) -> [Lack] {
        requirements.filter { !$0.isOptional }.compactMap { requirement in
            if requirement.isOfMFLua {
                return requirement.isUnmetByMFLua ? Lack(requirement: requirement, attached: nil) : nil
            }
            guard let other = required(requirement, in: plugins) else {
                return Lack(requirement: requirement, attached: nil)
            }
            return requirement.isSatisfied(by: other.version.stringValue)
                ? nil : Lack(requirement: requirement, attached: other)
        }
    }

    /// The sentence that an owner is told of a lack.
    func sentence(about lack: Lack) -> String {
        let (requirement, version) = (lack.requirement, self.version.stringValue)
        if requirement.isOfMFLua { return requirement.ofMFLua(name, version: version, from: source?.path) }
        let subject = PluginRequirement.subject(name, version: version, from: source?.path)
        let place = (lack.attached ?? self).listedAt().map { " (\($0))" } ?? ""
        return "\(subject) needs \(requirement.name) \(requirement.range); "
            + (lack.attached.map { "attached is \($0.versionText)" } ?? "it is not attached") + place
    }

    /// Why it waits, as `host:plugins()` says.
    func reason(for lack: Lack) -> String {
        let requirement = lack.requirement
        if requirement.isOfMFLua { return "needs mflua \(requirement.range); this is mflua \(LibraryInfo.version)" }
        return "needs `\(requirement.name)` \(requirement.range); "
            + (lack.attached.map { "attached is \($0.versionText)" } ?? "it is not attached")
    }

    private var versionText: String { version.stringValue ?? "one without a version" }
}

extension Plugin {
    /// What is wrong with what it says of its place.
    var placementFaults: [SchemaFault] {
        let unknown = hookPlacements.keys.sorted().filter { Lifecycle.table.named[$0] == nil }.map { hook in
            SchemaFault(keys: [hook], text: "there is no hook `\(hook)`")
        }
        return unknown + ([placement] + hookPlacements.sorted { $0.key < $1.key }.map(\.value)).flatMap(\.faults)
    }
}

extension PluginPlacement {
    /// What is wrong with ranges and names that Swift gives.
    var faults: [SchemaFault] {
        let names = [("before", before), ("after", after)].filter { $1?.contains("") == true }.map { key, _ in
            SchemaFault(keys: [key], text: "`\(key)` has an empty name")
        }
        let ranges = (requires ?? [:]).sorted { $0.key < $1.key }.filter {
            !PluginRequirement.isOne($0.key, range: $0.value)
        }
        return names
            + ranges.map { name, range in
                SchemaFault(
                    keys: ["requires", name], text: "`requires[\"\(name)\"]` is `\(range)`, which is no version range")
            }
    }
}

extension MFError {
    /// Plugins that others need.
    fileprivate static func needed(_ names: [String], by others: [String], cascading: String) -> MFError {
        let list = { (names: [String]) in names.map { "`\($0)`" }.joined(separator: ", ") }
        return MFError(
            .pluginNeeded, "\(list(others)) \(others.count == 1 ? "needs" : "need") \(list(names))",
            context: [("plugins", names.joined(separator: ", ")), ("dependants", others.joined(separator: ", "))],
            hint: "name \(others.count == 1 ? "it" : "them") as well, or add `{ cascade = true }`, which \(cascading)")
    }

    /// A placement of Swift's that is none.
    static func badPlacement(_ faults: [SchemaFault]) -> MFError {
        MFError(
            .invalidOptions, faults.map(\.text).joined(separator: "; "),
            hint: "write a range such as `^2` or `>=1.2 <3`, and names that are not empty")
    }
}
