import Diagnostics
import Posix
import Stores
import Synchronization
import TestSupport

/// A folder with a store, as one process after another opens it.
final class TestStore: Sendable {
    let folder: TemporaryFolder
    let identity: StoreIdentity
    let quota: Int
    let time = Mutex<Int64>(1_000_000)
    let reports = Mutex<[String]>([])

    init(_ identity: StoreIdentity = StoreIdentity(host: "h", plugin: "p"), quota: Int = 1 << 20) throws {
        folder = try TemporaryFolder()
        (self.identity, self.quota) = (identity, quota)
    }

    private let processes = Mutex<[StoreRegistry]>([])

    /// Another process: nothing is shared with those before, and what these have closed is on the disk.
    func process() -> StoreRegistry {
        let process = StoreRegistry(interval: .zero) { [self] in time.withLock { $0 } }
        let others = processes.withLock { processes in
            defer { processes.append(process) }
            return processes
        }
        for other in others { other.flush() }
        return process
    }

    func open(in process: StoreRegistry? = nil, _ other: StoreIdentity? = nil, quota: Int? = nil) -> OpenStore {
        (process ?? self.process()).open(other ?? identity, root: folder.path, quota: quota ?? self.quota) {
            [self] text in
            reports.withLock { $0.append(text) }
        }
    }

    /// Where the log is.
    var log: String { "\(folder.path)/plugins/h/plugin.p.log" }

    var bytes: [UInt8] {
        get throws { try File.read(log) }
    }

    func replaceLog(by bytes: [UInt8]) throws {
        let log = try Descriptor(rawOpening: log)
        try log.truncate(to: 0)
        try log.write(bytes, at: 0)
    }
}

extension Descriptor {
    /// Opens a file for writing.
    convenience init(rawOpening path: String) throws { self.init(try openForWriting(path)) }
}

extension OpenStore {
    func set(_ key: String, _ value: String, _ expiry: StoreWrite.Expiry = .never) throws {
        _ = try write(StoreWrite(Array(key.utf8), Array(value.utf8), expiry))
    }

    func delete(_ key: String) throws { _ = try write(StoreWrite(Array(key.utf8), nil)) }

    func get(_ key: String) throws -> String? {
        try entry(Array(key.utf8)).map { String(decoding: $0.json, as: UTF8.self) }
    }

    /// Everything, as tests compare it.
    func everything() throws -> [String: String] {
        var all: [String: String] = [:]
        for key in try keys(prefix: []) {
            all[String(decoding: key, as: UTF8.self)] = try entry(key).map { String(decoding: $0.json, as: UTF8.self) }
        }
        return all
    }
}
