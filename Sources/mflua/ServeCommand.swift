import ArgumentParser
import Authoring
import Diagnostics
import EventLoops
import Glibc
import HotReload
import Logging
import Serving
import Posix

/// `mflua serve DIR`: the folder's files over HTTP, for hosts that load them as remotes.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve a folder of remotes over HTTP.",
        discussion: """
            Prints the address on standard output and a line a request on standard error, until Ctrl-C. Only regular \
            files inside the folder are served, and none whose path has a part that begins with a dot.

            A folder with `module-federation.config.lua` is built, and built again whenever a source is saved; what is \
            served is the build. With `--watch` connected hosts load it at once.

            Examples:
              mflua serve dist             serve a build
              mflua serve --watch checks   serve the sources of a remote while they are written
            """)

    @Argument(help: ArgumentHelp("The folder to serve.", valueName: "dir"))
    var folder: String

    @Option(name: .shortAndLong, help: "The port to listen on; 0 chooses a free one.")
    var port = 3006

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Flag(name: .shortAndLong, help: "Notify connected hosts of changed files.")
    var watch = false

    @Flag(help: "Also serve hidden files: those with a path component that begins with a dot.")
    var hidden = false

    @Flag(name: .shortAndLong, help: "Do not log requests.")
    var quiet = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (0...65535).contains(port) else { throw ValidationError("'--port' is a number from 0 to 65535") }
    }

    func run() async throws {
        try Self.checkFolder(folder)
        var least = LogLevels()
        least.parts[LogSubsystem.serve.rawValue] = quiet ? .warning : .info
        try log.apply(least: least)
        let logger = Logger(label: "mflua.serve") { _ in ConsoleLog(.serve) }
        let folder = try liveBuild() ?? folder
        let files = StaticFiles(root: folder, showsHidden: hidden, logger: logger)
        let feed = watch ? ChangeFeed() : nil
        let watcher: FolderWatcher? = if let feed { try await watch(folder, for: feed) } else { nil }
        let server = try await HTTPServer.start(
            host: host, port: port, limits: StaticFiles.limits, refuse: { files.refusal(of: $0) },
            onRefusal: { logger.info("\($0.method ?? "-") \($0.target ?? "-") \($0.status) \($0.reason)") }
        ) { request in
            if let reply = feed?.reply(to: request) { return reply }
            guard let watcher, let path = StaticFiles.path(of: request) else { return files.reply(to: request) }
            return (try? await watcher.whenWhole(path) { files.reply(to: request) })
                ?? .text("another process is writing to \(path)\n", status: 503)
        }
        print("serving \(self.folder) at \(server.baseURL)")
        for manifest in Self.manifests(in: folder) { print("  \(server.baseURL)/\(manifest)") }
        fflush(nil)
        // Nothing is half done between requests: the signals may end the process as they find it.
        signal(SIGINT) { _ in _exit(128 + SIGINT) }
        signal(SIGTERM) { _ in _exit(128 + SIGTERM) }
        while !Task.isCancelled { try await pause(for: .seconds(86_400)) }
        await server.stop()
    }

    /// Builds a folder of sources now and whenever one is saved.
    ///
    /// - Returns: The folder of the builds; nil for a folder without configuration, which is served as it is.
    private func liveBuild() throws -> String? {
        guard File.exists("\(folder)/\(ProjectConfig.fileName)") else { return nil }
        let output = "\(folder)/.mflua/serve"
        let build = ProjectBuild(folder: folder, output: output)
        let sources = try SourceWatch(folder, ignoring: output)
        let first = try BuildCommand.reporting { try build.run() }
        Terminal.note("built \(first.name) \(first.version)", level: .info)
        Task { [first] in
            var last = first.folder
            for await _ in sources.changes {
                do {
                    let remote = try BuildCommand.reporting { try build.run(keepsPrevious: true) }
                    if remote.folder != last { Terminal.note("built \(remote.name) \(remote.version)", level: .info) }
                    last = remote.folder
                } catch {
                    Terminal.report(error)
                }
            }
        }
        return output
    }

    /// Publishes what changes below the folder, from a loop of its own.
    private func watch(_ folder: String, for feed: ChangeFeed) async throws -> FolderWatcher {
        let loop = try EventLoop.start(name: "mflua.watch")
        return try await loop.perform { [hidden] in
            try FolderWatcher(root: folder, loop: loop) { changed in
                let served = hidden ? changed : changed.filter { !StaticFiles.isHidden($0) }
                if !served.isEmpty { feed.publish(served) }
            }
        }
    }

    private static func checkFolder(_ folder: String) throws {
        var status = stat()
        if stat(folder, &status) != 0 { throw MFError.cannotServe(folder, Errno.last.description) }
        if status.st_mode & S_IFMT != S_IFDIR { throw MFError.cannotServe(folder, "not a folder") }
    }

    /// The remotes a person may want to name in a host: manifests one level down.
    private static func manifests(in folder: String) -> [String] {
        let inner = ((try? Folder.entries(of: folder)) ?? []).map { "\($0.name)/mf-manifest.json" }
        return (["mf-manifest.json"] + inner).filter { File.isReadable("\(folder)/\($0)") }.sorted()
    }
}

extension MFError {
    static func cannotServe(_ folder: String, _ reason: String) -> MFError {
        MFError(
            .folderMissing, "cannot serve `\(folder)`", context: [("reason", reason)],
            hint: "give the folder that holds the remotes, such as `mflua serve Fixtures/remotes`")
    }
}
