import Diagnostics
import LuaBridge

extension LuaPlugin {
    /// The keys of a plugin's table that are read, besides the hooks.
    static let ownKeys =
        ["name", "version", "order", "filter", "store"] + PluginPlacement.keys.map(\.name)
        + functionsBesideHooks.sorted()

    /// What is probably a mistake in a plugin's table. Data under other keys is the author's, so these are no errors.
    ///
    /// - Returns: One line each, in the order of the keys.
    static func doubts(about entries: [String: LuaValue], plugin: String, hooks: [String]) -> [String] {
        var doubts: [String] = []
        if let version = entries["version"], version.stringValue == nil {
            doubts.append("`version` of plugin `\(plugin)` is a \(version.luaTypeName), not a string")
        }
        if let order = entries["order"], order.stringValue == nil {
            doubts.append(
                "`order` of plugin `\(plugin)` is a \(order.luaTypeName): it is ignored, set it to `pre` or `post`")
        }
        let read = Set(ownKeys + hooks)
        for (key, value) in entries.sorted(by: { $0.key < $1.key }) where !read.contains(key) {
            let isHook = (try? value.field("handler").isCallable) ?? false
            guard let meant = key.nearMiss(of: isHook ? hooks : ownKeys) else { continue }
            doubts.append("plugin `\(plugin)` has the key `\(key)`, which is not read: did you mean `\(meant)`?")
        }
        return doubts
    }
}

extension String {
    /// The name that this is a misspelling of; a name with something added is a name of its own.
    package func nearMiss(of names: [String]) -> String? {
        let limit = max(1, count / 3)
        return closestMatches(in: names, limit: limit, count: names.count).first { name in
            abs(name.count - count) <= limit && self != name + "s"
        }
    }
}
