import Diagnostics
import LuaBridge
import Stores

/// `mf.Store`: a store as Lua has it.
final class StoreView: LuaObject {
    let access: any StoreAccess

    init(_ access: any StoreAccess) { self.access = access }

    static let luaTypeName = "mf.Store"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }

    /// A method as the stubs tell of it.
    struct Method: Sendable {
        let name: String
        let signature: String
        let summary: String
        let callable: LuaCallable

        init(_ name: String, _ signature: String, _ summary: String, _ callable: LuaCallable) {
            (self.name, self.signature, self.summary, self.callable) = (name, signature, summary, callable)
        }
    }

    static let luaMethods = methods.map(\.callable)

    static let setOptions = OptionTable([
        .init("ttl", .duration, "After how long the value is gone, such as `1h`; it stays without."),
        durable,
    ])
    static let deleteOptions = OptionTable([durable])
    private static let durable = OptionTable.Key(
        "durable", .boolean,
        "Whether to wait until a power failure cannot take it: up to a second, in a synchronous hook some milliseconds."
    )

    static let methods = [
        Method(
            "get", "fun(self: mf.Store, key: string): any", "The value of a key: a copy, or nil.",
            LuaCallable("get") { call in
                let access = try call.object(0, as: StoreView.self).access
                let stored = try access.read(try call.withoutSelf().storeKey())
                return [try stored.map { try $0.value(in: call.state) } ?? .nil]
            }),
        Method(
            "set", "fun(self: mf.Store, key: string, value: any, options?: mf.StoreSetOptions)",
            "Keeps a value: what JSON can say, but not nil.",
            LuaCallable(starting: "set") { call in
                let access = try call.object(0, as: StoreView.self).access
                let call = call.withoutSelf()
                let key = try call.storeKey()
                let options = try setOptions.read(call, 2)
                let json = try StoreRules.json(call[1], in: call.state)
                try access.updates.expectNone(of: key)
                let expiry = options["ttl"].duration.map(StoreWrite.Expiry.after) ?? .never
                _ = try access.write(StoreWrite(key, json, expiry))
                return try access.outcome([], of: call, durable: options["durable"].isTruthy)
            }),
        Method(
            "delete", "fun(self: mf.Store, key: string, options?: mf.StoreDeleteOptions): boolean",
            "Removes a value; tells whether there was one.",
            LuaCallable(starting: "delete") { call in
                let access = try call.object(0, as: StoreView.self).access
                let call = call.withoutSelf()
                let key = try call.storeKey()
                let options = try deleteOptions.read(call, 1)
                try access.updates.expectNone(of: key)
                let outcome = try access.write(StoreWrite(key, nil))
                return try access.outcome(
                    [.boolean(outcome == .written(hadValue: true))], of: call, durable: options["durable"].isTruthy)
            }),
        Method(
            "keys", "fun(self: mf.Store, prefix?: string): string[]",
            "The keys that begin with a prefix, or all, sorted.",
            LuaCallable("keys") { call in
                let access = try call.object(0, as: StoreView.self).access
                let prefix = try call.withoutSelf().optionalString(0) ?? ""
                return [.array(try access.keys(Array(prefix.utf8)).map { .string($0) })]
            }),
        Method(
            "update",
            "fun(self: mf.Store, key: string, f: (fun(old: any): any), options?: mf.StoreSetOptions): any",
            "Keeps what a function makes of the value, nothing if it returns nil, and returns it. Atomic: where others change the value meanwhile, the function is called again. It may not wait. Without `ttl`, the value stays as long as the one before.",
            LuaCallable(starting: "update") { call in
                let access = try call.object(0, as: StoreView.self).access
                let call = call.withoutSelf()
                let key = try call.storeKey()
                let function = try call.function(1)
                let options = try setOptions.read(call, 2)
                let new = try access.update(key, options["ttl"].duration) { old in
                    let old = try old.map { try $0.value(in: call.state) } ?? .nil
                    let new = try function.state.call(function, [old]).first ?? .nil
                    return new.isNil ? nil : try StoreRules.json(new, in: call.state)
                }
                let value = try new.map { try StoredValue(json: $0, revision: 0).value(in: call.state) } ?? .nil
                return try access.outcome([value], of: call, durable: options["durable"].isTruthy)
            }),
    ]
}

extension StoreAccess {
    /// Writes what a body makes of a value, as if nothing came between.
    ///
    /// - Throws: ``MFError`` with `STORE-009` where the body or, again and again, others change the value.
    func update(_ key: [UInt8], _ ttl: Duration?, _ body: (StoredValue?) throws -> [UInt8]?) throws -> [UInt8]? {
        try updates.updating(key) {
            for _ in 0..<StoreRules.mostAttempts {
                let old = try read(key)
                let new = try body(old)
                let expiry = ttl.map(StoreWrite.Expiry.after) ?? .unchanged
                let outcome = try write(StoreWrite(key, new, expiry, expected: old?.revision ?? 0))
                if outcome != .changedMeanwhile { return new }
            }
            throw MFError.changedWhileUpdated(key)
        }
    }

    /// What a change returns: at once, or when it is on the disk.
    fileprivate func outcome(_ values: LuaValues, of call: LuaCall, durable: Bool) throws -> CallOutcome {
        guard durable else { return .done(values) }
        switch try synchronize(canWait: call.state.canWait) {
        case .done: return .done(values)
        case .waiting(let pending):
            return .waiting(
                StoreWait {
                    _ = try await pending.finish()
                    return values
                })
        }
    }
}

extension StoredValue {
    /// The value in a state.
    fileprivate func value(in state: LuaState) throws -> LuaValue {
        try json.withUnsafeBufferPointer { try state.decodeJSON($0) }
    }
}

extension LuaCall {
    /// The key that the first argument names.
    fileprivate func storeKey() throws -> [UInt8] {
        if case .bytes = self[0] { throw MFError.badStoreKey("a key is not UTF-8") }
        return try StoreRules.key(try string(0))
    }
}
