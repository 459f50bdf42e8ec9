import Semver

/// What is said of a plugin's place among the plugins of a host: by its author, or by its owner where it is listed.
///
/// What the owner says of `order`, `before`, `after` or `requires` replaces what the author says of the same.
///
/// ```swift
/// let rate = Plugin("rate-plugin", version: "1.3.0").placed(PluginPlacement(requires: ["auth-plugin": "^2"]))
/// HostOptions(name: "agent", plugins: [.swift(rate), .file("plugins/auth.lua").placed(PluginPlacement(order: .pre))])
/// ```
public struct PluginPlacement: Sendable, Equatable {
    /// A place relative to the plugins that say nothing.
    public enum Order: String, Sendable, CaseIterable {
        /// Before them.
        case pre
        /// After them.
        case post
    }

    /// The place relative to the plugins that say nothing; nil: as listed.
    public var order: Order?
    /// Names of plugins that are called later. One that is not attached counts once it is.
    public var before: [String]?
    /// Names of plugins that are called earlier. One that is not attached counts once it is.
    public var after: [String]?
    /// Ranges of versions by the name of a plugin that has to be attached, and is called earlier. A name with a `?` at its
    /// end need not be attached. `mflua` stands for mflua itself.
    public var requires: [String: String]?

    /// Makes a placement; as it stands, that of a plugin about which nothing is said.
    public init(
        order: Order? = nil, before: [String]? = nil, after: [String]? = nil, requires: [String: String]? = nil
    ) {
        (self.order, self.before, self.after, self.requires) = (order, before, after, requires)
    }

    /// Whether nothing is said.
    var isEmpty: Bool { self == PluginPlacement() }

    /// What is required, sorted by name.
    var requirements: [PluginRequirement] {
        (requires ?? [:]).sorted { $0.key < $1.key }.map { PluginRequirement($0.key, range: $0.value) }
    }

    /// What the owner says, and for the rest this.
    func overridden(by owner: PluginPlacement) -> PluginPlacement {
        PluginPlacement(
            order: owner.order ?? order, before: owner.before ?? before, after: owner.after ?? after,
            requires: owner.requires ?? requires)
    }
}

/// One entry of `requires`.
struct PluginRequirement: Sendable, Equatable {
    /// The name that stands for mflua itself.
    static let mflua = "mflua"

    /// The plugin.
    let name: String
    /// The versions, as they are written.
    let range: String
    /// Whether the plugin is called earlier if it is attached, and need not be.
    let isOptional: Bool

    init(_ key: String, range: String) {
        isOptional = key.hasSuffix("?")
        name = isOptional ? String(key.dropLast()) : key
        self.range = range
    }

    /// Whether a version will do. Any range but `*` asks for a version.
    func isSatisfied(by version: String?) -> Bool {
        guard let version else { return ["", "*"].contains(range) }
        return VersionRange.satisfies(version, range)
    }

    /// Whether it names a plugin or mflua, and a range of versions.
    static func isOne(_ key: String, range: String) -> Bool {
        !PluginRequirement(key, range: range).name.isEmpty && VersionRange(range) != nil
    }
}
