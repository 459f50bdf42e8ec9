import Diagnostics
public import LuaBridge
import Stores

/// A durable store of a host: what `mf.store` gives scripts and plugins, in Swift.
///
/// ```swift
/// let store = try host.store("sessions")
/// try await store.set("anna", ["plan": "gold"], ttl: .seconds(3_600))
/// try await store.update("visits") { .integer(($0?.intValue).map { Int64($0) + 1 } ?? 1) }
/// let plan = try store.get("anna")?["plan"]
/// ```
///
/// It may be used from any thread, and whoever opens it in this process sees the same values; another process with a host
/// of the same name can read them. A value is what JSON can say. It survives the process when a call has returned; a power
/// failure within the next two seconds may take it, unless it was kept with `durable`.
public struct Store: Sendable {
    private let store: OpenStore

    init(_ store: OpenStore) { self.store = store }

    /// The value of a key; nil where there is none.
    ///
    /// - Throws: ``MFError`` with `STORE-004` for what is no key, `STORE-005`, `STORE-007` or `STORE-010` when the file
    ///   cannot be read.
    public func get(_ key: String) throws -> LuaValue? {
        try store.entry(try StoreRules.key(key)).map { try JSON.decode($0.json) }
    }

    /// Keeps a value.
    ///
    /// - Parameters:
    ///   - key: 1 to 1024 bytes.
    ///   - value: What JSON can say; not `.nil`. Tables of a Lua state only on its runtime's loop.
    ///   - ttl: After how long it is gone; nil: never.
    ///   - durable: Whether to wait until a power failure cannot take it, up to a second.
    /// - Throws: ``MFError`` with `STORE-001` when there is no room, `STORE-002` for what is no JSON, `STORE-003` when
    ///   another process writes, `STORE-004`, `STORE-005`, `STORE-007`, `STORE-010`.
    public func set(_ key: String, _ value: LuaValue, ttl: Duration? = nil, durable: Bool = false) async throws {
        let write = StoreWrite(
            try StoreRules.key(key), try StoreRules.json(value, in: nil), ttl.map(StoreWrite.Expiry.after) ?? .never)
        _ = try store.write(write)
        if durable { try await store.synchronize() }
    }

    /// Removes a value.
    ///
    /// - Returns: Whether there was one.
    /// - Throws: as ``set(_:_:ttl:durable:)``.
    @discardableResult
    public func delete(_ key: String, durable: Bool = false) async throws -> Bool {
        let outcome = try store.write(StoreWrite(try StoreRules.key(key), nil))
        if durable { try await store.synchronize() }
        return outcome == .written(hadValue: true)
    }

    /// The keys that begin with a prefix, sorted by their bytes.
    ///
    /// - Throws: as ``get(_:)``.
    public func keys(_ prefix: String = "") throws -> [String] {
        try store.keys(prefix: Array(prefix.utf8)).map(String.init(utf8:))
    }

    /// Keeps what a closure makes of a value, and nothing if it returns nil.
    ///
    /// Where others change the value meanwhile, the closure is called again with what they have kept.
    ///
    /// - Parameter ttl: After how long it is gone; nil: when the value before would be.
    /// - Returns: What is kept now.
    /// - Throws: as ``set(_:_:ttl:durable:)``, `STORE-009` when others change the value again and again, and what the
    ///   closure throws; then nothing is changed.
    @discardableResult
    public func update(
        _ key: String, ttl: Duration? = nil, durable: Bool = false, _ body: (LuaValue?) throws -> LuaValue?
    ) async throws -> LuaValue? {
        let key = try StoreRules.key(key)
        let new = try attempt(key, ttl, body)
        if durable { try await store.synchronize() }
        return new
    }

    private func attempt(_ key: [UInt8], _ ttl: Duration?, _ body: (LuaValue?) throws -> LuaValue?) throws -> LuaValue?
    {
        for _ in 0..<StoreRules.mostAttempts {
            let old = try store.entry(key)
            let new = try body(try old.map { try JSON.decode($0.json) })
            let json = try new.map { try StoreRules.json($0, in: nil) }
            let expiry = ttl.map(StoreWrite.Expiry.after) ?? .unchanged
            let outcome = try store.write(StoreWrite(key, json, expiry, expected: old?.revision ?? 0))
            if outcome != .changedMeanwhile { return new }
        }
        throw MFError.changedWhileUpdated(key)
    }
}

extension Host {
    /// The store that scripts of this host open with `mf.store(name)`.
    ///
    /// - Throws: ``MFError`` with `STORE-004` for a name that is empty or longer than 256 bytes, `STORE-005` where there is
    ///   no folder for stores.
    public func store(_ name: String) throws -> Store {
        let identity = StoreIdentity(host: self.name, script: try StoreRules.name(name))
        return Store(try open(identity, quota: StoreRules.quota))
    }

    /// The store of a plugin written in Swift.
    ///
    /// - Throws: ``MFError`` with `STORE-005` where there is no folder for stores.
    public func store(of plugin: Plugin) throws -> Store {
        Store(try open(StoreIdentity(host: name, plugin: plugin.name), quota: StoreRules.quota))
    }
}
