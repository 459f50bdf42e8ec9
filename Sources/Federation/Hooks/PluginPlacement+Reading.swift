import Diagnostics
import LuaBridge

extension PluginPlacement {
    /// Reads what has been checked.
    init(_ value: (String) throws -> LuaValue) rethrows {
        self.init(
            order: try value("order").stringValue.flatMap(Order.init),
            before: try value("before").names, after: try value("after").names,
            requires: try value("requires").ranges)
    }

    /// The keys of a placement that are of a plugin and of its entry, besides `order`, with their types.
    static let keys: [(name: String, type: OptionType, summary: String)] = [
        ("before", .pluginNames, "Names of plugins that are called later."),
        ("after", .pluginNames, "Names of plugins that are called earlier."),
        (
            "requires", .requirements,
            "Ranges of versions by the name of a plugin that has to be attached, and is called earlier; `name?` need not be. `mflua` stands for mflua itself."
        ),
    ]

    /// What is wrong with the `order` of a plugin's table, where what is no text is the author's own.
    static func problem(withOrder value: LuaValue?, plugin: String, source: String?) -> MFError? {
        guard let order = value?.stringValue, Order(rawValue: order) == nil else { return nil }
        return MFError(
            .pluginInvalid, "`order` of plugin `\(plugin)` is `\(order)`",
            context: [("plugin", plugin), ("file", source)], hint: "set it to `pre` or `post`, or omit it")
    }

    /// What is wrong with the keys of a plugin.
    static func problems(with value: (String) throws -> LuaValue?) throws -> [(key: String, problem: OptionProblem)] {
        var problems: [(key: String, problem: OptionProblem)] = []
        for (name, type, _) in keys {
            guard let given = try value(name), !given.isNil else { continue }
            var checker = OptionChecker(path: name)
            try type.check(given, &checker)
            problems += checker.problems.map { (name, $0) }
        }
        return problems
    }
}

extension OptionType {
    /// A list of names of plugins.
    static let pluginNames = list(of: .name, "a list of names")

    /// Ranges of versions by plugin.
    static let requirements = OptionType("table<string, string>", "a table of version ranges by plugin") {
        value, checker in
        try map(of: .string, "a table of version ranges by plugin").check(value, &checker)
        let ranges = PluginPlacement { $0 == "requires" ? value : .nil }.requires ?? [:]
        for (name, text) in ranges.sorted(by: { $0.key < $1.key }) where !PluginRequirement.isOne(name, range: text) {
            try checker.inside(.name(name)) {
                $0.note("is `\(text)`, which is no version range", hint: "write a range such as `^2` or `>=1.2 <3`")
            }
        }
    }
}

extension LuaValue {
    fileprivate var names: [String]? { isTable ? ((try? luaElements()) ?? nil)?.compactMap(\.stringValue) : nil }

    fileprivate var ranges: [String: String]? {
        guard isTable, let entries = try? luaEntries() else { return nil }
        return Dictionary(
            entries.compactMap { key, range in
                guard case .string(let name) = key, let range = range.stringValue else { return nil }
                return (name, range)
            }
        ) { $1 }
    }
}
