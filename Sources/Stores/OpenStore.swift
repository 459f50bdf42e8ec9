import Diagnostics
import Synchronization

/// A store as somebody has opened it. It may be used from any thread.
package final class OpenStore: Sendable {
    let file: StoreFile
    /// How many bytes the store may take.
    package let quota: Int
    private let registry: StoreRegistry
    private let group: String
    let tell: @Sendable (String) -> Void
    private let version = Mutex<Int?>(nil)

    /// The version that writes note, once it is known that the contents are of it.
    package func note(version: Int) { self.version.withLock { $0 = version } }

    init(
        _ file: StoreFile, quota: Int, registry: StoreRegistry, group: String,
        tell: @escaping @Sendable (String) -> Void
    ) {
        (self.file, self.quota, self.registry, self.group, self.tell) = (file, quota, registry, group, tell)
    }

    deinit { registry.close(group) }

    /// Whose it is.
    package var identity: StoreIdentity { file.identity }

    /// The value of a key; nil where there is none.
    ///
    /// - Throws: ``MFError`` with `STORE-005`, `STORE-007`, `STORE-010` for a file that cannot be read.
    package func entry(_ key: [UInt8]) throws -> StoreContents.Entry? { try file.entry(key) }

    /// The keys that begin with a prefix, sorted.
    ///
    /// - Throws: as ``entry(_:)``.
    package func keys(prefix: [UInt8]) throws -> [[UInt8]] { try file.keys(prefix: prefix) }

    /// Changes a value; it is on the disk within two seconds, or when ``synchronize()`` was waited for.
    ///
    /// - Throws: ``MFError`` with `STORE-001`, `STORE-003`, `STORE-005`, `STORE-007`, `STORE-010`; nothing is changed.
    package func write(_ write: StoreWrite) throws -> StoreWrite.Outcome {
        let outcome = try file.write(write, quota: quota, version: version.withLock { $0 })
        if outcome != .changedMeanwhile { registry.syncer.note(self) }
        return outcome
    }

    /// Waits for the next round of writing through.
    ///
    /// - Throws: ``MFError`` with `STORE-007` when the disk does not take it.
    package func synchronize() async throws {
        try await withCheckedThrowingContinuation { continuation in
            registry.syncer.note(self) { continuation.resume(with: $0) }
        }
    }

    /// Writes it through now, and blocks meanwhile.
    ///
    /// - Throws: ``MFError`` with `STORE-007` when the disk does not take it.
    package func synchronizeNow() throws { try file.synchronize() }

    /// A copy of everything.
    ///
    /// - Throws: as ``entry(_:)``.
    package func copy() throws -> StoreCopy { StoreCopy(try file.contents(), quota: quota, of: identity) }

    /// Puts a copy in the place of what the store holds, and on the disk: all of it, or nothing.
    ///
    /// - Returns: False where the store was changed since it was copied; nothing is done then.
    /// - Throws: ``MFError`` with `STORE-003`, `STORE-005`, `STORE-007`, `STORE-010`; nothing is changed.
    package func replace(by copy: StoreCopy) throws -> Bool {
        try file.replace(copy.contents, madeFrom: copy.origin)
    }
}
