import EventLoops
import Federation
import Glibc

/// Watches what a path names for a script: a file, there or not, or a folder with all below it.
final class PathWatch: PathWatching {
    private var file: FileWatcher?
    private var folder: FolderWatcher?

    /// Starts to watch.
    ///
    /// - Parameter report: Gets the paths of what has changed.
    /// - Throws: `MFError` with `RELOAD-004` if the system gives no descriptor or has no watch left.
    init(_ loop: EventLoop, _ path: String, _ report: @escaping @Sendable ([String]) -> Void) throws {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            folder = try FolderWatcher(root: path, loop: loop) { names in
                let files = names.filter { !Self.isTemporary($0) }
                if !files.isEmpty { report(files.map { path.hasSuffix("/") ? path + $0 : path + "/" + $0 }) }
            }
        } else {
            let watcher = try FileWatcher(loop: loop) { report($0.map(\.path)) }
            try watcher.add(path)
            file = watcher
        }
    }

    /// Whether it is the file that `mf.fs.write` renames.
    private static func isTemporary(_ name: String) -> Bool {
        name.hasSuffix(".tmp") && name.split(separator: "/").last?.first == "."
    }

    func close() {
        file?.close()
        folder?.close()
        (file, folder) = (nil, nil)
    }
}
