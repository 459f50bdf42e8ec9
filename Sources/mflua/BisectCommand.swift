import ArgumentParser
import Diagnostics
import Glibc
import Posix

/// `mflua bisect host.lua -- CMD`: which plugins of a host make a command fail.
struct BisectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bisect", abstract: "Find the plugins of a host that make a command fail.",
        usage: "mflua bisect [--pin <name>]... [--verbose] <script> -- <command> [arguments ...]",
        discussion: """
            Runs the command again and again with fewer plugins, and prints a smallest set with which it fails. The \
            command has to run the host script with mflua; it is good where it exits with 0. Plugins are left out by the \
            variable MFLUA_DISABLE.
            """)

    @Option(help: ArgumentHelp("A plugin that is never left out.", valueName: "name"))
    var pin: [String] = []

    @Flag(name: .shortAndLong, help: "Show what the command prints.")
    var verbose = false

    @Argument(help: "The host script whose plugins are tried.")
    var script: String

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        if command.isEmpty { throw ValidationError("Name the command behind '--'") }
    }

    func run() throws {
        _ = try Input.read(file: script)
        let list = try PluginList(of: script)
        defer { list.remove() }
        let trial = Trial(command: command, list: list, isVerbose: verbose)
        Terminal.note("bisect: with all plugins")
        guard try trial.isBad(without: []) else { throw MFError.goodWithAllPlugins }
        let plugins = try list.plugins()
        if plugins.isEmpty { throw MFError.noPluginsSeen(script) }
        let pinned = try pinned(among: plugins)
        let suspects = plugins.filter { plugin in !pinned.contains(plugin) }
        Terminal.note("bisect: with \(pinned.isEmpty ? "none of the \(plugins.count)" : "only the pinned ones")")
        if try trial.isBad(without: suspects) { throw MFError.badWithoutPlugins(hasPins: !pinned.isEmpty) }
        var search = CulpritSearch(of: suspects) { chosen in
            Terminal.note("bisect: with \(chosen.count) of \(suspects.count)")
            return try trial.isBad(without: suspects.filter { !chosen.contains($0) })
        }
        let culprits = try search.culprits().map(\.name)
        print(Self.verdict(culprits))
        print("\(search.runs + 2) runs")
    }

    /// What was found, in a line.
    static func verdict(_ culprits: [String]) -> String {
        switch culprits.count {
        case 1: culprits[0]
        case 2: "\(culprits[0]) with \(culprits[1]); each alone is good"
        default:
            "\(culprits.dropLast().joined(separator: ", ")) and \(culprits.last ?? ""); "
                + "without any one of them it is good"
        }
    }

    private func pinned(among plugins: [ListedName]) throws -> [ListedName] {
        let unknown = pin.filter { name in !plugins.contains { $0.isCalled(name) } }
        if !unknown.isEmpty { throw MFError.unknownPins(unknown, known: plugins.map(\.name)) }
        return plugins.filter { plugin in pin.contains(where: plugin.isCalled) }
    }
}

/// A plugin as a host script under `mflua bisect` has told of it.
struct ListedName: Hashable {
    /// What it is left out by: the path of its file, or its name.
    let key: String
    var name: String

    func isCalled(_ word: String) -> Bool { word == name || word == key }
}

/// The file in which runs of a host script tell of the plugins that it lists: a line each, the script, the key, the name.
struct PluginList {
    /// The variable that names the file.
    static let variable = "MFLUA_BISECT"
    private static let separator: Character = "\t"

    let path: String
    private let script: String

    init(of script: String) throws {
        self.script = Self.full(script)
        var template = Array(((Environment["TMPDIR"] ?? "/tmp") + "/mflua-bisect-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        guard descriptor >= 0 else { throw MFError.cannotWriteList(path, reason: .last) }
        close(descriptor)
    }

    func remove() { unlink(path) }

    /// The plugins that were told of, in the order of their list; each under its last name.
    func plugins() throws -> [ListedName] {
        var plugins: [ListedName] = []
        for line in try File.text(of: path).split(separator: "\n") {
            let parts = line.split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, parts[0] == script else { continue }
            if let index = plugins.firstIndex(where: { $0.key == parts[1] }) {
                plugins[index].name = parts[2]
            } else {
                plugins.append(ListedName(key: parts[1], name: parts[2]))
            }
        }
        return plugins
    }

    /// What tells of a plugin of a script, where the process runs under `mflua bisect`.
    static func teller(of script: String?) -> (@Sendable (_ key: String, _ name: String) -> Void)? {
        guard let path = Environment[variable], let script else { return nil }
        let full = full(script)
        return { key, name in
            let words = [full, key, name]
            // What would not be one line of the file cannot be left out.
            guard !words.contains(where: { $0.contains { "\n\t".contains($0) } }) else { return }
            let descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            Terminal.write(words.joined(separator: String(separator)) + "\n", to: descriptor)
            close(descriptor)
        }
    }

    private static func full(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// The command that is tried.
struct Trial {
    let command: [String]
    let list: PluginList
    let isVerbose: Bool

    /// Runs the command without some plugins.
    ///
    /// - Throws: ``MFError`` with `CLI-007` where it cannot be run.
    func isBad(without plugins: [ListedName]) throws -> Bool {
        let outside = Environment[PluginChoice.variable].map { [$0] } ?? []
        setenv(PluginChoice.variable, (outside + plugins.map { PluginChoice.listed($0.key) }).joined(separator: ","), 1)
        setenv(PluginList.variable, list.path, 1)
        defer {
            if let before = outside.first {
                setenv(PluginChoice.variable, before, 1)
            } else {
                unsetenv(PluginChoice.variable)
            }
        }
        let status = try wait(for: try start())
        let (signal, code) = (status & 0x7F, (status >> 8) & 0xFF)
        if signal == SIGINT || signal == SIGTERM { throw ExitCode(128 + signal) }
        if code == 126 || code == 127 { throw MFError.cannotTry(command[0], "it exited with \(code)") }
        return signal != 0 || code != 0
    }

    private func start() throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        if !isVerbose {
            for output in [STDOUT_FILENO, STDERR_FILENO] {
                posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
            }
        }
        // The thread that runs this takes no signals; the command does.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        fflush(nil)
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, command[0], &actions, &attributes, &words, environ)
        if failure != 0 { throw MFError.cannotTry(command[0], Errno(failure).description) }
        return process
    }

    private func wait(for process: pid_t) throws -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            if errno != EINTR { throw MFError.cannotTry(command[0], Errno.last.description) }
        }
        return status
    }
}
