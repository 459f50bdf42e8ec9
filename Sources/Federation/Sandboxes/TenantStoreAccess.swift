import Diagnostics
import LuaBridge
import Stores

/// The store of a tenant's plugin, as its code has it: each use is a call of the host.
final class TenantStoreAccess: StoreAccess {
    private enum Verb: String { case get, keys, write, sync }

    let updates = StoreUpdates()
    private let host: TenantImport
    /// The number of the chunk whose code uses it: by it the host knows the plugin.
    private let owner: Int64
    private let quota: Int

    init(_ host: TenantImport, owner: Int64, quota: Int) { (self.host, self.owner, self.quota) = (host, owner, quota) }

    private func ask(_ verb: Verb, _ arguments: LuaValues = []) throws -> LuaValues {
        try outcome(verb, arguments, canWait: false).finished("store")
    }

    private func outcome(_ verb: Verb, _ arguments: LuaValues, canWait: Bool) throws -> CallOutcome {
        do { return try host.body([.string(verb.rawValue), .integer(owner)] + arguments, canWait) } catch {
            throw InProcessSandbox.visible(error)
        }
    }

    func read(_ key: [UInt8]) throws -> StoredValue? {
        let answer = try ask(.get, [.of(key)])
        guard answer.count == 2, let json = answer[0].bytesValue, case .integer(let revision) = answer[1] else {
            return nil
        }
        return StoredValue(json: json, revision: UInt64(bitPattern: revision))
    }

    func keys(_ prefix: [UInt8]) throws -> [String] {
        try ask(.keys, [.of(prefix)]).first?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    func write(_ write: StoreWrite) throws -> StoreWrite.Outcome {
        let needed = StoreContents.cost(key: write.key, json: write.json ?? [])
        guard needed <= quota else { throw MFError.valueExceedsStore(needed, quota: quota) }
        let expiry: LuaValue =
            switch write.expiry {
            case .never: .boolean(false)
            case .unchanged: .boolean(true)
            case .after(let time): .integer(max(1, time.milliseconds))
            }
        let answer = try ask(
            .write,
            [
                .of(write.key), write.json.map { .of($0) } ?? .nil, expiry,
                write.expected.map { .integer(Int64(bitPattern: $0)) } ?? .nil,
            ])
        guard case .boolean(let hadValue)? = answer.first else { return .changedMeanwhile }
        return .written(hadValue: hadValue)
    }

    func synchronize(canWait: Bool) throws -> CallOutcome {
        switch try outcome(.sync, [], canWait: canWait) {
        case .done(let values): return .done(values)
        case .waiting(let pending):
            return .waiting(
                StoreWait {
                    do { return try await pending.finish() } catch { throw InProcessSandbox.visible(error) }
                })
        }
    }

    // MARK: - In the host

    /// Does what the code of a tenant asks for. What it says may be anything.
    fileprivate static func answer(_ arguments: [LuaValue], _ canWait: Bool, _ store: any StoreAccess) throws
        -> CallOutcome
    {
        func argument(_ index: Int) -> LuaValue { index < arguments.count ? arguments[index] : .nil }
        func key() throws -> [UInt8] {
            guard case .string(let text) = argument(2) else { throw MFError.badStoreKey("a key is not UTF-8") }
            return try StoreRules.key(text)
        }
        switch argument(0).stringValue.flatMap(Verb.init) {
        case .get:
            guard let stored = try store.read(try key()) else { return .done([]) }
            return .done([.of(stored.json), .integer(Int64(bitPattern: stored.revision))])
        case .keys:
            return .done([.array(try store.keys(argument(2).bytesValue ?? []).map { .string($0) })])
        case .write:
            let expiry: StoreWrite.Expiry =
                switch argument(4) {
                case .integer(let time) where time > 0 && time < 1 << 50: .after(.milliseconds(time))
                case .boolean(true): .unchanged
                default: .never
                }
            var expected: UInt64?
            if case .integer(let revision) = argument(5) { expected = UInt64(bitPattern: revision) }
            let write = StoreWrite(try key(), argument(3).bytesValue, expiry, expected: expected)
            guard case .written(let hadValue) = try store.write(write) else { return .done([]) }
            return .done([.boolean(hadValue)])
        case .sync: return try store.synchronize(canWait: canWait)
        case nil: throw MFError.badArgument(1, of: "store", "a verb expected")
        }
    }
}

extension InProcessSandbox {
    /// `mf.store` of a chunk.
    func store(of owner: Int64) -> LuaCallable {
        let access = storeImport.map { TenantStoreAccess($0, owner: owner, quota: storeQuota) }
        return LuaCallable("store") { call in
            guard let access else { throw MFError.storeWithoutPlugin(isPlugin: false) }
            try call.expectNoStoreName()
            return [.object(StoreView(access))]
        }
    }
}

extension LuaCall {
    /// Refuses the name of a store where there is one only.
    func expectNoStoreName() throws {
        guard !self[0].isNothing else { return }
        throw MFError.badStoreKey("a plugin has one store, `mf.store()`, which takes no name")
    }
}

extension Tenant {
    /// Uses the store of one of its plugins.
    func store(_ arguments: [LuaValue], _ canWait: Bool) throws -> CallOutcome {
        guard arguments.count > 1, case .integer(let owner) = arguments[1], let store = stores[owner] else {
            throw MFError.storeWithoutPlugin(isPlugin: false)
        }
        do { return try TenantStoreAccess.answer(arguments, canWait, store) } catch let error as MFError {
            // Where the host keeps it is none of the tenant's business.
            let inward: [MFError.Code] = [.storeFolder, .storeWrite, .storeDamaged, .storeLocked]
            guard inward.contains(error.code) else { throw error }
            services.log(.warning, "the store of tenant `\(name)`: \(error.message) [\(error.code)]")
            throw MFError(error.code, "the store cannot be used now")
        }
    }
}
