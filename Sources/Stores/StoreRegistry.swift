internal import Glibc
import Diagnostics
import Synchronization

/// The stores that a process has open: whoever opens a store gets the same one.
package final class StoreRegistry: Sendable {
    /// The stores of this process.
    package static let shared: StoreRegistry = {
        // Before the process ends everything is written through, so that a power failure after it takes nothing.
        atexit { StoreRegistry.shared.flush() }
        return StoreRegistry()
    }()

    private struct Group {
        let folder: StoreFolder
        var files: [String: StoreFile] = [:]
        /// How many have one of them open.
        var users = 0
    }

    private let groups = Mutex<[String: Group]>([:])
    let syncer: StoreSyncer
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - interval: How long at least there is between two rounds of writing through.
    ///   - clock: Milliseconds since 1970.
    package init(
        interval: Duration = .seconds(1), clock: @escaping @Sendable () -> Int64 = StoreRegistry.now
    ) {
        (syncer, self.clock) = (StoreSyncer(interval: interval), clock)
    }

    /// The time as stores keep it.
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Opens a store; nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - root: The state folder.
    ///   - quota: How many bytes it may take, for writes through what is returned.
    ///   - report: Takes what a log should have.
    package func open(
        _ identity: StoreIdentity, root: String, quota: Int, report: @escaping @Sendable (String) -> Void = { _ in }
    ) -> OpenStore {
        groups.withLock { groups in
            let key = "\(root)\n\(identity.folderName)"
            var group = groups[key] ?? Group(folder: StoreFolder(root: root, name: identity.folderName))
            let file =
                group.files[identity.fileName]
                ?? StoreFile(identity, in: group.folder, clock: clock, report: report)
            group.files[identity.fileName] = file
            group.users += 1
            groups[key] = group
            return OpenStore(file, quota: quota, registry: self, group: key, tell: report)
        }
    }

    /// Lets go of a store; with the last of a host its lock goes, too.
    func close(_ key: String) {
        groups.withLock { groups in
            guard var group = groups[key] else { return }
            group.users -= 1
            groups[key] = group.users > 0 ? group : nil
        }
    }

    /// Writes everything through to the disk.
    package func flush() { syncer.flush() }
}
