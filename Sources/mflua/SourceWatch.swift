import EventLoops
import HotReload
import Posix

/// Tells when the sources of a project may have changed: at once, and whenever a file is saved.
struct SourceWatch {
    /// One element for each time to look.
    let changes: AsyncStream<Void>

    /// - Parameter output: A folder below whose changes are passed over.
    init(_ folder: String, ignoring output: String) throws {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.changes = changes
        let root = folder == "." ? "" : folder + "/"
        let inside = output.hasPrefix(root) ? String(output.dropFirst(root.count)) : nil
        let loop = try EventLoop.start(name: "mflua.watch")
        let watcher = try loop.runAndWait {
            try FolderWatcher(root: folder, loop: loop) { changed in
                let isOfSources = changed.contains { path in
                    let isOutput = inside.map { path == $0 || path.hasPrefix($0 + "/") } ?? false
                    return !isOutput && !path.hasPrefix(".") && !path.contains("/.")
                }
                if isOfSources { continuation.yield() }
            }
        }
        // Watches as long as somebody waits for the changes.
        continuation.onTermination = { _ in loop.submit { watcher.close() } }
        continuation.yield()
    }
}
