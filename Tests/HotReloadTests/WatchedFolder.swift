import EventLoops
import Glibc
import HotReload
import TestSupport

/// A temporary folder, and a watcher whose reports can be awaited.
///
/// It always watches a `sentinel`, whose change proves that nothing else was to be reported before.
final class WatchedFolder: @unchecked Sendable {
    var path: String { folder.path }
    private let folder: TemporaryFolder
    let loop = EventLoop(name: "watched")
    private let reports: AsyncStream<[FileChange]>
    private var iterator: AsyncStream<[FileChange]>.Iterator
    private var watcher: FileWatcher!
    private var turn = 0

    init(
        watching names: [String], patience: FileWatcher.Patience = FileWatcher.Patience(),
        setUp: (WatchedFolder) -> Void = { _ in }
    ) async throws {
        folder = try TemporaryFolder()
        let (stream, continuation) = AsyncStream<[FileChange]>.makeStream()
        reports = stream
        iterator = stream.makeAsyncIterator()
        write("sentinel", "0")
        setUp(self)
        try await loop.perform { [self] in
            let watcher = try FileWatcher(loop: loop, patience: patience) { continuation.yield($0) }
            for name in names + ["sentinel"] { try watcher.add("\(path)/\(name)") }
            self.watcher = watcher
        }
    }

    deinit {
        loop.stop()
        loop.join()
    }

    /// Runs on the loop's thread, so that the watcher sees all of it at once.
    func atOnce(_ body: @escaping @Sendable (WatchedFolder) throws -> Void) async throws {
        try await loop.perform { [self] in try body(self) }
    }

    func withWatcher<T: Sendable>(_ body: @escaping @Sendable (FileWatcher) throws -> T) async throws -> T {
        try await loop.perform { [self] in try body(watcher) }
    }

    /// The next report: the names in the folder and what happened to them.
    func next() async -> [String: FileChange.Kind] {
        let changes = await iterator.next(isolation: #isolation) ?? []
        return Dictionary(uniqueKeysWithValues: changes.map { (String($0.path.dropFirst(path.count + 1)), $0.kind) })
    }

    /// What is reported before the sentinel's change, which is made now.
    func beforeSentinel() async throws -> [String: FileChange.Kind] {
        turn += 1
        let turn = turn
        try await atOnce { $0.write("sentinel", "\(turn)") }
        var seen: [String: FileChange.Kind] = [:]
        while seen["sentinel"] == nil { seen.merge(await next()) { $1 } }
        seen["sentinel"] = nil
        return seen
    }

    func tearDown() async throws {
        try await loop.perform { [self] in watcher.close() }
    }

    // MARK: What happens to files

    func write(_ name: String, _ text: String) {
        let file = openFile(name, flags: O_WRONLY | O_CREAT | O_TRUNC)
        append(text, to: file)
        close(file)
    }

    func openFile(_ name: String, flags: Int32) -> Int32 { open(at(name), flags, 0o644) }

    func append(_ text: String, to file: Int32) {
        _ = text.utf8CString.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count - 1) }
    }

    func move(_ name: String, to other: String) { rename(at(name), at(other)) }
    func link(_ name: String, to target: String) { symlink(target, at(name)) }
    func makeFolder(_ name: String) { mkdir(at(name), 0o755) }
    func delete(_ name: String) { unlink(at(name)) }
    func at(_ name: String) -> String { "\(path)/\(name)" }
}
