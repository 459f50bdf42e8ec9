import ArgumentParser
import Authoring
import Diagnostics
import EventLoops
import Fetch

/// `mflua publish DIST TARGET`: a build to where hosts load it from.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish a build to a folder or a server.",
        discussion: """
            Writes the immutable files first and the manifest last, and reads each back: hosts see the old version or the \
            new one. A version that exists with other contents is refused. A server takes the files by PUT; \
            MFLUA_PUBLISH_AUTHORIZATION is sent as its Authorization header.

            Examples:
              mflua publish dist /srv/www/checks
              mflua publish dist https://cdn.example/checks/
              mflua publish dist /srv/www/checks --dry-run    print what would change
            """)

    @Argument(help: ArgumentHelp("The folder that `mflua build` has written.", valueName: "dist"))
    var folder: String

    @Argument(help: "A folder, or an http or https URL.")
    var target: String

    @Flag(help: "Write nothing; print what would change.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        if let colon = target.firstRange(of: "://"),
            !["http", "https"].contains(target[..<colon.lowerBound].lowercased())
        {
            throw ValidationError("cannot publish to '\(target)': a target is a folder, or an http or https URL")
        }
    }

    func run() async throws {
        try log.apply()
        guard target.contains("://") else { return try await publish(to: FolderTarget(target)) }
        let loop = try EventLoop.start(name: "mflua.publish")
        defer { loop.stop() }
        let fetcher = CurlFetcher(loop: loop)
        defer { fetcher.close() }
        let authorization = Environment["MFLUA_PUBLISH_AUTHORIZATION"].map { [("Authorization", $0)] } ?? []
        try await publish(to: HTTPTarget(target, headers: authorization, fetcher: fetcher))
    }

    private func publish(to target: some PublishTarget) async throws {
        let publication = try Publication(folder, to: target)
        let plan = try await publication.plan()
        if !quiet || dryRun {
            for change in plan.changes { print(change) }
            if dryRun { for path in plan.writes { print("would write \(path)") } }
        }
        if dryRun { return }
        try await publication.publish(plan) { path in if !quiet { print("wrote \(path)") } }
        if !quiet { print(plan.writes.isEmpty ? "\(plan.title) is live already" : "published \(plan.title)") }
    }
}
