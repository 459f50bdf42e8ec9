/// Which plugins of a host need others, and which of them wait for these.
///
/// A plugin that needs one that is disabled or has tripped, or that waits itself, is not called until that one is.
final class PluginDependencies {
    /// A plugin that needs others.
    struct Member {
        let account: PluginAccount
        /// The plugins that it needs.
        let needs: [PluginAccount]
        /// Why it waits whatever these do.
        let lack: String?
    }

    private let hooks: HookBus
    private var members: [ObjectIdentifier: Member] = [:]

    init(_ hooks: HookBus) { self.hooks = hooks }

    /// Notes who needs whom, after a plugin came or went.
    func update(_ members: [Member]) {
        let former = self.members
        self.members = Dictionary(members.map { (ObjectIdentifier($0.account), $0) }) { $1 }
        for (id, member) in former where self.members[id] == nil { member.account.waiting = nil }
        settle()
    }

    /// Finds out anew who waits, after a plugin was disabled, enabled, has tripped or works again.
    func settle() {
        guard !members.isEmpty else { return }
        var reasons: [ObjectIdentifier: String?] = [:]
        func reason(_ account: PluginAccount) -> String? {
            let id = ObjectIdentifier(account)
            guard let member = members[id] else { return nil }
            if let known = reasons[id] { return known }
            // Only until it is known: those of a tenant may need each other in a circle.
            reasons[id] = .some(nil)
            let found =
                member.lack
                ?? member.needs.lazy.compactMap { other in
                    (other.unavailability ?? reason(other).map { _ in "waits" }).map {
                        "needs `\(other.name)`, which \($0)"
                    }
                }.first
            reasons[id] = .some(found)
            return found
        }
        var hasChanged = false
        for member in members.values {
            let found = reason(member.account)
            guard found != member.account.waiting else { continue }
            if (found == nil) != (member.account.waiting == nil) { hasChanged = true }
            let isNew = member.account.waiting == nil && member.lack == nil
            member.account.waiting = found
            if isNew { member.account.tellWaiting() }
        }
        if hasChanged { hooks.recompile() }
    }
}

extension PluginAccount {
    /// Why it is of no use to those that need it.
    fileprivate var unavailability: String? {
        if rest != nil { return "is disabled" }
        return breaker?.isOpen == true ? "has tripped" : nil
    }
}
