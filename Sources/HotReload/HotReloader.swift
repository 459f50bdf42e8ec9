public import Diagnostics
import EventLoops
public import Federation
import Glibc

/// Reloads a runtime's plugins when their files change, or on `SIGHUP`, and its remotes when their server says so.
///
/// The files of hosts that were made with `watch = true` are watched, or those of all hosts where the runtime's
/// configuration says so; the servers that their remotes come from are listened to where they tell what changes.
///
/// ```swift
/// let runtime = try Runtime(configuration: RuntimeConfiguration(watchesFiles: true))
/// let reloader = try await HotReloader.start(for: runtime) { print($0.line) }
/// …
/// await reloader.stop()
/// ```
public final class HotReloader: @unchecked Sendable {
    // `start` and `stop` go to the runtime's loop; everything else is private and called by watchers, timers and signals of it.

    /// Something to tell about.
    public enum Event: Sendable {
        /// A plugin was reloaded or a remote updated, or not.
        case reload(ReloadReport)
        /// Files are gone; what was made of them serves on.
        case missing([String])
        /// Files cannot be watched.
        case failure(MFError)
        /// The host script has changed: what runs was made of the old one.
        case scriptChanged(String)
        /// `SIGHUP` came, and no plugin was read from a file.
        case nothingToReload

        /// One line for people.
        public var line: String {
            switch self {
            case .reload(let reload): reload.line
            case .missing(let files):
                "\(files.joined(separator: ", ")) is missing; the last version loaded from it stays in use"
            case .failure(let error): "\(error.message)"
            case .scriptChanged(let file):
                "\(file) changed: restart mflua to run the new version; only plugins and "
                    + "remotes are reloaded while it runs"
            case .nothingToReload: "nothing to reload on SIGHUP: no plugin was read from a file"
            }
        }
    }

    private unowned let runtime: Runtime
    private let tell: (Event) -> Void
    private var watcher: FileWatcher?
    private var watched: Set<String> = []
    /// The host script.
    private let script: String?
    private var signal: SignalWatch?
    private var work: Int?
    /// The files that have changed and whose plugins wait for others of their files to be whole.
    private var held: (files: Set<String>, since: ContinuousClock.Instant)?
    private var retry: TimerID?
    /// How long plugins wait for that, and how long between two looks.
    private static let patience = (longest: Duration.seconds(1), look: Duration.milliseconds(5))

    private init(_ runtime: Runtime, script: String?, _ tell: @escaping (Event) -> Void) {
        self.runtime = runtime
        self.script = script
        self.tell = tell
    }

    /// Starts to watch.
    ///
    /// - Parameters:
    ///   - runtime: Whose plugins.
    ///   - script: A host script that is watched, too: that it changes is told, as it cannot be reloaded.
    ///   - tell: Called on the loop with what happens.
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public static func start(
        for runtime: Runtime, script: String? = nil, tell: @escaping @Sendable (Event) -> Void
    ) async throws -> HotReloader {
        try await runtime.loop.perform {
            let reloader = HotReloader(runtime, script: script, tell)
            runtime.watchPath = { [loop = runtime.loop] in try PathWatch(loop, $0, $1) }
            runtime.onReload = { tell(.reload($0)) }
            runtime.onWatchedFilesChange = { reloader.watchFiles() }
            reloader.watchFiles()
            runtime.followOrigins()
            return reloader
        }
    }

    /// Ends all watching.
    public func stop() async {
        _ = try? await runtime.loop.perform { [self] in
            runtime.onWatchedFilesChange = nil
            runtime.onReload = nil
            runtime.watchPath = nil
            runtime.endFollowingOrigins()
            if let retry { runtime.loop.cancel(retry) }
            (retry, held) = (nil, nil)
            if let signal { runtime.loop.removeSignal(signal) }
            signal = nil
            watcher?.close()
            watcher = nil
            endWork()
        }
    }

    /// Watches what there is to watch now.
    private func watchFiles() {
        // A host hears SIGHUP even where it has nothing to reload: it must not end what others go on with.
        if signal == nil, runtime.hasHosts {
            signal = try? runtime.loop.onSignal(SIGHUP) { [runtime, tell] in
                if runtime.handlesHangUp { return }
                if !runtime.hasReloadablePlugins { return tell(.nothingToReload) }
                runtime.reloadAllPlugins()
            }
        }
        let own = script.map { [$0] } ?? []
        let wanted = runtime.watchedFiles.union(own)
        guard wanted != watched else { return }
        do {
            // The first file opens the descriptor: most scripts have none.
            let watcher = try self.watcher ?? FileWatcher(loop: runtime.loop) { [weak self] in self?.take($0) }
            self.watcher = watcher
            for file in watched.subtracting(wanted) { watcher.remove(file) }
            for file in wanted.subtracting(watched) {
                watched.insert(file)
                try watcher.add(file)
            }
            watched = wanted
        } catch {
            watched.formIntersection(wanted)
            tell(.failure(error as? MFError ?? .cannotWatch(path: nil, errno: 0)))
        }
        // The script alone keeps nothing going: there is no more of it to reload.
        if watched.subtracting(own).isEmpty { endWork() } else if work == nil { work = runtime.beginWork() }
    }

    private func take(_ changes: [FileChange]) {
        let missing = changes.filter { $0.kind == .deleted }.map(\.path)
        if !missing.isEmpty { tell(.missing(missing)) }
        let present = changes.filter { $0.kind != .deleted }.map(\.path)
        if let script, present.contains(script) { tell(.scriptChanged(script)) }
        if !present.isEmpty { reload(Set(present)) }
    }

    /// Reloads what is made of changed files. Of files that are saved together, one may be whole and the next emptied
    /// already: a plugin that is made of both waits for both.
    private func reload(_ changed: Set<String>) {
        let all = changed.union(held?.files ?? [])
        let since = held?.since ?? runtime.loop.now
        let isLate = since.duration(to: runtime.loop.now) > Self.patience.longest
        let open: Set<String> = isLate ? [] : watched.filter { watcher?.isBeingWritten($0) ?? false }
        let waiting = runtime.reloadPlugins(madeOf: all, without: open)
        held = waiting.isEmpty ? nil : (waiting, since)
        guard held != nil, retry == nil else { return }
        retry = runtime.loop.schedule(after: Self.patience.look) { [weak self] in
            self?.retry = nil
            self?.reload([])
        }
    }

    private func endWork() {
        if let work { runtime.endWork(work) }
        work = nil
    }
}
