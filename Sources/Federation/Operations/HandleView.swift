import LuaBridge

/// What a function was registered for, so that it can be ended: what `mf.on`, `mf.onShutdown` and `mf.watch` return.
final class HandleView: LuaObject, @unchecked Sendable {
    // Cancelled by methods that a state calls on its loop, and by owners on the same.
    private let name: String
    private var onCancel: (() -> Void)?
    private var holding: Holding?

    /// - Parameter onCancel: Ends it; called once.
    init(_ name: String, in operations: Operations, keepsAwake: Bool, onCancel: @escaping () -> Void) {
        (self.name, self.onCancel) = (name, onCancel)
        holding = Holding(in: operations, keepsAwake: keepsAwake) { [weak self] in self?.cancel() }
        if self.onCancel == nil { releaseHolding() }
    }

    func cancel() {
        onCancel.take()?()
        releaseHolding()
    }

    private func releaseHolding() { holding.take()?.release() }

    static let luaTypeName = "mf.Handle"
    var luaDescription: String { "mf.Handle(\(name))" }

    func luaGet(_ key: LuaKey) -> LuaValue { .nil }

    static let luaMethods = ["cancel", "__close"].map { name in
        LuaCallable(name) { call in
            try call.object(0, as: HandleView.self).cancel()
            return []
        }
    }
}
