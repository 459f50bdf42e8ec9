/// What a ``FileWatcher`` saw happen to one of its files.
package struct FileChange: Sendable, Hashable {
    /// The three things worth telling about a file.
    package enum Kind: Sendable, Hashable {
        /// The file's content is another than it was.
        case changed
        /// The file is gone, or cannot be read any more.
        case deleted
        /// A file that was missing is there, whole.
        case appeared
    }

    /// The path as it was given to ``FileWatcher/add(_:)``.
    package let path: String

    /// What happened.
    package let kind: Kind

    /// Describes a change.
    ///
    /// - Parameters:
    ///   - path: The path as it is watched.
    ///   - kind: What happened to it.
    package init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}
