import ArgumentParser
import Diagnostics
import Federation

/// `mflua plugin …`: what the file of a plugin says about itself.
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Show what a plugin declares.", subcommands: [PluginHelpCommand.self])
}

/// `mflua plugin help FILE`: the options of a plugin, in one of four forms.
struct PluginHelpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "help", abstract: "Show the options that a plugin declares.",
        discussion: "Of the plugin nothing runs but its file.")

    /// The forms of the answer.
    enum Form: String, EnumerableFlag {
        case markdown, jsonSchema, stubs

        static func help(for value: Form) -> ArgumentHelp? {
            switch value {
            case .markdown: "A table of Markdown."
            case .jsonSchema: "JSON Schema, for forms and validators."
            case .stubs: "Classes for the Lua language server."
            }
        }
    }

    @Argument(help: "The plugin's file, or the module of one that comes with mflua, such as mf.plugins.retry.")
    var plugin: String

    @Flag(exclusivity: .exclusive)
    var form: Form?

    func run() async throws {
        let runtime = try Runtime()
        let result: Result<PluginDescription, any Error>
        do { result = .success(try await runtime.describe(plugin: plugin)) } catch { result = .failure(error) }
        await runtime.shutdown()
        let description = try result.get()
        switch form {
        case nil: print(description.text)
        case .markdown: print(description.markdown)
        case .jsonSchema: print(try description.jsonSchema())
        case .stubs: print(description.stubs, terminator: "")
        }
    }
}
