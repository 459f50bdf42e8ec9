import ArgumentParser
import Diagnostics

/// `mflua [run] [options] [script [arguments]]`: what `lua` does, with the federation inside.
struct RunCommand: AsyncParsableCommand {
    static let name = "run"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Run a host script (the default).",
        usage: "mflua [run] [options] [script [arguments ...]]",
        discussion: """
            Options before the script belong to mflua, everything after it to the script, which finds it in `arg` and \
            `...`. The script `-` is standard input. The command ends when the script has ended and no timer, task \
            or watch is left. Its exit code is 0, 1 after an error (a spawned task's, too), 13 where the script waits and \
            nothing is left that could end the wait, or the argument of os.exit; `mflua help exit-codes` lists \
            all of them.
            """)

    @Option(
        name: .short, parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Evaluate Lua code before the script.", valueName: "code"),
        transform: Step.code)
    var evaluate: [Step] = []

    @Option(
        name: .short, parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Require a module before the script and assign it to the global of its name (`-l g=name`: to g).",
            valueName: "module"),
        transform: Step.module)
    var library: [Step] = []

    @Flag(name: [.customShort("i")], help: "Read and evaluate lines interactively after the script.")
    var interactive = false

    @Flag(help: "Watch plugin files and reload them when they change; keeps running until Ctrl-C.")
    var watch = false

    @Flag(help: "Attach only plugins whose entry says `required = true`.")
    var safe = false

    @Flag(name: [.customShort("v")], help: "Print the version.")
    var printsVersion = false

    @Flag(name: [.customShort("E")], help: "Ignore LUA_INIT, LUA_PATH and LUA_CPATH.")
    var ignoresEnvironment = false

    @Flag(name: [.customShort("W")], help: "Turn warnings on: `warn` writes to standard error.")
    var showsWarnings = false

    @OptionGroup var log: LogOptions

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("The script, `-` for standard input, and its arguments.", valueName: "script"))
    var rest: [String] = []

    /// The script and what is its, once the parser's leftovers are sorted out.
    private func invocation() throws -> Invocation {
        var words = rest[...]
        if words.first == "--" {
            words.removeFirst()
        } else if let word = words.first, word.hasPrefix("-"), word != "-" {
            if word == "-h" || word == "--help" { throw CleanExit.helpRequest(RunCommand.self) }
            if word == "--version" { throw CleanExit.message(BuildInfo.text) }
            let meant = word.closestMatch(in: [
                "--watch", "--safe", "--version", "--help", "--log-level", "--log-format",
            ])
            throw ValidationError("Unknown option '\(word)'" + (meant.map { ". Did you mean '\($0)'?" } ?? ""))
        }
        return Invocation(script: words.first, arguments: Array(words.dropFirst()))
    }

    func run() async throws {
        let invocation = try invocation()
        try log.apply()
        try await ScriptRun(
            invocation: invocation, steps: (evaluate + library).sorted { $0.position < $1.position },
            isInteractive: interactive, watches: watch, isSafe: safe, printsVersion: printsVersion,
            ignoresEnvironment: ignoresEnvironment, showsWarnings: showsWarnings
        ).run()
    }
}
