import EventLoops
import LuaBridge

/// What a host remembers of the versions of a plugin that are gone, to tell what is left of them.
struct FormerPlugin {
    /// One version.
    struct Version {
        let id: PluginID
        let scope: Lifetime?
        /// A table whose only key, the globals of the version, keeps nothing alive; nil: its code is a tenant's or no file.
        let globals: LuaTable?
        let files: Set<String>

        /// Whether its code is in memory, or something that it began goes on.
        var isLeft: Bool { scope?.hasTasks == true || isInMemory }

        /// Whether something holds its globals.
        var isInMemory: Bool { ((try? globals?.pairs().isEmpty) ?? true) == false }
    }

    private(set) var versions: [Version] = []
    /// The files that its versions were made of, also of those of which nothing is left.
    private(set) var files: Set<String> = []

    /// As many versions as are remembered before those are forgotten of which nothing is left.
    private static let most = 16

    mutating func add(_ version: Version) {
        if versions.count >= Self.most { versions.removeAll { !$0.isLeft } }
        versions.append(version)
        files.formUnion(version.files)
    }
}
