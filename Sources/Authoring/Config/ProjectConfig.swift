/// What `module-federation.config.lua` says about a remote.
package struct ProjectConfig: Sendable {
    /// The name of the file.
    package static let fileName = "module-federation.config.lua"
    /// The name of the entry that a build writes.
    static let entryName = "remoteEntry.lua"

    /// A module that the remote exposes.
    package struct Expose: Sendable {
        /// The key, such as `./disk`.
        package let key: String
        /// The file, relative to the project's folder.
        package let file: String

        /// The key without `./`.
        package var name: String { key.hasPrefix("./") ? String(key.dropFirst(2)) : key }
    }

    /// A module that the remote shares with others.
    package struct Shared: Sendable {
        /// The package.
        package let name: String
        /// The version that the remote brings along.
        package let version: String?
        /// What the remote accepts; `*` for any version.
        package let requiredVersion: String
        package let isSingleton: Bool
        package let isStrict: Bool
        package let isEager: Bool
        /// The file that the remote brings along, relative to the project's folder; nil where it relies on others.
        package let file: String?
    }

    /// A remote that the remote itself uses.
    package struct Remote: Sendable {
        /// What its modules are asked for by.
        package let alias: String
        /// The name of its container.
        package let name: String
        /// Where its manifest is.
        package let entry: String
    }

    package let name: String
    package let version: String
    /// Sorted by key.
    package let exposes: [Expose]
    /// Sorted by name.
    package let shared: [Shared]
    /// Sorted by alias.
    package let remotes: [Remote]
    /// Patterns of files that only computed names reach.
    package let include: [String]
    /// Modules that the host provides.
    package let external: [String]
    /// Whether types are written.
    package let writesTypes: Bool
    /// What the URLs of all files begin with; nil: they are relative to the manifest.
    package let publicPath: String?
}

/// A remote's sources: a folder with a configuration.
package struct Project: Sendable {
    /// The folder.
    package let folder: String
    package let config: ProjectConfig

    /// Reads the configuration of a folder.
    ///
    /// - Throws: ``MFError`` with `BUILD-001` where there is none, `BUILD-002` where it is wrong.
    package init(folder: String) throws {
        self.folder = folder
        config = try ConfigReader.read(folder + "/" + ProjectConfig.fileName)
    }

    /// The path of a file of the project.
    package func location(_ path: String) -> String { "\(folder)/\(path)" }
}
