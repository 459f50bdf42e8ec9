package import EventLoops
import Glibc
import Posix

/// Tells which files below a folder were written, made or taken away: what a development server passes on.
///
/// Unlike ``FileWatcher`` it does not compare contents; those who hear of a file look for themselves. Links below the
/// folder are not followed.
package final class FolderWatcher: @unchecked Sendable {
    // Every member checks that it runs on `loop`, but `whenWhole`, which goes there; inotify is read by a watcher of that loop.

    private let loop: EventLoop
    private let root: String
    private let inotify: INotify
    private let settle: Duration
    private let report: ([String]) -> Void

    /// The watched directories, as paths below the root; the root itself is empty.
    private var directories: [Int32: String] = [:]
    private var stirred: Set<String> = []
    /// The files that somebody has written to and not closed yet.
    private var writing: Set<String> = []
    /// When files were last written to, in counted events.
    private var writes: [String: Int] = [:]
    private var writeCount = 0
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
    package init(
        root: String, settle: Duration = .milliseconds(2), loop: EventLoop, report: @escaping ([String]) -> Void
    ) throws {
        loop.checkOnLoop("FolderWatcher")
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
    package func close() {
        loop.checkOnLoop("FolderWatcher")
        guard !isClosed else { return }
        isClosed = true
        if let timer { loop.cancel(timer) }
        loop.unwatch(descriptor: inotify.descriptor)
        Glibc.close(inotify.descriptor)
    }

    /// Reads a file below the folder when nobody is in the middle of writing it: a half-written file is not passed on.
    ///
    /// - Parameters:
    ///   - path: The file's path below the root.
    ///   - patience: How long to wait for a writer to be done.
    ///   - read: Reads it; called once more when somebody has written meanwhile. Called off the loop.
    /// - Returns: Nothing when somebody has written to it and not closed it by then. Of a file that is merely open, what
    ///   it holds.
    /// - Throws: ``MFError`` with `LUA-010` if the loop has ended.
    package func whenWhole<T: Sendable>(
        _ path: String, patience: Duration = .seconds(1), _ read: @Sendable () -> T
    ) async throws -> T? {
        let end = ContinuousClock.now + patience
        while true {
            let isLate = ContinuousClock.now > end
            let before = try await loop.perform { [self] in state(of: path) }
            if isLate, before.isWriting { return nil }
            let result: T? = ReadLease.hold(location(path)) { lease in
                isLate || (lease != .refused && !before.isWriting) ? read() : nil
            }
            // Where there are no leases, a write that was told meanwhile may have been read in part.
            let after = try await loop.perform { [self] in state(of: path) }
            if let result, isLate || before == after { return result }
            try await loop.sleep(for: .milliseconds(1))
        }
    }

    private struct WriteState: Equatable {
        let isWriting: Bool
        let write: Int
    }

    private func state(of path: String) -> WriteState {
        if !isClosed { takeEvents() }
        return WriteState(isWriting: writing.contains(path), write: writes[path] ?? 0)
    }

    private func location(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

    /// Watches a directory and what is below it; files that are found in a new one count as made.
    private func watch(_ directory: String, reporting: Bool) throws {
        guard let watch = try inotify.watch(directory: location(directory), for: .residence) else { return }
        directories[watch] = directory
        // It may be gone again.
        for entry in (try? Folder.entries(of: location(directory))) ?? [] {
            let path = directory.isEmpty ? entry.name : "\(directory)/\(entry.name)"
            if entry.isFolder {
                try self.watch(path, reporting: reporting)
            } else if reporting {
                stir(path)
            }
        }
    }

    private func takeEvents() {
        inotify.drain { event in
            if event.mask.contains(.overflow) {
                // What was missed is unknown: everything may have changed, and writers may be gone.
                writing = []
                try? watch("", reporting: true)
            } else if event.mask.contains(.watchEnded) {
                directories[event.watch] = nil
            } else if let directory = directories[event.watch], !event.name.isEmpty {
                let path = directory.isEmpty ? event.name : "\(directory)/\(event.name)"
                if event.mask.contains(.isDirectory) {
                    if !event.mask.isDisjoint(with: [.created, .movedHere]) { try? watch(path, reporting: true) }
                } else if event.mask.contains(.modified) {
                    noteWrite(path)
                } else if !event.mask.isDisjoint(with: [.closedAfterWriting, .movedHere, .movedAway, .deleted]) {
                    writing.remove(path)
                    stir(path)
                }
            }
        }
    }

    private func noteWrite(_ path: String) {
        writeCount += 1
        writes[path] = writeCount
        writing.insert(path)
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
