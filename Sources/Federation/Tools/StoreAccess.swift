import Diagnostics
import EventLoops
import LuaBridge
import Stores
import Synchronization

/// The way to a store: straight, or through the border of a tenant.
protocol StoreAccess: AnyObject, Sendable {
    /// The keys that an update works on.
    var updates: StoreUpdates { get }
    /// The value of a key as JSON, and what tells it from others; nil where there is none.
    func read(_ key: [UInt8]) throws -> StoredValue?
    /// The keys that begin with a prefix, sorted.
    func keys(_ prefix: [UInt8]) throws -> [String]
    /// Changes a value.
    func write(_ write: StoreWrite) throws -> StoreWrite.Outcome
    /// Has what was written reach the disk: waits for it where that is possible, else blocks.
    func synchronize(canWait: Bool) throws -> CallOutcome
}

/// A value as a store has it.
struct StoredValue: Sendable {
    let json: [UInt8]
    let revision: UInt64
}

/// The keys whose updates are under way: their functions may not change them.
final class StoreUpdates: Sendable {
    private let keys = Mutex<Set<[UInt8]>>([])

    /// Runs an update of a key.
    ///
    /// - Throws: ``MFError`` with `STORE-009` inside of another one.
    func updating<T>(_ key: [UInt8], _ body: () throws -> T) throws -> T {
        guard keys.withLock({ $0.insert(key).inserted }) else { throw MFError.changedWhileUpdated(key) }
        defer { keys.withLock { _ = $0.remove(key) } }
        return try body()
    }

    /// - Throws: ``MFError`` with `STORE-009` inside of an update of the key.
    func expectNone(of key: [UInt8]) throws {
        if keys.withLock({ $0.contains(key) }) { throw MFError.changedWhileUpdated(key) }
    }
}

/// A store of this process.
final class DirectStore: StoreAccess {
    let updates = StoreUpdates()
    private let store: OpenStore
    private let loop: EventLoop

    init(_ store: OpenStore, loop: EventLoop) { (self.store, self.loop) = (store, loop) }

    func read(_ key: [UInt8]) throws -> StoredValue? { try store.entry(key).map(StoredValue.init) }
    func keys(_ prefix: [UInt8]) throws -> [String] { try store.keys(prefix: prefix).map(String.init(utf8:)) }
    func write(_ write: StoreWrite) throws -> StoreWrite.Outcome { try store.write(write) }
    func synchronize(canWait: Bool) throws -> CallOutcome { try store.synchronize(canWait: canWait, loop: loop) }
}

extension OpenStore {
    /// Has what was written reach the disk.
    func synchronize(canWait: Bool, loop: EventLoop) throws -> CallOutcome {
        guard canWait else {
            try synchronizeNow()
            return .done([])
        }
        return .waiting(
            StoreWait { [self] in
                // The thread that writes is none of the loop's.
                loop.beginWorkElsewhere()
                defer { loop.endWorkElsewhere() }
                try await synchronize()
                return []
            })
    }
}

/// A call that waits for the disk.
final class StoreWait: PendingCall {
    private let rest: @Sendable () async throws -> LuaValues

    init(_ rest: @escaping @Sendable () async throws -> LuaValues) { self.rest = rest }

    func finish() async throws -> LuaValues { try await rest() }
}

extension StoredValue {
    init(_ entry: StoreContents.Entry) { self.init(json: entry.json, revision: entry.revision) }
}

extension String {
    init(utf8 bytes: [UInt8]) { self.init(decoding: bytes, as: UTF8.self) }
}

/// What stores are asked with, as Lua and Swift have it.
enum StoreRules {
    /// How much a store may take.
    static let quota = 1 << 20
    private static let longestKey = 1_024
    private static let longestName = 256
    /// How often an update is tried that others come between.
    static let mostAttempts = 100

    /// The bytes of a key.
    ///
    /// - Throws: ``MFError`` with `STORE-004`.
    static func key(_ text: String) throws -> [UInt8] {
        let bytes = Array(text.utf8)
        if bytes.isEmpty { throw MFError.badStoreKey("a key is empty") }
        guard bytes.count <= longestKey else {
            throw MFError.badStoreKey("a key has \(bytes.count) bytes; at most \(longestKey) are allowed")
        }
        return bytes
    }

    /// The name that a script gives a store.
    ///
    /// - Throws: ``MFError`` with `STORE-004`.
    static func name(_ text: String) throws -> String {
        if text.isEmpty { throw MFError.badStoreKey("the name of a store is empty") }
        guard text.utf8.count <= longestName else {
            throw MFError.badStoreKey(
                "the name of a store has \(text.utf8.count) bytes; at most \(longestName) are allowed")
        }
        return text
    }

    /// A value as JSON.
    ///
    /// - Parameter state: Whose limits count.
    /// - Throws: ``MFError`` with `STORE-002` and the path to what JSON cannot say.
    static func json(_ value: LuaValue, in state: LuaState?) throws -> [UInt8] {
        if value.isNil { throw MFError.notStorable("`v` is nil", hint: "`delete` removes a value") }
        if let secret = Secret.all(in: value).first {
            let path = secret.path.isEmpty || secret.path.hasPrefix("[") ? "v\(secret.path)" : "v.\(secret.path)"
            throw MFError.notStorable("`\(path)` is a secret", hint: "a store keeps no secrets; keep the reference")
        }
        do {
            return try state?.encodeJSON(value) ?? JSON.encode(value)
        } catch let error as MFError where error.code == .luaConversion {
            throw MFError.notStorable(error.inside("v"))
        } catch let error as MFError where error.code == .tooDeep {
            throw MFError.notStorable("`v`: \(error.message)", hint: error.hint)
        }
    }
}

extension MFError {
    /// STORE-002: a value is not JSON.
    static func notStorable(_ text: String, hint: String?) -> MFError {
        MFError(.storeValue, text, hint: hint ?? "a store keeps what JSON can say; nothing was written")
    }

    /// STORE-002 from what the encoder says.
    fileprivate static func notStorable(_ error: MFError) -> MFError {
        let (path, found) = (error["path"] ?? "v", error["found"] ?? "something else")
        let expected = error["expected"].map { $0 == "a plain value" ? "" : ", not \($0)" } ?? ""
        return MFError(
            .storeValue, "`\(path)` is \(found)\(expected)", context: [("path", path)],
            hint: "a store keeps what JSON can say; nothing was written")
    }

    /// STORE-004: what is no key.
    static func badStoreKey(_ text: String) -> MFError {
        MFError(.storeKey, text, hint: "a key is a string in UTF-8 of 1 to 1024 bytes, a name one of 1 to 256 bytes")
    }

    /// STORE-006: nobody whose store it could be.
    static func storeWithoutPlugin(isPlugin: Bool) -> MFError {
        MFError(
            .storeWithoutPlugin,
            isPlugin
                ? "the plugin's name is not known yet, and so is its store" : "`mf.store()` is called outside a plugin",
            hint: isPlugin
                ? "use the store in `apply` or a hook, or in `plugin` of a plugin that declares its options"
                : "a script names its store: `mf.store(\"name\")`")
    }

    /// STORE-009: an update whose function changes what it updates, or others do all the time.
    static func changedWhileUpdated(_ key: [UInt8]) -> MFError {
        let text = String(utf8: key).escapedToOneLine
        return MFError(
            .storeUpdate, "`\(text)` was changed while its update was under way", context: [("key", text)],
            hint: "the function of `update` returns the new value, and changes nothing of the key itself")
    }
}
