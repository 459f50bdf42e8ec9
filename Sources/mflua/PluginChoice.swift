import Federation
import Logging

/// Which plugins are attached, as the command line and the environment say.
struct PluginChoice: Sendable {
    /// The variable that lists plugins that are left out.
    static let variable = "MFLUA_DISABLE"

    let isSafe: Bool
    private let disabled: [String]

    init(safely isSafe: Bool) {
        self.isSafe = isSafe
        disabled = (Environment[Self.variable] ?? "").split(separator: ",").map { name in
            String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
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
