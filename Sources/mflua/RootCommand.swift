import ArgumentParser
import Diagnostics
import EventLoops
import Federation
import Glibc

/// The command: `mflua host.lua`, and the subcommands beside it.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mflua",
        abstract: "Module Federation for Lua: run host scripts that load other teams' modules at run time.",
        usage: """
            mflua [options] [script [arguments ...]]
            mflua <subcommand>
            """,
        discussion: """
            `mflua host.lua` runs a script to its end and as long as it has work left. Without a script and on a \
            terminal it reads and evaluates lines. `mflua help exit-codes` lists the exit codes.
            """,
        version: BuildInfo.text,
        subcommands: [
            RunCommand.self, NewCommand.self, BuildCommand.self, CheckCommand.self, TypesCommand.self,
            PublishCommand.self, ServeCommand.self,
            ExplainCommand.self, PluginCommand.self,
            BisectCommand.self,
            DoctorCommand.self,
            TestCommand.self, GenerateCommand.self,
        ],
        defaultSubcommand: RunCommand.self)

    /// Does what the arguments ask for, and ends the process.
    static func perform() async {
        do {
            let arguments = Array(ProcessArguments.all.dropFirst())
            if let help = Help.text(for: arguments) {
                print(help)
                Terminal.leave(0)
            }
            if let invocation = scriptAlone(in: arguments) {
                try LogSettings.apply()
                try await ScriptRun(invocation: invocation).run()
            } else {
                var command = try parseAsRoot(JoinedOptions.split(arguments))
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            }
        } catch  where Signals.exitCode != nil {
            Signals.leave(1)
        } catch let error as MFError {
            Terminal.report(error)
            // As the table of `mflua help run` says.
            Signals.leave(error.code == .nothingLeft ? 13 : 1)
        } catch {
            exit(withError: error)
        }
        Signals.leave(0)
    }
}

extension RootCommand {
    /// `script [arguments]`, which needs no parser: parsing takes more than half of the instructions of a start (11 of
    /// 20 million). Nil for options and the names of commands.
    private static func scriptAlone(in arguments: [String]) -> Invocation? {
        guard let word = arguments.first, !word.hasPrefix("-"), word != "help",
            !configuration.subcommands.contains(where: { $0.configuration.commandName == word })
        else { return nil }
        return Invocation(script: word, arguments: Array(arguments.dropFirst()))
    }
}

/// Help that ArgumentParser does not make by itself.
enum Help {
    /// What is asked for by `mflua --help`, `-h` and `help`: the commands, and the options of `run`, which needs no name;
    /// by `mflua help exit-codes`: that table. Nil for other words.
    static func text(for arguments: [String]) -> String? {
        switch arguments {
        case ["--help"], ["-h"], ["help"]:
            RootCommand.helpMessage() + "\n" + options(of: RunCommand.helpMessage())
        case ["help", ExitCodes.topic]: ExitCodes.text
        default: nil
        }
    }

    /// The part of a help text that lists options, under a title of its own.
    private static func options(of help: String) -> String {
        guard let start = help.firstRange(of: "OPTIONS:") else { return "" }
        return "OPTIONS BEFORE A SCRIPT:" + help[start.upperBound...]
    }
}

/// The version of the command, and of the Lua inside.
enum BuildInfo {
    static let text = "mflua \(LibraryInfo.version)  Lua 5.4"
}

/// `-e"code"` and `-lname`, as `lua` takes them, in the form that ArgumentParser takes.
enum JoinedOptions {
    /// Splits them up to the first argument that is not an option: what follows belongs to the script.
    static func split(_ arguments: [String]) -> [String] {
        var result: [String] = []
        var rest = arguments[...]
        if rest.first == RunCommand.name { result.append(rest.removeFirst()) }
        while let argument = rest.first, argument.hasPrefix("-"), argument != "-", argument != "--" {
            rest.removeFirst()
            let letter = argument.prefix(2)
            guard letter == "-e" || letter == "-l" else {
                result.append(argument)
                if argument == "--log-level" || argument == "--log-format", let value = rest.popFirst() {
                    result.append(value)
                }
                continue
            }
            result.append(String(letter))
            if argument.utf8.count > 2 {
                result.append(String(argument.dropFirst(2)))
            } else if let value = rest.popFirst() {
                result.append(value)
            }
        }
        return result + rest
    }
}
