import EventLoops

extension HostContext {
    /// Makes a registration end with the plugin that has made it, if it was a plugin.
    ///
    /// - Parameter isNew: Whether the name was free; one that the host itself has registered stays.
    final func claim(_ name: String, isNew: Bool, _ end: @escaping (HostContext) -> Void) {
        guard let scope = registry.reloads.owner, isNew || claims.contains(name) else { return }
        claims.claim(name, for: scope)
        scope.own { [weak self] in
            guard let self, claims.release(name, of: scope) else { return }
            end(self)
        }
    }
}
