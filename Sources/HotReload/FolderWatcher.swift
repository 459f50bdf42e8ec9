public import EventLoop
import Glibc

/// Tells which files below a folder were written, made or taken away: what a development server passes on.
///
/// Unlike ``FileWatcher`` it does not compare contents; those who hear of a file look for themselves. Links below the
/// folder are not followed.
public final class FolderWatcher: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    private let loop: EventLoop
    private let root: String
    private let inotify: INotify
    private let settle: Duration
    private let report: ([String]) -> Void

    /// The watched directories, as paths below the root; the root itself is empty.
    private var directories: [Int32: String] = [:]
    private var stirred: Set<String> = []
    private var timer: TimerID?
    private var isClosed = false

    /// Starts to watch a folder with everything below it.
    ///
    /// - Parameters:
    ///   - root: The folder.
    ///   - settle: How long nothing must happen before a report.
    ///   - loop: The loop whose thread this is called on, and which calls `report`.
    ///   - report: Gets the files of one burst as paths below the root, sorted.
    /// - Throws: `MFError` with `RELOAD-004` if the system gives no descriptor or has no watch left.
    public init(
        root: String, settle: Duration = .milliseconds(2), loop: EventLoop, report: @escaping ([String]) -> Void
    ) throws {
        self.root = root
        self.settle = settle
        self.loop = loop
        self.report = report
        inotify = try INotify()
        do {
            try watch("", reporting: false)
        } catch {
            Glibc.close(inotify.descriptor)
            throw error
        }
        loop.watch(descriptor: inotify.descriptor, for: .read) { [weak self] _ in self?.takeEvents() }
    }

    /// Ends all watching and gives the descriptor back.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        if let timer { loop.cancel(timer) }
        loop.unwatch(descriptor: inotify.descriptor)
        Glibc.close(inotify.descriptor)
    }

    private func location(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

    /// Watches a directory and what is below it; files that are found in a new one count as made.
    private func watch(_ directory: String, reporting: Bool) throws {
        guard let watch = try inotify.watch(directory: location(directory), for: .residence) else { return }
        directories[watch] = directory
        guard let listing = opendir(location(directory)) else { return }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let path = directory.isEmpty ? name : "\(directory)/\(name)"
            if entry.pointee.d_type == UInt8(DT_DIR) {
                try self.watch(path, reporting: reporting)
            } else if reporting {
                stir(path)
            }
        }
    }

    private func takeEvents() {
        inotify.drain { event in
            if event.mask.contains(.overflow) {
                // What was missed is unknown: everything may have changed.
                try? watch("", reporting: true)
            } else if event.mask.contains(.watchEnded) {
                directories[event.watch] = nil
            } else if let directory = directories[event.watch], !event.name.isEmpty {
                let path = directory.isEmpty ? event.name : "\(directory)/\(event.name)"
                if event.mask.contains(.isDirectory) {
                    if !event.mask.isDisjoint(with: [.created, .movedHere]) { try? watch(path, reporting: true) }
                } else if !event.mask.isDisjoint(with: [.closedAfterWriting, .movedHere, .movedAway, .deleted]) {
                    stir(path)
                }
            }
        }
    }

    private func stir(_ path: String) {
        stirred.insert(path)
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(after: settle) { [weak self] in
            guard let self else { return }
            timer = nil
            let paths = stirred.sorted()
            stirred = []
            report(paths)
        }
    }
}
