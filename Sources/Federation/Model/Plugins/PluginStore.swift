import Diagnostics
import EventLoops
import LuaBridge
import Stores

/// The store of one generation of a plugin.
///
/// Whose it is becomes known when the plugin has a name and a host; its file is opened when it is first used. While contents of
/// an earlier version are brought to the plugin's, and until the generation is taken, it works on a copy.
final class PluginStore: StoreAccess {
    private enum Stage {
        case closed
        case open(OpenStore)
        case copy(StoreCopy, of: OpenStore)
    }

    private struct Fields {
        var open: (() throws -> OpenStore)?
        var loop: EventLoop?
        var version: Int?
        var stage = Stage.closed
    }

    private let bound = LoopBound<PluginStore, Fields>(Fields())
    let updates = StoreUpdates()

    /// Says whose store it is, unless that is known.
    func bind(on loop: EventLoop, _ open: @escaping () throws -> OpenStore) {
        if bound[].open == nil { (bound[].open, bound[].loop) = (open, loop) }
    }

    /// Says which version the plugin is of.
    func declare(version: Int) { bound[].version = version }

    private var version: Int { bound[].version ?? StoreDeclaration.firstVersion }

    /// Opens the store; contents of an earlier version are brought to the plugin's in a copy.
    ///
    /// - Parameter migrate: Does that, from the version that it gets; nil: nobody can.
    /// - Throws: ``MFError`` with `STORE-008`; what was kept is as it was.
    func settle(_ migrate: ((Int) throws -> Void)?) throws {
        guard case .closed = bound[].stage, let open = bound[].open else { return }
        let store = try open()
        let copy = try store.copy()
        guard let from = copy.storedVersion, from != version else {
            if bound[].version != nil { store.note(version: version) }
            bound[].stage = .open(store)
            return
        }
        guard from < version else { throw MFError.storeOfLaterVersion(store.identity, from, knows: version) }
        guard let migrate else { throw MFError.storeNotMigrated(store.identity, from, to: version) }
        bound[].stage = .copy(copy, of: store)
        do { try migrate(from) } catch {
            bound[].stage = .closed
            throw MFError.migrationFailed(store.identity, from, to: version, cause: error)
        }
        copy.version = version
    }

    /// Has the copy count, if there is one: all of it, or nothing.
    ///
    /// - Throws: ``MFError`` with `STORE-008` when the store was changed meanwhile, `STORE-003`, `STORE-005`, `STORE-007`.
    func commit() throws {
        guard case .copy(let copy, let store) = bound[].stage else { return }
        guard try store.replace(by: copy) else { throw MFError.storeChangedMeanwhile(store.identity) }
        store.note(version: version)
        bound[].stage = .open(store)
    }

    private func opened() throws -> Stage {
        if case .closed = bound[].stage {
            guard bound[].open != nil else { throw MFError.storeWithoutPlugin(isPlugin: true) }
            try settle(nil)
        }
        return bound[].stage
    }

    // MARK: - Values

    func read(_ key: [UInt8]) throws -> StoredValue? {
        switch try opened() {
        case .open(let store): try store.entry(key).map(StoredValue.init)
        case .copy(let copy, _): copy.entry(key).map(StoredValue.init)
        case .closed: nil
        }
    }

    func keys(_ prefix: [UInt8]) throws -> [String] {
        switch try opened() {
        case .open(let store): try store.keys(prefix: prefix).map(String.init(utf8:))
        case .copy(let copy, _): copy.keys(prefix: prefix).map(String.init(utf8:))
        case .closed: []
        }
    }

    func write(_ write: StoreWrite) throws -> StoreWrite.Outcome {
        switch try opened() {
        case .open(let store): try store.write(write)
        case .copy(let copy, _): try copy.write(write)
        case .closed: .changedMeanwhile
        }
    }

    func synchronize(canWait: Bool) throws -> CallOutcome {
        // A copy is on the disk when it counts.
        guard case .open(let store) = try opened(), let loop = bound[].loop else { return .done([]) }
        return try store.synchronize(canWait: canWait, loop: loop)
    }
}

extension StoreCopy {
    /// The version of the contents; nil where there are none.
    fileprivate var storedVersion: Int? {
        let contents = contents
        return contents.version ?? (contents.isNew ? nil : StoreDeclaration.firstVersion)
    }
}

extension MFError {
    /// STORE-008: a plugin that is older than what it finds.
    fileprivate static func storeOfLaterVersion(_ identity: StoreIdentity, _ stored: Int, knows: Int) -> MFError {
        MFError(
            .storeVersion,
            "the store of \(identity.description) is of version \(stored); the plugin knows version \(knows)",
            context: [("host", identity.host), ("stored", "\(stored)")],
            hint: "use the plugin's version that has written it, or a later one")
    }

    /// STORE-008: nothing has brought the contents to the plugin's version yet.
    fileprivate static func storeNotMigrated(_ identity: StoreIdentity, _ stored: Int, to version: Int) -> MFError {
        MFError(
            .storeVersion,
            "the store of \(identity.description) is of version \(stored) and was not migrated to version \(version)",
            context: [("host", identity.host), ("stored", "\(stored)")],
            hint:
                "`store` of the plugin needs `migrate`, which is called before `apply` and `afterReload`; the store is not available before"
        )
    }

    fileprivate static func migrationFailed(
        _ identity: StoreIdentity, _ stored: Int, to version: Int, cause: any Error
    ) -> MFError {
        MFError(
            .storeVersion,
            "`migrate` of \(identity.description) failed from version \(stored) to \(version); what it has changed does not count",
            context: [("host", identity.host), ("stored", "\(stored)")], cause: cause)
    }

    fileprivate static func storeChangedMeanwhile(_ identity: StoreIdentity) -> MFError {
        MFError(
            .storeVersion, "the store of \(identity.description) was changed while the new version worked on a copy",
            context: [("host", identity.host)], hint: "reload the plugin again")
    }
}
