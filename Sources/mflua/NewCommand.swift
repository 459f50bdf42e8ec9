import ArgumentParser
import Authoring

/// `mflua new remote|host|plugin NAME`: a project that builds and runs as it is.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a remote, a host or a plugin.",
        discussion: """
            Writes sources, a test, and the settings of the Lua language server, luacheck and git into a new folder.

            Examples:
              mflua new remote checks     a remote: build it with `mflua build checks`
              mflua new host agent        a host: run it with `mflua agent/host.lua`
              mflua new plugin audit      a plugin, and a host to try it
            """)

    @Argument(help: "What to make: remote, host or plugin.")
    var kind: ProjectTemplate.Kind

    @Argument(help: "Its name, which becomes the folder's.")
    var name: String

    @Option(name: .customLong("in"), help: ArgumentHelp("The folder to make it in.", valueName: "dir"))
    var parent = "."

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    func run() throws {
        let template = try ProjectTemplate(kind, name: name)
        let folder = try template.write(in: parent)
        guard !quiet else { return }
        for file in template.files { print("wrote \(folder)/\(file.path)") }
        switch kind {
        case .remote: print("\nnext: cd \(folder) && mflua test && mflua build && mflua serve dist")
        case .host: print("\nnext: cd \(folder) && mflua test && mflua host.lua")
        case .plugin: print("\nnext: cd \(folder) && mflua test && mflua host.lua")
        }
    }
}

extension ProjectTemplate.Kind: ExpressibleByArgument {}
