import Federation
import Logging

/// Which plugins are attached, as the command line and the environment say.
struct PluginChoice: Sendable {
    /// The variable that lists plugins that are left out, with commas between them. A backslash has a comma, a space or a
    /// backslash after it be part of a name.
    static let variable = "MFLUA_DISABLE"

    let isSafe: Bool
    private let disabled: [String]

    init(safely isSafe: Bool) {
        self.isSafe = isSafe
        disabled = Self.names(in: Environment[Self.variable] ?? "")
    }

    /// The names that a value of the variable lists.
    static func names(in list: String) -> [String] {
        var names: [[(character: Character, isQuoted: Bool)]] = [[]]
        var isQuoted = false
        for character in list {
            if isQuoted || !"\\,".contains(character) {
                names[names.count - 1].append((character, isQuoted))
                isQuoted = false
            } else if character == "," {
                names.append([])
            } else {
                isQuoted = true
            }
        }
        return names.map { name in
            let isBlank = { (part: (character: Character, isQuoted: Bool)) in part.character == " " && !part.isQuoted }
            return String(name.drop(while: isBlank).reversed().drop(while: isBlank).reversed().map(\.character))
        }.filter { !$0.isEmpty }
    }

    /// A name as a value of the variable lists it.
    static func listed(_ name: String) -> String {
        name.reduce(into: "") { text, character in
            if "\\, ".contains(character) { text.append("\\") }
            text.append(character)
        }
    }

    /// Has a runtime's hosts follow it.
    ///
    /// - Parameter script: The host script.
    func apply(to configuration: inout RuntimeConfiguration, script: String?) {
        configuration.disabledPlugins = disabled
        configuration.attachesOnlyRequiredPlugins = isSafe
        configuration.onListedPlugin = PluginList.teller(of: script)
    }

    /// Says which names the script has not listed. `mflua bisect` names only what was listed, by some script.
    func tellOfUnknownNames(_ runtime: Runtime) async {
        guard !disabled.isEmpty, Environment[PluginList.variable] == nil else { return }
        for (name, near) in (try? await runtime.unknownDisabledPlugins()) ?? [] {
            let meant = near.map { " (did you mean `\($0)`?)" } ?? ""
            Terminal.note("\(Self.variable) names `\(name)`, which no host lists\(meant)", level: .warning)
        }
    }
}
