import Diagnostics
import LuaBridge

extension LuaPlugin {
    /// Holds `requires.mflua` against this version before anything else of a plugin: what is wrong with one that is written
    /// for another version follows from that.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-022`.
    static func expectVersion(
        _ entries: [String: LuaValue], source: PluginSource?, entry: PluginPlacement?
    ) throws {
        guard entry?.requires == nil else { return }
        let requirements = PluginPlacement { entries[$0] ?? .nil }.requirements
        guard let unmet = requirements.first(where: { $0.isOfMFLua && $0.isUnmetByMFLua }) else { return }
        let name = entries["name"]?.stringValue ?? "a plugin"
        throw MFError.unmet(
            [unmet.ofMFLua(name, version: entries["version"]?.stringValue, from: source?.path)], plugin: name)
    }
}

extension PluginRequirement {
    /// Whether it is about mflua itself.
    var isOfMFLua: Bool { name == Self.mflua && !isOptional }

    /// Whether this version of mflua will not do; what is no range is told of as that.
    var isUnmetByMFLua: Bool { Self.isOne(name, range: range) && !isSatisfied(by: LibraryInfo.version) }

    /// The sentence about a plugin that needs another version of mflua.
    func ofMFLua(_ plugin: String, version: String?, from place: String?) -> String {
        "\(Self.subject(plugin, version: version, from: place)) needs mflua \(range); this is mflua \(LibraryInfo.version)"
    }

    /// `slack-plugin 2.1.0 (plugins/slack.lua)`.
    static func subject(_ plugin: String, version: String?, from place: String?) -> String {
        plugin + (version.map { " \($0)" } ?? "") + (place.map { " (\($0))" } ?? "")
    }
}

extension MFError {
    /// Plugins whose requirements are not met, one sentence each.
    static func unmet(_ sentences: [String], plugin: String) -> MFError {
        MFError(
            .unmetRequirement, sentences.joined(separator: "; "), context: [("plugin", plugin)],
            hint: "attach what is needed in a version of the range, or say `requires` in the plugin's entry, which wins"
        )
    }
}
