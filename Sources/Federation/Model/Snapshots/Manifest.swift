public import LuaBridge

/// A remote's `mf-manifest.json`: what it is, where its entry is, what it exposes, shares and uses.
///
/// The schema is Module Federation's own. Fields that the engine does not need are kept in ``raw``.
public struct Manifest: Sendable {
    /// The manifest's id, usually the remote's name.
    public let id: String?
    /// The remote's name.
    public let name: String?
    /// Where and what the remote's entry is.
    public let metaData: MetaData
    /// What the remote shares.
    public let shared: [Shared]
    /// The remotes that the remote itself uses.
    public let remotes: [Remote]
    /// The modules that the remote exposes.
    public let exposes: [Expose]
    /// The manifest as it was read, with all its fields.
    public let raw: LuaValue

    /// What a manifest says about the remote as a whole.
    public struct MetaData: Sendable {
        /// The remote's name.
        public let name: String?
        /// The kind of build: `app`.
        public let type: String?
        /// The build's version.
        public let buildVersion: String?
        /// The build's name.
        public let buildName: String?
        /// The file that the remote is entered by.
        public let remoteEntry: Entry
        /// The same for servers, where a bundler made one.
        public let ssrRemoteEntry: Entry?
        /// Where the type declarations are.
        public let types: Types
        /// The global name of the container, for entries that have one.
        public let globalName: String?
        /// The version of the tool that wrote the manifest.
        public let pluginVersion: String?
        /// What the paths of all files begin with; `auto` stands for the manifest's own folder.
        public let publicPath: String?
        /// The same for servers.
        public let ssrPublicPath: String?
        /// The source of a JavaScript function that returns the public path, instead of it.
        public let getPublicPath: String?
    }

    /// A file, as folder, name and kind.
    public struct Entry: Sendable {
        /// The folder, below the public path.
        public let path: String
        /// The file's name; empty when the manifest names none.
        public let name: String
        /// The kind of entry: `global`, `module` …
        public let type: String?
    }

    /// The files of the type declarations.
    public struct Types: Sendable {
        /// The folder.
        public var path = ""
        /// The file's name.
        public var name = ""
        /// The archive.
        public var zip = ""
        /// The path of the API's type declarations.
        public var api = ""
    }

    /// A package that the remote shares.
    public struct Shared: Sendable {
        /// The package.
        public let name: String
        /// Its version.
        public let version: String?
        /// Its files.
        public let assets: Assets
        /// The exports that the remote uses.
        public let referenceExports: [String]
    }

    /// A remote that the remote itself uses.
    public struct Remote: Sendable {
        /// The name of its container.
        public let federationContainerName: String
        /// A second name.
        public let alias: String?
        /// Where its manifest or entry is.
        public let entry: String?
        /// Its version, where it is looked up by version.
        public let version: String?
    }

    /// A module that the remote exposes.
    public struct Expose: Sendable {
        /// The name without `./`.
        public let name: String
        /// The key, such as `./button`.
        public let path: String?
        /// Its files.
        public let assets: Assets
    }

    /// The files of an expose or a shared package.
    public struct Assets: Sendable {
        /// Code. In a Lua remote, Lua.
        public var js = AssetGroup()
        /// Files that are not executed.
        public var css = AssetGroup()
    }

    /// Files by when they are needed.
    public struct AssetGroup: Sendable {
        /// Needed at once.
        public var sync: [String] = []
        /// Needed later.
        public var async: [String] = []
    }
}

/// A manifest, and the URL that answered with it.
struct FetchedManifest: Sendable {
    let content: Manifest
    let url: String
}
