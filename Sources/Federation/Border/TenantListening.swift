/// Adds the listeners of a plugin that runs in a tenant to the lists of its hooks.
struct TenantListening: TapListVisitor {
    let plugin: TenantPlugin
    let border: TenantBorder
    let owner: PluginID
    let account: PluginAccount

    func visit<A>(_ list: TapList<A>) {
        guard list.definition.tenancy != .never else { return }
        let filter = plugin.filters[list.hook] ?? HookFilter()
        let called = TenantListener(list, plugin, border)
        let listener: SwiftListener<A> =
            switch list.kind {
            case .sync: .sync { try called.outcome(of: $0) }
            case .async: .async { try await called.outcomeAsync(of: $0) }
            case .syncWaterfall: .syncWaterfall { try called.changed($0) }
            case .asyncWaterfall: .asyncWaterfall { try await called.changedAsync($0) }
            }
        list.add(
            Tap(
                owner, account, hook: list.hook, filter: filter, failsClosed: { called.failsClosed($0) },
                .swift(listener)))
    }
}

extension TenantPlugin {
    /// The hooks it listens to, in the order of their declarations.
    var hooks: [String] {
        let functions = Set(functions)
        return Lifecycle.table.names.filter(functions.contains)
    }
}
