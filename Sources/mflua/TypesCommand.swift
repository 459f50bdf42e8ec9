import ArgumentParser
import Authoring
import Diagnostics
import EventLoops
import Federation
import Fetch

/// `mflua types`: what the Lua language server needs to know of remotes, and of `mf`.
struct TypesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "types",
        abstract: "Get the types of remotes for the editor.",
        discussion: """
            Asks each remote that `module-federation.config.lua` or a call of `mf.init` in this folder names for its types, \
            and writes them into `.mflua/types`, where the settings that `mflua new` writes look for them. A remote without \
            types is an error.

            Examples:
              mflua types                                              the remotes that this folder names
              mflua types checks=http://127.0.0.1:3006/mf-manifest.json
              mflua types --library                                    the types of `mf` itself, too
              mflua types --check                                      fail if a file would change
            """)

    @Argument(help: ArgumentHelp("Remotes, instead of those that the folder names.", valueName: "name=url"))
    var remotes: [String] = []

    @Option(name: .customLong("in"), help: ArgumentHelp("The folder of the host.", valueName: "dir"))
    var folder = "."

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The folder to write; below the host's, .mflua/types.", valueName: "dir"))
    var out: String?

    @Flag(help: "Also write the types of `mf` itself.")
    var library = false

    @Flag(help: "Write nothing; fail if a file is missing or has changed.")
    var check = false

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    @OptionGroup var log: LogOptions

    func run() async throws {
        try log.apply()
        let output = out ?? (folder == "." ? ".mflua/types" : "\(folder)/.mflua/types")
        let wanted = try remotes.isEmpty ? TypedRemote.all(in: folder) : remotes.map(Self.remote)
        if wanted.isEmpty, !library { throw MFError.noRemotesForTypes(folder) }
        let loop = try EventLoop.start(name: "mflua.types")
        defer { loop.stop() }
        let fetcher = CurlFetcher(loop: loop)
        let types = await RemoteTypes(of: wanted, from: fetcher)
        fetcher.close()
        let files = types.files + (library ? [("mf.lua", Reference.stubs)] : [])
        let stale = files.filter { !RemoteTypes.isCurrent($0, in: output) }
        if check {
            for file in stale { Terminal.note("`\(output)/\(file.name)` is missing or has changed") }
        } else {
            try RemoteTypes.write(files, into: output)
            if !quiet { for file in files { print("wrote \(output)/\(file.name)") } }
        }
        for failure in types.failures.dropLast() { Terminal.report(failure) }
        if let last = types.failures.last { throw last }
        if check, !stale.isEmpty { throw MFError.typesChanged(stale.count) }
    }

    private static func remote(_ argument: String) throws -> TypedRemote {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else {
            throw ValidationError("'\(argument)' is not of the form name=url")
        }
        return TypedRemote(
            name: String(argument[..<equals]), manifest: String(argument[argument.index(after: equals)...]))
    }
}

extension MFError {
    fileprivate static func noRemotesForTypes(_ folder: String) -> MFError {
        MFError(
            .typesMissing, "no remotes in `\(folder)`",
            hint: "name them: `mflua types checks=http://127.0.0.1:3006/mf-manifest.json`")
    }

    fileprivate static func typesChanged(_ count: Int) -> MFError {
        MFError(
            .typesMissing, "types are not current: \(count == 1 ? "1 file" : "\(count) files")",
            hint: "run `mflua types`")
    }
}
