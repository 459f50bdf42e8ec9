import Diagnostics
import Posix

extension MFError {
    /// The command does not fail.
    static var goodWithAllPlugins: MFError {
        MFError(
            .nothingToBisect, "the command is good with all plugins", hint: "bisect looks for what makes a command fail"
        )
    }

    /// The command fails whatever is left out.
    static func badWithoutPlugins(hasPins: Bool) -> MFError {
        MFError(
            .nothingToBisect,
            hasPins
                ? "the command is bad with the pinned plugins alone"
                : "the command is bad with none of the plugins: they are not its cause",
            hint: hasPins
                ? "pin fewer plugins" : "run the command with `MFLUA_DISABLE` set, and `--verbose`, to see why")
    }

    /// The command has not run the script, or the script has no plugins.
    static func noPluginsSeen(_ script: String) -> MFError {
        MFError(
            .nothingToBisect, "the command has attached no plugins of `\(script)`",
            hint: "it has to run `\(script)` with mflua, and that has to list plugins")
    }

    /// Names to pin that no plugin has.
    static func unknownPins(_ names: [String], known: [String]) -> MFError {
        let near = names.map { name in
            "`\(name)`" + (name.closestMatch(in: known).map { " (did you mean `\($0)`?)" } ?? "")
        }
        return MFError(
            .nothingToBisect, "`--pin` names no plugin of the script: \(near.joined(separator: ", "))",
            hint: "it lists \(known.map { "`\($0)`" }.joined(separator: ", "))")
    }

    /// The command cannot be run.
    static func cannotTry(_ command: String, _ reason: String) -> MFError {
        MFError(
            .nothingToBisect, "cannot run `\(command)`", context: [("reason", reason)],
            hint: "name a program behind `--`, with its path unless it is on PATH")
    }

    static func cannotWriteList(_ path: String, reason: Errno) -> MFError {
        MFError(.cannotWrite, "cannot write `\(path)`: \(reason)", hint: "set TMPDIR to a folder that can be written")
    }
}
