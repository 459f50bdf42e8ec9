internal import CLuaShim
public import Diagnostics
package import EventLoops
internal import LuaLibrary

extension LuaState {
    /// Gives an environment, by default the global one, the `require` of lua/mf/require.lua, through which modules can
    /// wait while they load. The environment has a table `package` of its own, with `loaded`, `preload` and `searchers`.
    ///
    /// - Parameter advice: What an error says that is raised for a module that no searcher found.
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-003` if memory runs out.
    public func installRequire(in environment: LuaTable? = nil, advice: String? = nil) throws {
        _ = try alive()
        try installRequire(in: environment, package: nil, advice: advice)
    }

    /// Gives an environment a `require` with a `package` that the environment need not have.
    ///
    /// - Parameters:
    ///   - package: What `require` uses as `package`; nil: the environment's.
    ///   - advice: What an error says that is raised for a module that no searcher found.
    ///   - numbering: Numbers modules for another process; nil: none knows of them.
    ///   - observer: Is told of waits for modules that others load; nil: nobody is.
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed, `LUA-003` if memory runs out.
    package func installRequire(
        in environment: LuaTable?, package: LuaTable?, advice: String? = nil,
        numbering: (@Sendable () -> Int64)? = nil, observer: @escaping @Sendable () -> (any ActivityObserver)? = { nil }
    ) throws {
        let gates = LuaGates(on: loop, advice: advice, numbering: numbering, observer: observer)
        if self.gates.count == self.gates.capacity { self.gates.removeAll { $0.value == nil } }
        self.gates.append(WeakGates(value: gates))
        let handle = try alive()
        let slot = try requireSlot(handle)
        let arguments: [LuaValue] = [
            .table(environment ?? globals), .record(gates.functions), package.map { .table($0) } ?? .nil,
        ]
        var writer = try LuaWireWriter(self, handle)
        for argument in arguments { writer.write(argument) }
        try writer.finish()
        var span = mf_span()
        try check(withExtendedLifetime(arguments) { mf_call(handle, slot, Int32(arguments.count), &span) })
    }

    /// The slot of lua/mf/require.lua, compiled once: every remote and every plugin has an environment of its own. It is
    /// kept as long as the state is open; a reference would keep the state alive.
    private func requireSlot(_ handle: OpaquePointer) throws -> Int32 {
        if let requireChunk { return requireChunk }
        var span = mf_span()
        let status = LuaLibrary.source(of: "mf/require.lua").withUnsafeBytes { source in
            let bytes = source.assumingMemoryBound(to: CChar.self)
            return mf_load(handle, bytes.baseAddress, bytes.count, "@mf/require.lua", 0, &span)
        }
        try check(status)
        var reader = LuaWireReader(self, span)
        let slot = reader.slot()
        requireChunk = slot
        return slot
    }
}

extension MFError {
    static func moduleNotFound(_ name: String, tried: String, advice: String?) -> MFError {
        MFError(
            .moduleNotFound, "module '\(name)' not found:\(tried)", context: [("module", name)],
            hint: advice ?? "check the name, and `package.path`")
    }

    /// Modules that require each other while they are loaded.
    public static func moduleCycle(_ chain: String) -> MFError {
        MFError(
            .waitCircle, "modules require each other: \(chain)", context: [("circle", chain)],
            hint: "require one of them inside the function that uses it")
    }
}
