import Diagnostics
import Synchronization

/// A copy of a store, which is changed without the store.
package final class StoreCopy: Sendable {
    private let state: Mutex<StoreContents>
    private let quota: Int
    private let identity: StoreIdentity
    /// What it was copied from.
    let origin: UInt64

    init(_ contents: StoreContents, quota: Int, of identity: StoreIdentity) {
        state = Mutex(contents)
        (self.quota, self.identity, origin) = (quota, identity, contents.revision)
    }

    package var contents: StoreContents { state.withLock { $0 } }

    /// The version that the contents are of.
    package var version: Int? {
        get { state.withLock { $0.version } }
        set { state.withLock { $0.version = newValue } }
    }

    package func entry(_ key: [UInt8]) -> StoreContents.Entry? {
        state.withLock { $0.entry(key, at: StoreRegistry.now()) }
    }

    package func keys(prefix: [UInt8]) -> [[UInt8]] {
        state.withLock { $0.keys(prefix: prefix, at: StoreRegistry.now()) }
    }

    /// - Throws: ``MFError`` with `STORE-001`.
    package func write(_ write: StoreWrite) throws -> StoreWrite.Outcome {
        try state.withLock { contents in
            let (record, outcome) = try contents.record(
                for: write, at: StoreRegistry.now(), quota: quota, of: identity)
            if let record { contents.apply(record) }
            return outcome
        }
    }
}
