import LuaBridge

/// The shared modules of a host: what it offers, what it loads, and how a version is chosen.
struct ShareService: HostService {
    /// Initialises a remote of the host for a scope, so that its container offers what it has.
    typealias Initialize =
        @Sendable (_ context: HostContext, _ remote: String, _ initScope: LiveList<LuaValue>?) async throws -> Void

    let context: HostContext
    let initialize: Initialize

    init(_ context: HostContext, initialize: @escaping Initialize) {
        (self.context, self.initialize) = (context, initialize)
    }
}
