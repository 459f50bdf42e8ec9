/// A build of a folder into another, as often as it is asked for.
package struct ProjectBuild: Sendable {
    /// The folder of the sources.
    package let folder: String
    /// The folder that is written.
    package let output: String
    /// What the URLs of all files begin with, instead of what the configuration says.
    package let publicPath: String?

    package init(folder: String, output: String, publicPath: String? = nil) {
        (self.folder, self.output, self.publicPath) = (folder, output, publicPath)
    }

    /// Builds the sources as they are now.
    ///
    /// - Parameter keepsPrevious: Whether the build that was current stays beside the new one.
    /// - Throws: ``SourcesInvalid``; ``MFError`` with `BUILD-001`, `BUILD-002`, `BUILD-004` or `BUILD-005`. The output is
    ///   then as it was.
    @discardableResult
    package func run(keepsPrevious: Bool = false) throws -> BuiltRemote {
        let project = try Project(folder: folder)
        let destination = try OutputFolder(output, of: project)
        let remote = try BuiltRemote(project, publicPath: publicPath)
        try destination.write(remote, keepsPrevious: keepsPrevious)
        return remote
    }
}
