package import EventLoops
import Glibc

/// Tells when the content of files changes, however they are changed.
///
/// A file may be written in place, renamed over, swapped by an editor's backup dance or through a symbolic link anywhere
/// on its path, lose its directory, be deleted and come back. Directories are watched, never the file itself; a file is
/// looked at when its writer has closed it, and reported when its content is another than before. What happens in quick
/// succession is one report.
///
/// ```swift
/// let watcher = try FileWatcher(loop: loop) { changes in … }
/// try watcher.add("plugins/fallback-plugin.lua")
/// ```
///
/// Some changes are told by nobody: on network file systems, in the lower layer of an overlay, through memory maps, by
/// `truncate(2)`. They are found by asking for the status of each file every two seconds.
package final class FileWatcher {
    /// How long the watcher waits before it believes what it sees.
    package struct Patience: Sendable {
        /// After the last event of a burst.
        package var settle: Duration = .milliseconds(1)
        /// After the first event of a burst, even if it goes on.
        package var burst: Duration = .milliseconds(20)
        /// Before a file that may be half-written by an unknown writer is taken for whole.
        package var doubt: Duration = .milliseconds(50)
        /// Before a missing file is reported: editors take it away for a moment.
        package var absence: Duration = .milliseconds(100)
        /// Between two looks at all files, whether or not something was told of them.
        package var poll: Duration = .seconds(2)

        /// The usual times.
        package init() {}
    }

    let loop: EventLoop
    let inotify: INotify
    let patience: Patience
    private let report: ([FileChange]) -> Void

    var files: [String: WatchedFile] = [:]
    /// For each watch, the names that matter in its directory and the files that go through them.
    var directories: [Int32: [String: Set<String>]] = [:]
    /// The files that something happened to in the burst that is going on.
    private var stirred: Set<String> = []
    private var burst: (start: ContinuousClock.Instant, end: ContinuousClock.Instant)?
    /// The files that must be looked at a second time, and when.
    private var doubts: [String: ContinuousClock.Instant] = [:]
    private var timer: (id: TimerID, due: ContinuousClock.Instant)?
    private var pollTimer: TimerID?
    private var isClosed = false

    /// Starts a watcher without files.
    ///
    /// - Parameters:
    ///   - loop: The loop whose thread this is called on, and which calls `report`.
    ///   - patience: How long to wait before believing.
    ///   - report: Gets what changed in one burst, sorted by path.
    /// - Throws: `MFError` with `RELOAD-004` if the system gives no inotify descriptor.
    package init(loop: EventLoop, patience: Patience = Patience(), report: @escaping ([FileChange]) -> Void) throws {
        self.loop = loop
        self.patience = patience
        self.report = report
        inotify = try INotify()
        loop.watch(descriptor: inotify.descriptor, for: .read) { [weak self] _ in self?.takeEvents() }
    }

    deinit {
        guard !isClosed else { return }
        let (loop, descriptor) = (loop, inotify.descriptor)
        loop.submit {
            loop.unwatch(descriptor: descriptor)
            Glibc.close(descriptor)
        }
    }

    /// The paths that are watched.
    package var paths: [String] { files.keys.sorted() }

    /// Watches a file, there or not. A file that is added twice is watched until it is removed twice.
    ///
    /// - Throws: `MFError` with `RELOAD-004` if the system has no watch left.
    package func add(_ path: String) throws {
        if let file = files[path] {
            file.users += 1
            return
        }
        let file = WatchedFile(path: path, location: Self.absolute(path))
        try resolve(file)
        file.status = FileStatus.read(file.location)
        file.known = FileFingerprint.read(file.location)
        files[path] = file
        schedulePoll()
    }

    /// Undoes one ``add(_:)``.
    package func remove(_ path: String) {
        guard let file = files[path] else { return }
        file.users -= 1
        guard file.users == 0 else { return }
        files[path] = nil
        stirred.remove(path)
        doubts[path] = nil
        for edge in file.edges { release(edge, of: path) }
        if files.isEmpty { endPolling() }
    }

    /// Whether somebody may be in the middle of writing a file: to read it now is to read half of it.
    package func isBeingWritten(_ path: String) -> Bool {
        guard let file = files[path] else { return false }
        return file.writer == .writing || ReadLease.hold(file.location) { $0 == .refused }
    }

    /// Looks at every file again, as if something had happened to it.
    package func recheck() {
        for file in files.values { file.mustResolve = true }
        resolveWhereNeeded()
        for file in files.values { stir(file) }
    }

    /// Ends all watching and gives the descriptor back.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        if let timer { loop.cancel(timer.id) }
        timer = nil
        endPolling()
        loop.unwatch(descriptor: inotify.descriptor)
        Glibc.close(inotify.descriptor)
        files = [:]
        directories = [:]
        stirred = []
        doubts = [:]
        burst = nil
    }

    /// Makes the file be looked at when the burst that this belongs to is over.
    func stir(_ file: WatchedFile) {
        let now = loop.now
        let start = burst?.start ?? now
        let end = min(now + patience.settle, start + patience.burst)
        burst = (start, end)
        stirred.insert(file.path)
        wake(at: end)
    }

    private func doubt(_ file: WatchedFile, until instant: ContinuousClock.Instant) {
        doubts[file.path] = instant
        wake(at: instant)
    }

    private func wake(at instant: ContinuousClock.Instant) {
        // A timer that fires too early finds nothing due and is set again: cheaper than moving it at each event.
        if let timer, timer.due <= instant { return }
        if let timer { loop.cancel(timer.id) }
        let id = loop.schedule(after: max(.zero, instant - loop.now)) { [weak self] in
            self?.timer = nil
            self?.settle()
        }
        timer = (id, instant)
    }

    /// The burst may be over: reports what changed in it.
    private func settle() {
        takeEvents()
        let now = loop.now
        var due = doubts.filter { $0.value <= now }.map(\.key)
        if let burst, burst.end <= now {
            due += stirred
            stirred = []
            self.burst = nil
        }
        for path in due { doubts[path] = nil }
        let changes = Set(due).sorted().compactMap { path in
            files[path].flatMap { file in examine(file, at: now).map { FileChange(path: path, kind: $0) } }
        }
        let next = [burst?.end, doubts.values.min()].compactMap { $0 }.min()
        if let next { wake(at: next) }
        if !changes.isEmpty { report(changes) }
    }

    private func schedulePoll() {
        guard pollTimer == nil else { return }
        pollTimer = loop.schedule(after: patience.poll) { [weak self] in
            guard let self else { return }
            pollTimer = nil
            poll()
            if !files.isEmpty { schedulePoll() }
        }
    }

    private func endPolling() {
        if let pollTimer { loop.cancel(pollTimer) }
        pollTimer = nil
    }

    /// Has those files looked at that changed without an event, or of whose writer nothing more was heard.
    private func poll() {
        takeEvents()
        for file in files.values {
            let status = FileStatus.read(file.location)
            let isSettled = status == file.status
            file.status = status
            if file.writer == .writing {
                // Its end may have been told to nobody.
                guard isSettled, ReadLease.hold(file.location, { $0 == .held }) else { continue }
            } else if isSettled {
                continue
            }
            file.writer = .unknown
            file.mustResolve = true
            stir(file)
        }
        resolveWhereNeeded()
    }

    /// Compares the file with what is known of it.
    private func examine(_ file: WatchedFile, at now: ContinuousClock.Instant) -> FileChange.Kind? {
        if file.writer == .writing { return nil }  // closing it is an event
        file.status = FileStatus.read(file.location)
        let (found, isOpen) = ReadLease.hold(file.location) { (FileFingerprint.read(file.location), $0 == .refused) }
        guard let found else { return examineMissing(file, at: now) }
        file.missingSince = nil
        if isOpen, found != file.known {
            // Closing it is an event, but if it was mapped into memory, and comes before that of its opening.
            doubt(file, until: now + patience.doubt)
            return nil
        }
        if file.writer != .nobody {
            if file.candidate != found || (found.isEmpty && file.writer == .created) {
                file.candidate = found
                // An empty file that was just made is yet to be written.
                if !found.isEmpty || file.writer == .unknown { doubt(file, until: now + patience.doubt) }
                return nil
            }
            file.writer = .nobody
        }
        file.candidate = nil
        guard found != file.known else { return nil }
        defer { file.known = found }
        return file.known == nil ? .appeared : .changed
    }

    private func examineMissing(_ file: WatchedFile, at now: ContinuousClock.Instant) -> FileChange.Kind? {
        file.candidate = nil
        guard file.known != nil else { return nil }
        let since = file.missingSince ?? now
        file.missingSince = since
        if now < since + patience.absence {
            doubt(file, until: since + patience.absence)
            return nil
        }
        file.missingSince = nil
        file.known = nil
        return .deleted
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }
}
