import ArgumentParser
import Authoring
import Diagnostics
import EventLoops
import Glibc
import HotReload
import Posix

/// `mflua build`: the sources of a remote as a folder that any web server can publish.
struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build a remote: write its manifest and its files.",
        discussion: """
            Reads `module-federation.config.lua`, follows each `require` from the exposes on, and writes a manifest beside \
            an immutable folder for the version. What cannot be resolved is an error with its file and line, and leaves \
            the last build as it is. The same sources give the same bytes.

            Examples:
              mflua build                                        write ./dist
              mflua build checks --out /srv/www/checks           build another folder
              mflua build --public-path https://cdn.example/checks/   write absolute URLs
              mflua build --watch                                build again whenever a file is saved
            """)

    @Argument(help: "The remote's folder.")
    var folder = "."

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The folder to write; below the remote's folder, `dist`.", valueName: "dir"))
    var out: String?

    @Option(
        help: ArgumentHelp(
            "What the URLs of all files begin with, instead of the manifest's own folder.", valueName: "url"))
    var publicPath: String?

    @Flag(name: .shortAndLong, help: "Build again whenever a file is saved, until Ctrl-C.")
    var watch = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        if let publicPath, !publicPath.hasSuffix("/") {
            throw ValidationError("'--public-path' ends in a slash: '\(publicPath)/'")
        }
    }

    func run() async throws {
        try log.apply()
        let output = out ?? (folder == "." ? "dist" : "\(folder)/dist")
        let build = ProjectBuild(folder: folder, output: output, publicPath: publicPath)
        guard watch else {
            let remote = try Self.reporting { try build.run() }
            if !quiet { Self.report(remote, output) }
            return
        }
        let sources = try SourceWatch(folder, ignoring: output)
        for await _ in sources.changes {
            do {
                let remote = try Self.reporting { try build.run(keepsPrevious: true) }
                if !quiet { Self.report(remote, output) }
                fflush(nil)
            } catch {
                Terminal.report(error)
            }
        }
    }

    /// Prints what is wrong with the sources, and throws the error that stands for all of it.
    static func reporting<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let failure as SourcesInvalid {
            for finding in failure.findings { Terminal.print(finding) }
            throw failure.error
        }
    }

    private static func report(_ remote: BuiltRemote, _ output: String) {
        for note in remote.notes { Terminal.print(note, as: "note: ") }
        print("built \(remote.name) \(remote.version): \(remote.assets.count.files) in \(output)/\(remote.folder)")
    }
}

extension Terminal {
    /// A finding on standard error, as compilers print them.
    ///
    /// - Parameter kind: What goes before its message.
    static func print(_ finding: SourceFinding, as kind: String = "") {
        flushOutputIfItIsAFile()
        LogWriter.standardError.write("\(finding.place): \(kind)\(finding.message)\n")
        if let hint = finding.hint { LogWriter.standardError.write("  hint: \(hint)\n") }
    }
}
