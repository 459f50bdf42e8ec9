import ArgumentParser
import Authoring
import Diagnostics
import LuaBridge

/// `mflua check`: what is wrong with the sources of a remote, a host or a plugin, and with a build.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look for faults in sources, configuration and build.",
        discussion: """
            Compiles each Lua file and looks for accidental globals, modules, shares and remotes that are missing, misspelt \
            hooks and options, waiting in synchronous hooks, and files of the last build that are missing or changed. \
            Nothing runs but the configuration. The exit code is 1 where there is a finding.

            Examples:
              mflua check                  check this folder
              mflua check checks --json    print a list for programs
              mflua check --annotations    print annotations for GitHub Actions
              mflua check dist             compare a manifest with the files beside it
            """)

    /// The forms of the answer.
    enum Form: String, EnumerableFlag {
        case json, annotations

        static func help(for value: Form) -> ArgumentHelp? {
            switch value {
            case .json: "Print a JSON list."
            case .annotations: "Print annotations for GitHub Actions."
            }
        }
    }

    @Argument(help: "The folder to check.")
    var folder = "."

    @Option(name: .shortAndLong, help: ArgumentHelp("The folder of the build, below the folder.", valueName: "dir"))
    var out = "dist"

    @Flag(exclusivity: .exclusive)
    var form: Form?

    func run() throws {
        let check = try ProjectCheck(folder, output: out)
        let findings = check.findings
        switch form {
        case .json: print(String(decoding: try JSON.encode(.array(findings.map(\.json)), pretty: true), as: UTF8.self))
        case .annotations: for finding in findings { print(finding.annotation(in: folder)) }
        case nil:
            for finding in findings { Terminal.print(finding) }
            if findings.isEmpty { print("\(check.files.files): no faults") }
        }
        guard findings.isEmpty else { throw MFError.checkFailed(findings.count) }
    }
}

extension SourceFinding {
    fileprivate var json: LuaValue {
        var fields: [(String, LuaValue)] = [("rule", .string(rule.rawValue)), ("file", .string(path))]
        if let line { fields.append(("line", .integer(Int64(line)))) }
        fields.append(("message", .string(message)))
        if let hint { fields.append(("hint", .string(hint))) }
        return .record(LuaRecord(fields))
    }

    /// A workflow command of GitHub Actions.
    fileprivate func annotation(in folder: String) -> String {
        func escaped(_ text: String, isProperty: Bool = false) -> String {
            var result = ""
            for character in text.unicodeScalars {
                switch character {
                case "%": result += "%25"
                case "\r": result += "%0D"
                case "\n": result += "%0A"
                case ":" where isProperty: result += "%3A"
                case "," where isProperty: result += "%2C"
                default: result.unicodeScalars.append(character)
                }
            }
            return result
        }
        let file = escaped(folder == "." ? path : "\(folder)/\(path)", isProperty: true)
        let text = escaped(message + (hint.map { " (\($0))" } ?? ""))
        return "::error file=\(file)\(line.map { ",line=\($0)" } ?? ""),title=mflua \(rule.rawValue)::\(text)"
    }
}

extension MFError {
    fileprivate static func checkFailed(_ count: Int) -> MFError {
        MFError(.checkFailed, count == 1 ? "1 fault" : "\(count) faults")
    }
}
