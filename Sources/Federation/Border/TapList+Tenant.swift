import LuaBridge

extension TapList {
    /// Adds the listener of a plugin that runs in a tenant.
    func add(tenant plugin: TenantPlugin, border: TenantBorder, owner: PluginID) {
        guard tenancy != .never else { return }
        let called = TenantListener(self, plugin, border)
        let listener: SwiftListener<A> =
            switch kind {
            case .sync: .sync { try called.outcome(of: $0) }
            case .async: .async { try await called.outcomeAsync(of: $0) }
            case .syncWaterfall: .syncWaterfall { try called.changed($0) }
            case .asyncWaterfall: .asyncWaterfall { try await called.changedAsync($0) }
            }
        add(Tap(plugin: plugin.qualifiedName, owner: owner, listener: .swift(listener)))
    }
}
